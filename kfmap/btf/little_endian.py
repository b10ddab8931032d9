"""Columns of 32-bit words in packed files, which are little-endian on every machine."""

from __future__ import annotations

import sys
from array import array


def to_little(column: array[int]) -> bytes:
    """Return the bytes of a column; on big-endian machines it is swapped in place."""
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def from_little(data: bytes) -> array[int]:
    """Return the column that `to_little` made bytes of."""
    column = array("I")
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column
