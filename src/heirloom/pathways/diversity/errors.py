"""What the diversity methods refuse, and what to do about it."""

from __future__ import annotations

from heirloom.errors import gettext_noop
from heirloom.pathways.errors import MethodRefused


class TableUnreadable(MethodRefused):
    code = "diversity.table-unreadable"
    message = gettext_noop("Line {line} of {name} cannot be read.")


class NotJsonObject(TableUnreadable):
    code = "diversity.not-json-object"
    message = gettext_noop("Line {line} of {name} is not a JSON object.")


class ColumnTwice(TableUnreadable):
    code = "diversity.column-twice"
    message = gettext_noop("{name} has two columns called {column}.")


class TooManyCells(TableUnreadable):
    code = "diversity.too-many-cells"
    message = gettext_noop("Line {line} of {name} has more cells than the heading has columns.")


class BadQuoting(TableUnreadable):
    code = "diversity.bad-quoting"
    message = gettext_noop(
        "Line {line} of {name} has a quotation mark out of place or a cell that is too long."
    )


class NotUtf8(MethodRefused):
    code = "diversity.not-utf8"
    message = gettext_noop("{name} is not UTF-8 text. Save it as CSV UTF-8, then try again.")


class NoRecords(MethodRefused):
    code = "diversity.no-records"
    message = gettext_noop("{name} holds no records.")


class NoColumn(MethodRefused):
    code = "diversity.no-column"
    message = gettext_noop("{name} has no column called {column}. It has: {columns}.")


class NoFacet(MethodRefused):
    code = "diversity.no-facet"
    message = gettext_noop("{name} has none of the columns {columns}. Name the columns to count.")


class CrossNeedsTwo(MethodRefused):
    code = "diversity.cross-needs-two"
    message = gettext_noop("To see which combinations are empty, name two columns.")


class TooManyValues(MethodRefused):
    code = "diversity.too-many-values"
    message = gettext_noop(
        "The column {column} has more than {maximum} different values; it names records, not groups."
    )


class ReferenceUnusable(MethodRefused):
    code = "diversity.reference-unusable"
    message = gettext_noop("The reference list {name} has none of the columns {columns}.")
