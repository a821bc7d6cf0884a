"""What the condition methods refuse, and what to do about it."""

from __future__ import annotations

from heirloom.errors import gettext_noop
from heirloom.pathways.errors import MethodRefused


class LightsUnreadable(MethodRefused):
    code = "condition.lights-unreadable"
    message = gettext_noop("Line {line} of the light file {name} cannot be read.")


class PhotoUnreadable(MethodRefused):
    code = "condition.photo-unreadable"
    message = gettext_noop(
        "The picture {name} cannot be read. Use JPEG, PNG or TIFF; export raw photos as 16-bit TIFF."
    )


class PhotoMissing(MethodRefused):
    code = "condition.photo-missing"
    message = gettext_noop("The light file names {name}, but that photo was not given.")


class SizesDiffer(MethodRefused):
    code = "condition.sizes-differ"
    message = gettext_noop("{name} does not have the size of the other pictures.")


class TooFewLights(MethodRefused):
    code = "condition.too-few-lights"
    message = gettext_noop(
        "There are {given} usable photos from different light directions; at least {minimum} are needed, from all sides."
    )


class NotRegistered(MethodRefused):
    """The two epochs could not be laid on each other with certainty."""

    code = "condition.not-registered"
    message = gettext_noop(
        "The two epochs cannot be laid on each other safely: too few places agree. Photograph the same area again, from the"
        " same place."
    )


class EpochIncomplete(MethodRefused):
    code = "condition.epoch-incomplete"
    message = gettext_noop(
        "An epoch needs normals.png, albedo.png and unseen.png as the method Relight made them."
    )


class NotNormals(MethodRefused):
    code = "condition.not-normals"
    message = gettext_noop("{name} is not a picture of normals with 16 bits, as the method Relight makes it.")


class BoardIncomplete(MethodRefused):
    code = "condition.board-incomplete"
    message = gettext_noop(
        "There are {given} photos of the white board, but {wanted} lights. Each light needs one."
    )


class BallNotFound(MethodRefused):
    code = "condition.ball-not-found"
    message = gettext_noop(
        "No shining black ball was found. Its whole outline must be in the picture on a lighter ground, and it must mirror the light in"
        " most photos. Give its place, or an .lp file."
    )


class BallPlace(MethodRefused):
    code = "condition.ball-place"
    message = gettext_noop(
        "“{place}” is not the place of a ball. Write x and y in pixels from the upper left, and the radius if you know it; a semicolon"
        " between balls."
    )


class NotReadings(MethodRefused):
    code = "condition.not-readings"
    message = gettext_noop(
        "{name} holds no usable readings. It must be a CSV file in UTF-8 or an XLSX file with one head, one row a reading, and times such as 2026-05-31 14:05."
    )


class NoColumn(MethodRefused):
    code = "condition.no-column"
    message = gettext_noop("{name} has no column “{column}”. Its columns are: {columns}.")
