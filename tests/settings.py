"""The installation that tests run in: its own data folder, cheap password hashes, mail in memory."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="heirloom-tests-")
_owner = os.getpid()
atexit.register(lambda: shutil.rmtree(_folder, ignore_errors=True) if os.getpid() == _owner else None)
os.environ["HEIRLOOM_DATA"] = _folder
os.environ["HEIRLOOM_SECRET_KEY"] = "tests-only-" + "0" * 50

from heirloom.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
