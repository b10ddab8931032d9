"""The page of a list of objects that an address asks for: `?cursor=`, as pages link each other.

`?page=`, a number or `last`, is what addresses had before.
"""

from __future__ import annotations

from collections.abc import Mapping

from verifier.records.cursor import OLDEST, START, IdPage, parse_cursor, read_numbered, read_page
from verifier.records.id_lists import IdList

_LONGEST = 6  # digits of a page's number


def read_asked(rows: IdList, asked: Mapping[str, str], size: int) -> IdPage:
    """Return the page; where there is no such page, the first or, behind the end, the last."""
    number = asked.get("page", "")
    if number == "last":
        return read_page(rows.read, OLDEST, size)
    if number.isascii() and number.isdecimal() and int(number[: _LONGEST + 1]) > 0:
        page = read_numbered(rows.skip, int(number[:_LONGEST]), size)
        return page if page.ids else read_page(rows.read, OLDEST, size)
    try:
        cursor = parse_cursor(asked.get("cursor", ""))
    except ValueError:
        cursor = START
    page = read_page(rows.read, cursor, size)
    return page if page.ids or cursor == START else read_page(rows.read, START, size)
