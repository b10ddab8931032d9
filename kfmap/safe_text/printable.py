"""Characters that nobody sees, or that turn the direction of writing, shown as their escapes."""

from __future__ import annotations

import re

# In UTF-8: control characters but for tab and line ends, soft hyphens, marks of direction, joiners,
# line and paragraph separators, and the byte order mark.
_HIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xd8\x9c"
    rb"|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"
)


def printable(text: str) -> str:
    r"""Return one line in which every character can be seen: `\x1b`, `\n`, `\u202e` for others.

    Nothing of it moves a cursor, ends the line or turns the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else _escape(mark) for mark in text)


def reveal_hidden(page: bytes) -> bytes:
    """Return a page, in UTF-8, with hidden characters as escapes; tabs and line ends stay."""
    return _HIDDEN.sub(lambda found: _escape(found[0].decode()).encode(), page)


def _escape(mark: str) -> str:
    return mark.encode("unicode_escape").decode()
