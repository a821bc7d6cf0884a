"""Gathers the tables of all parts into the one Django app."""

from heirloom.calls import models as calls
from heirloom.cases import models as cases
from heirloom.catalogue import models as catalogue
from heirloom.people import models as people
from heirloom.sites import models as sites

__all__ = ["calls", "cases", "catalogue", "people", "sites"]
