"""Skip the headers of an .rpm (rpm-format.5), and list the files of the cpio archive behind them.

Mirrors lib/header.c and lib/cpio.c of rpm: a lead of 96 bytes, a header of signatures padded to
eight bytes, the header, then a packed cpio in the "new" form.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kfmap.archives.stream import ArchiveError, Budget, Stream

RPM_MAGIC = b"\xed\xab\xee\xdb"
CPIO_MAGICS = (b"070701", b"070702")
_LEAD = 96
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_MOST_HEADER = 256 << 20
_MOST_NAME = 4096
_REGULAR, _KIND = 0o100000, 0o170000


def skip_rpm_headers(stream: Stream) -> None:
    """Leave the stream at the packed files. Raises ArchiveError where the package is damaged."""
    stream.read(_LEAD)
    length = _skip_header(stream)
    stream.skip(-length % 8)
    _skip_header(stream)


def _skip_header(stream: Stream) -> int:
    start = stream.read(16)
    if len(start) < 16 or not start.startswith(_HEADER_MAGIC):
        raise ArchiveError("the package is damaged: a header is not where it should be")
    entries, size = struct.unpack(">II", start[8:])
    length = 16 * entries + size
    if length > _MOST_HEADER:
        raise ArchiveError("the package is damaged: a header is too long")
    stream.skip(length)
    return 16 + int(length)


def read_cpio(stream: Stream, budget: Budget) -> Iterator[tuple[str, int]]:
    """Return name and size of each regular file; its bytes are next in the stream meanwhile.

    Raises ArchiveError where the archive is damaged.
    """
    while True:
        head = stream.read(110)
        if len(head) < 110 or head[:6] not in CPIO_MAGICS:
            raise ArchiveError("the cpio archive in it is damaged or truncated")
        try:
            fields = [int(head[at : at + 8], 16) for at in range(6, 110, 8)]
        except ValueError as error:
            raise ArchiveError("the cpio archive in it is damaged") from error
        mode, size, name_size = fields[1], fields[6], fields[11]
        if not 0 < name_size <= _MOST_NAME:
            raise ArchiveError("the cpio archive in it is damaged: a name is too long")
        name = stream.read(name_size)[:-1].decode(errors="replace")
        stream.skip(-(110 + name_size) % 4)
        if name == "TRAILER!!!":
            return
        budget.take_file()
        left = _Left(stream, size)
        if mode & _KIND == _REGULAR:
            yield name, size
        left.finish()


class _Left:
    """Skips what of a file nobody read."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream, self._end = stream, stream.taken + size
        self._padding = -size % 4

    def finish(self) -> None:
        self._stream.skip(self._end - self._stream.taken + self._padding)
