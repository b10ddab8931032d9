"""Pack trimmed BTF into less than a ninth of its size, for the kernels that are shipped.

The words of all types are sorted by what they are (names, type ids, the rest) before xz sees them.
Of a name that comes up for the first time only that is kept: strings are in the order of their use.
"""

from __future__ import annotations

import lzma
import struct
from array import array
from itertools import accumulate, count
from operator import add

from kfmap.btf.kinds import Kind
from kfmap.btf.layout import BtfError, Words, write_btf
from kfmap.btf.little_endian import from_little, to_little
from kfmap.btf.read import read_btf
from kfmap.btf.words import INFO, kind_and_length, roles

MARK = b"kfmap types 1\n"
MAX_UNPACKED = 64 << 20

_UNFIT = "packed BTF is damaged: its columns do not fit together"
_HEADER = struct.Struct("<B4I")
_NAMES, _TYPE_IDS, _REST = range(3)  # the columns, in the order they are packed in
_NEW = 1  # in the column of names; 0 is no name, others count from 2 in the order of first use


def pack(data: bytes) -> bytes:
    """Return the packed form of BTF, which `unpack` undoes; unknown kinds are refused.

    Raises BtfError for a type of a kind that cannot be packed.
    """
    btf = read_btf(data)
    names, type_ids, rest = array("I"), array("I"), array("I")
    strings, known = bytearray(), {0: 0}
    for type_id in range(1, len(btf)):
        row = btf.row(type_id)
        kind = btf.kind(type_id)
        if kind is Kind.UNKN:
            raise BtfError(f"type {type_id} is of a kind that cannot be packed: trim the BTF first")
        parts = roles(kind, len(row))
        rest.append(row[INFO])
        rest.extend([row[at] for at in parts.others])
        type_ids.extend([row[at] for at in parts.type_ids])
        for offset in [row[at] for at in parts.names]:
            names.append(known.get(offset, _NEW))
            if offset not in known:
                known[offset] = len(known) + _NEW
                strings += btf.string(offset).encode() + b"\0"
    columns = (names, type_ids, rest)
    header = _HEADER.pack(btf.byteorder == "big", *map(len, columns), len(strings))
    body = b"".join(map(to_little, columns)) + strings
    return MARK + lzma.compress(header + body, preset=9 | lzma.PRESET_EXTREME)


def unpack(data: bytes) -> bytes:
    """Return the BTF that was packed; its strings come in the order of their first use.

    Raises BtfError where the packed form is damaged or of another format.
    """
    return unpack_content(read_content(data))


def unpack_content(content: bytes) -> bytes:
    """Return the BTF of which this is the content of its packed form. Raises BtfError."""
    if len(content) < _HEADER.size:
        raise BtfError("packed BTF is damaged: it ends in its header")
    big, *counts, of_strings = _HEADER.unpack_from(content)
    if len(content) != _HEADER.size + 4 * sum(counts) + of_strings:
        raise BtfError("packed BTF is damaged: its columns have other lengths than announced")
    columns, at = [], _HEADER.size
    for length in map((4).__mul__, counts):
        columns.append(from_little(content[at : at + length]))
        at += length
    strings = b"\0" + content[at:]
    names, type_ids, rest = columns
    words = _join(_offsets(names, strings), type_ids, rest)
    return write_btf(words, strings, "big" if big else "little")


def _offsets(names: Words, strings: bytes) -> Words:
    """Turn the column of names into string offsets."""
    lengths = map(len, strings[1:].split(b"\0"))
    starts = [*map(add, accumulate(lengths, initial=1), count())]  # each with its NUL byte
    fresh = iter(starts)
    known = [0, 0, *starts]
    try:
        return array("I", [next(fresh, 0) if name == _NEW else known[name] for name in names])
    except IndexError:
        raise BtfError("packed BTF is damaged: its names do not fit its strings") from None


def _join(names: Words, type_ids: Words, rest: Words) -> Words:
    """Put the words of all types back into their order.

    First the column of every word is found, as one byte; what then takes the next word of that
    column, hundreds of thousands of times, are C functions.
    """
    columns = (names, type_ids, rest)
    order = _find_order(rest, sum(map(len, columns)))
    if [order.count(number) for number in range(3)] != [len(column) for column in columns]:
        raise BtfError(_UNFIT)
    following = tuple(map(iter, columns))
    return array("I", map(next, map(following.__getitem__, order)))


def _find_order(rest: Words, total: int) -> bytes:
    """Return the number of the column (_NAMES, _TYPE_IDS, _REST) of each of `total` words."""
    patterns = _Patterns(total)
    found: list[bytes] = []
    at = 0
    while at < len(rest):
        pattern, step = patterns[rest[at]]
        found.append(pattern)
        at += step
    return b"".join(found)


class _Patterns(dict[int, tuple[bytes, int]]):
    """info → the columns of a type's words, and how many of them are in the column of the rest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, info: int) -> tuple[bytes, int]:
        kind, length = kind_and_length(info)
        if length > self._most:
            raise BtfError(_UNFIT)
        parts = roles(kind, length)
        pattern = bytearray([_REST]) * length
        for number, indexes in ((_NAMES, parts.names), (_TYPE_IDS, parts.type_ids)):
            for index in indexes:
                pattern[index] = number
        found = self[info] = bytes(pattern), 1 + len(parts.others)
        return found


def read_content(data: bytes) -> bytes:
    """Return what the packed form holds, uncompressed. Raises BtfError where it is damaged."""
    if not data.startswith(MARK):
        raise BtfError(f"not packed BTF: starts with {data[:14]!r}, expected {MARK!r}")
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    try:
        content = decompressor.decompress(data[len(MARK) :], MAX_UNPACKED)
    except lzma.LZMAError as error:
        raise BtfError(f"packed BTF is damaged: {error}") from error
    if not decompressor.eof:
        raise BtfError(f"packed BTF is truncated or has more than {MAX_UNPACKED >> 20} MB")
    return content
