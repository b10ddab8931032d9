"""Open files that somebody named: regular ones of a bounded size, in sentences otherwise."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from kfmap.btf.layout import BtfError
from kfmap.btf.unpacking import unpack_whole

MOST_IMAGE = 1 << 30


class Advice(StrEnum):
    """What can be done, where it takes an option or a field: each caller has words for its own."""

    AS_TYPES = "as types"
    AS_CONFIG = "as the configuration"
    KERNEL_TOO = "the kernel's types, too"
    ANYWAY = "anyway"


class GivenError(ValueError):
    """What was given cannot be taken: one sentence that names it and says why.

    It says what to do, too, unless that is `advice`.
    """

    def __init__(self, reason: str, advice: Advice | None = None) -> None:
        super().__init__(reason)
        self.advice = advice


def check_file(path: Path, most: int = MOST_IMAGE) -> int:
    """Return the size of a file. Raises GivenError where it cannot be read to its end."""
    try:
        status = path.stat()
        if path.is_dir():
            raise GivenError(f"{path} is a folder: give the file in it that is meant.")
        if not path.is_file():
            raise GivenError(f"{path} is not a file that can be read to its end.")
        if status.st_size > most:
            raise _too_large(path, most)
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror}.") from error
    return status.st_size


def read_file(path: Path, most: int) -> bytes:
    """Return a file, whole. Raises GivenError."""
    check_file(path, most)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > most:  # those of /sys and /proc do not say how long they are
        raise _too_large(path, most)
    return data


def unpack_given(data: bytes, path: Path, most: int) -> bytes:
    """Return what a packed file unpacks to, at most `most` bytes. Raises GivenError."""
    try:
        return unpack_whole(data, limit=most)
    except BtfError as error:
        raise GivenError(f"{path} is damaged: it cannot be unpacked.") from error


def _too_large(path: Path, most: int) -> GivenError:
    return GivenError(f"{path} is larger than any such file of a kernel ({most >> 20:,} MB).")


@contextmanager
def mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    """Return a file's bytes, of which only those are read that are looked at. Raises GivenError."""
    if not check_file(path) or not _is_mappable(path):
        yield read_file(path, MOST_IMAGE)
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        yield view


def _is_mappable(path: Path) -> bool:
    """Return whether a file can be mapped: those of /sys/kernel/btf cannot before Linux 6.15."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
            return True
    except OSError:
        if not path.is_file():
            raise
        try:
            path.open("rb").close()
        except OSError as error:
            raise GivenError(f"{path} cannot be read: {error.strerror}.") from error
        return False


def join_doubts(doubts: Iterable[str]) -> str:
    """Return doubts, none of which begins with a name, as the beginning of a sentence."""
    text = "; ".join(doubts)
    return f"{text[0].upper()}{text[1:]}"
