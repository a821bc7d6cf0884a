"""What can go wrong while keeping an installation."""

from __future__ import annotations

from heirloom.errors import HeirloomError, gettext_noop


class BackupFailed(HeirloomError):
    """A backup could not be made."""

    code = "backup.failed"
    message = gettext_noop("The backup was not made: {problem}")
    kept = gettext_noop("Earlier backups are unchanged; the installation goes on.")
    status = 500


class NotABackup(HeirloomError):
    """The folder holds no whole backup."""

    code = "restore.not-a-backup"
    message = gettext_noop("This cannot be restored: {problem}")
    kept = gettext_noop("Nothing was changed.")


class NotEmpty(HeirloomError):
    """Restoring never writes over what is there."""

    code = "restore.not-empty"
    message = gettext_noop("{folder} already holds an installation. Restore into an empty folder.")
    kept = gettext_noop("Nothing was changed.")
    status = 409


class NoMirror(HeirloomError):
    """No mirror is named."""

    code = "mirror.none"
    message = gettext_noop("No mirror is set. Name its folder, or set HEIRLOOM_ARCHIVE_MIRROR.")
    kept = gettext_noop("Nothing was changed.")
