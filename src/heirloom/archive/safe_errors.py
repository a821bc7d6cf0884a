"""Why a file that somebody sent is refused: one small class, with a stable code, for each reason."""

from __future__ import annotations

from heirloom.errors import HeirloomError, gettext_noop


class Refused(HeirloomError):
    """Base of every reason for which intake refuses a file."""

    code = "intake.refused"
    message = gettext_noop("This file cannot be accepted.")
    kept = gettext_noop("Nothing was stored.")
    status = 422


class EmptyFile(Refused):
    """The file has no bytes."""

    code = "intake.empty"
    message = gettext_noop("This file is empty.")


class FileTooLarge(Refused):
    """More bytes than the policy allows."""

    code = "intake.too-large"
    message = gettext_noop("This file is too large: {size} bytes, the limit is {limit}.")
    status = 413


class NotRegularFile(Refused):
    """A link, a folder, a device: not a plain file."""

    code = "intake.not-a-file"
    message = gettext_noop("This is not a plain file.")


class UnknownType(Refused):
    """The content is of no kind that is known here."""

    code = "intake.unknown-type"
    message = gettext_noop("It is not clear from its content what kind of file this is.")
    status = 415


class TypeNotAllowed(Refused):
    """The kind is known, but not wanted here."""

    code = "intake.type-not-allowed"
    message = gettext_noop("Files of the kind {media_type} are not accepted here.")
    status = 415


class Executable(Refused):
    """A program, a library or a script."""

    code = "intake.executable"
    message = gettext_noop("This file is a program. Programs are not accepted.")
    status = 415


class Polyglot(Refused):
    """One file that different programs read as different kinds."""

    code = "intake.polyglot"
    message = gettext_noop("This file can be read as two kinds at once: {first} and {second}.")


class BrokenFile(Refused):
    """The structure of the file is not what its kind demands."""

    code = "intake.broken"
    message = gettext_noop("This {media_type} file is damaged: {detail}.")


class TooManyPixels(Refused):
    """The header announces more pixels than the policy allows."""

    code = "intake.too-many-pixels"
    message = gettext_noop(
        "This image has {width} x {height} pixels in {frames} pictures; the limit is {limit}."
    )


class BadProportions(Refused):
    """Far longer than wide."""

    code = "intake.bad-proportions"
    message = gettext_noop(
        "This image is {width} x {height} pixels: one side is more than {limit} times the other."
    )


class TooManyFrames(Refused):
    """More pictures in one file than the policy allows."""

    code = "intake.too-many-frames"
    message = gettext_noop("This image holds too many pictures: the limit is {limit}.")


class ImageBomb(Refused):
    """Decodes to far more than its size can honestly hold."""

    code = "intake.image-bomb"
    message = gettext_noop("This image would grow {ratio} times when opened; the limit is {limit}.")


class Undecodable(Refused):
    """The image library could not read all of it."""

    code = "intake.undecodable"
    message = gettext_noop("This image cannot be read to its end: {detail}.")


class DecodeLimit(Refused):
    """Reading the image took more time or memory than is allowed."""

    code = "intake.decode-limit"
    message = gettext_noop("Reading this image took too much time or memory.")


class ZipDamaged(Refused):
    """The archive's structure is not sound."""

    code = "intake.zip-damaged"
    message = gettext_noop("This zip file is damaged: {detail}.")


class ZipName(Refused):
    """An entry's name could lead outside of the folder it is unpacked in."""

    code = "intake.zip-name"
    message = gettext_noop("This zip file holds an entry with an unsafe name: {name}.")


class ZipNameEncoding(Refused):
    """An entry's name is in no encoding that was allowed."""

    code = "intake.zip-name-encoding"
    message = gettext_noop(
        "This zip file holds a name in an unknown encoding. Make it again with Unicode names."
    )


