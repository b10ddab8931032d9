"""What keeps rows and files from being read or written for a time, and how people are told."""

from __future__ import annotations

import errno
import sqlite3

from django.db import InterfaceError, OperationalError

NO_ROOM = "The disk of the server is full: what is in the map can be read, nothing new can be kept."
LOCKED = "The database is held by another program."
AWAY = "The database does not answer."
STORAGE_AWAY = "The storage of uploaded objects does not answer."
_NO_ROOM_ERRORS = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_STATE = "53100"  # PostgreSQL, appendix A: disk_full


class StorageAwayError(RuntimeError):
    """The storage of objects does not answer; the message is its client's."""


def find_absence(error: BaseException | None) -> str:
    """Return a sentence if an error is of the database or the disk and will pass, else ""."""
    if isinstance(error, StorageAwayError):
        return STORAGE_AWAY
    if isinstance(error, OSError):
        return NO_ROOM if error.errno in _NO_ROOM_ERRORS else ""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return ""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or getattr(cause, "sqlstate", None) == _NO_ROOM_STATE:
        return NO_ROOM
    return LOCKED if code == sqlite3.SQLITE_BUSY else AWAY
