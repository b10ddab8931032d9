"""Break bytes and text at random, the same way for the same random numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

# Values at which arithmetic on sizes, offsets and indexes goes wrong.
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_TEXTS = (
    *(b"(", b")", b"{", b"}", b"[", b"]", b'"', b"\\", b"'", b"/*", b"*/", b"//", b"#", b"\n"),
    *(b"\x00", b"\xff", b"\xe2\x80\xae", b"\x1b[2J", b"%s%n", b"1e999", b"-1", b"null", b"{}"),
    *(b"9" * 400, b"(" * 300, b'"\\' * 300, b"/" * 300, b"0x" + b"f" * 40),
)
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*|[0-9]+|[^\sA-Za-z_0-9]")


def damage(data: bytes, others: Sequence[bytes], random: Random, *, text: bool) -> bytes:
    """Return a copy with one to four things changed; `others` are what may be spliced in."""
    changed = bytearray(data)
    changes = _OF_TEXT if text else _OF_BYTES
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(changes)(changed, others, random)
    return bytes(changed)


def _bytes(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    for _ in range(random.choice((1, 2, 8, 64))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)


def _number(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    """Put an edge where a number may be: most formats align theirs."""
    size = random.choice((1, 2, 4, 8))
    if len(data) >= size:
        at = random.randrange(0, len(data) - size + 1)
        at -= at % min(size, 4)
        value = random.choice(_EDGES) % (1 << 8 * size)
        data[at : at + size] = value.to_bytes(size, random.choice(("little", "big")))


def _near_start(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    """Put an edge into the header, where sizes and offsets of the whole are."""
    head = bytearray(data[:128])
    _number(head, others, random)
    data[:128] = head


def _cut(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _remove(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    start = random.randrange(len(data) + 1)
    del data[start : start + random.choice((1, 4, 16, 256))]


def _repeat(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    start = random.randrange(len(data) + 1)
    piece = bytes(data[start : start + random.choice((1, 4, 64, 1024))])
    data[start:start] = piece * random.choice((1, 2, 50))


def _splice(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    other = random.choice(others)
    start = random.randrange(len(other) + 1)
    at = random.randrange(len(data) + 1)
    data[at : at + random.choice((0, 16, 512))] = other[
        start : start + random.choice((4, 64, 4096))
    ]


def _token(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    """Replace, drop, repeat or swap words of a text."""
    words = list(_WORD.finditer(bytes(data)))
    if not words:
        return
    one, two = random.choice(words), random.choice(words)
    new = random.choice((b"", one[0] * 2, two[0], random.choice(_TEXTS)))
    data[one.start() : one.end()] = new


def _insert_text(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(_TEXTS)


_Change = Callable[[bytearray, Sequence[bytes], Random], None]
_OF_BYTES: tuple[_Change, ...] = (
    _bytes,
    _number,
    _number,
    _near_start,
    _cut,
    _remove,
    _repeat,
    _splice,
)
_OF_TEXT: tuple[_Change, ...] = (
    _bytes,
    _cut,
    _remove,
    _repeat,
    _splice,
    _token,
    _token,
    _insert_text,
)
