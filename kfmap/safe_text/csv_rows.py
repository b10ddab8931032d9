"""CSV, the same for every table of kfmap: comma, `\\n`, and no cell that a spreadsheet computes.

What nobody sees, or what turns the direction of writing, is written as an escape.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from kfmap.safe_text.printable import reveal_hidden

Value = str | int | bool | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # wide ones count, too


def render_csv(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Return a head and its rows; text that would be taken for a formula gets a `'` before it."""
    import csv  # takes a while, and every report is made by what may write it

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return reveal_hidden(text.getvalue().encode(errors="replace")).decode()


def _plain(value: Value) -> Value:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
