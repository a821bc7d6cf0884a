"""The WSGI application that a server runs: pictures that everybody may see, and behind them Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heirloom.settings")
_django = get_wsgi_application()

from heirloom.web.exchange.images import PublicImages  # noqa: E402  tables exist only once Django is set up

application = PublicImages(_django)