class ZipCollision(Refused):
    """Two entries would become the same file."""

    code = "intake.zip-collision"
    message = gettext_noop("This zip file holds two entries that would become the same file: {name}.")


class ZipLink(Refused):
    """An entry is a symbolic link or a device."""

    code = "intake.zip-link"
    message = gettext_noop("This zip file holds a link or a device instead of a file: {name}.")


class ZipEncrypted(Refused):
    """An entry is locked with a password."""

    code = "intake.zip-encrypted"
    message = gettext_noop("This zip file is locked with a password.")


class ZipOverlap(Refused):
    """Entries share bytes: a zip bomb that is not nested."""

    code = "intake.zip-overlap"
    message = gettext_noop("Entries of this zip file share the same bytes.")


class ZipBomb(Refused):
    """Unpacks to far more than its size."""

    code = "intake.zip-bomb"
    message = gettext_noop("This zip file would grow too much when unpacked: {detail}.")


class ZipTooMany(Refused):
    """More entries than the policy allows."""

    code = "intake.zip-too-many"
    message = gettext_noop("This zip file holds {count} entries; the limit is {limit}.")


class ZipNested(Refused):
    """An archive in the archive."""

    code = "intake.zip-nested"
    message = gettext_noop("This zip file holds another archive: {name}. Unpack it first.")


class ZipMethod(Refused):
    """Compressed by a method that few programs read."""

    code = "intake.zip-method"
    message = gettext_noop("This zip file uses an unusual way of compression.")


class Macro(Refused):
    """An office document that holds a program."""

    code = "intake.macro"
    message = gettext_noop("This document holds a program (macro) or a live link: {detail}.")


class XmlDoctype(Refused):
    """A document type declaration: the door to entities and outside files."""

    code = "intake.xml-doctype"
    message = gettext_noop("This XML file declares a document type or entities, which is not accepted.")


class XmlLimits(Refused):
    """Deeper or longer than the policy allows."""

    code = "intake.xml-limits"
    message = gettext_noop("This XML file is too large or too deep: the limit is {limit} {unit}.")


class XmlBroken(Refused):
    """Not well-formed."""

    code = "intake.xml-broken"
    message = gettext_noop("This XML file is not well-formed: {detail}.")


class ActiveContent(Refused):
    """A page or drawing with scripts or outside references where none is sanitised."""

    code = "intake.active-content"
    message = gettext_noop("This file holds scripts or outside references: {detail}.")


class SvgBomb(Refused):
    """References that multiply until nothing can draw them."""

    code = "intake.svg-bomb"
    message = gettext_noop("This drawing repeats itself more often than can be drawn.")


class TextEncoding(Refused):
    """Text that is not UTF-8."""

    code = "intake.text-encoding"
    message = gettext_noop("This text is not in UTF-8 (byte {position}). Save it again as UTF-8.")


class TextControls(Refused):
    """Text with bytes that no text has."""

    code = "intake.text-controls"
    message = gettext_noop("This text holds control characters and is not plain text.")


class TableLimits(Refused):
    """More rows, columns or characters in a cell than the policy allows."""

    code = "intake.table-limits"
    message = gettext_noop("This table is too large: the limit is {limit} {unit}.")


class PdfActive(Refused):
    """A PDF that runs scripts or programs, or carries files."""

    code = "intake.pdf-active"
    message = gettext_noop("This PDF holds active content ({detail}). Print it to a new PDF and send that.")


class PdfEncrypted(Refused):
    """A PDF that is locked."""

    code = "intake.pdf-encrypted"
    message = gettext_noop("This PDF is locked with a password or with restrictions.")


class ExternalReference(Refused):
    """A model that fetches its parts from elsewhere."""

    code = "intake.external-reference"
    message = gettext_noop("This model refers to a file outside of itself: {name}.")


class BadName(Refused):
    """A file name with nothing usable in it, or that hides what it is."""

    code = "intake.bad-name"
    message = gettext_noop("This file name cannot be kept: {detail}.")
