"""Characters that nobody sees, or that turn the direction of writing, shown as their escapes."""

from __future__ import annotations

import re

_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r"})
# In UTF-8: more control characters, soft hyphens, marks of direction, joiners, line and paragraph
# separators, and the byte order mark.
_LONGER = (
    rb"\xc2[\x80-\x9f\xad]",
    rb"\xd8\x9c",
    rb"\xe2(?:\x80[\x8b-\x8f\xa8-\xae]|\x81[\xa0-\xaf])",
    rb"\xef\xbb\xbf",
)
_HIDDEN = re.compile(b"|".join((b"[%s]" % re.escape(_CONTROLS), *_LONGER)))
# Each alone begins with one byte, which is looked for ten times as fast as where all may begin.
_ALONE = tuple(map(re.compile, _LONGER))


def printable(text: str) -> str:
    r"""Return one line in which every character can be seen: `\x1b`, `\n`, `\u202e` for others.

    Nothing of it moves a cursor, ends the line or turns the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else _escape(mark) for mark in text)


def reveal_hidden(page: bytes) -> bytes:
    """Return a page, in UTF-8, with hidden characters as escapes; tabs and line ends stay."""
    if not _has_hidden(page):
        return page
    return _HIDDEN.sub(lambda found: _escape(found[0].decode()).encode(), page)


def _has_hidden(page: bytes) -> bool:
    has_control = len(page.translate(None, _CONTROLS)) < len(page)
    return has_control or any(pattern.search(page) for pattern in _ALONE)


def _escape(mark: str) -> str:
    return mark.encode("unicode_escape").decode()
