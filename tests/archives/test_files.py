"""Files are listed out of every kind of archive; what is damaged or a bomb ends in a sentence."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from kfmap.archives.files import list_files
from kfmap.archives.stream import ArchiveError, Budget
from tests.archives.packages import make_cpio, make_deb, make_rpm, make_tar, make_zip

FILES = {"linux/Makefile": b"VERSION = 9\n", "linux/big.c": b"int x;\n" * 200_000}
MAKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "tar": make_tar,
    "zip": make_zip,
    "deb": make_deb,
    "rpm": make_rpm,
    "cpio": make_cpio,
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.compress,
    "lz4": lz4.frame.compress,
}


def _list(path: Path, budget: Budget | None = None) -> dict[str, bytes]:
    files = list_files(path, budget or Budget(64 << 20, 100))
    return {file.name.removeprefix("./"): file.read(32 << 20) for file in files}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_kind_of_archive_is_read(tmp_path: Path, make: Callable[..., bytes]) -> None:
    path = tmp_path / "archive"
    path.write_bytes(make(FILES))
    assert _list(path) == FILES


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_tarball_may_be_packed_by_anything(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "archive"
    path.write_bytes(pack(make_tar(FILES)))
    assert _list(path) == FILES


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_tarball_may_be_packed_in_pieces(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """So pigz, pbzip2 and pxz write them, and so does cat."""
    data = make_tar(FILES)
    pieces = (data[at : at + 100_000] for at in range(0, len(data), 100_000))
    path = tmp_path / "pieces"
    path.write_bytes(b"".join(map(pack, pieces)))
    assert _list(path) == FILES


def test_a_tarball_that_is_cut_between_two_files_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar"
    whole = make_tar({"linux/a.c": b"a" * 512, "linux/b.c": b"b"})
    path.write_bytes(whole[: 2 * 512])
    with pytest.raises(ArchiveError, match="has no end: it was cut off"):
        _list(path)
    path.write_bytes(whole[: 5 * 512])  # one block of zeros is an end
    assert list(_list(path)) == ["linux/a.c", "linux/b.c"]


class _Counting(Budget):
    """A budget that counts how often it is asked."""

    asked = 0

    def take_bytes(self, count: int) -> None:
        self.asked += 1
        super().take_bytes(count)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_file_of_many_lines_is_read_in_large_parts(
    tmp_path: Path, make: Callable[..., bytes]
) -> None:
    path = tmp_path / "archive"
    path.write_bytes(make(FILES))
    budget = _Counting(64 << 20, 100)
    assert _list(path, budget) == FILES
    assert budget.asked < 50


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_files_that_nobody_reads_are_passed_over(
    tmp_path: Path, make: Callable[..., bytes]
) -> None:
    path = tmp_path / "archive"
    path.write_bytes(make(FILES))
    names = [file.name.removeprefix("./") for file in list_files(path, Budget(64 << 20, 100))]
    assert names == list(FILES)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_archives_that_are_cut_or_scribbled_on_are_refused(
    tmp_path: Path, make: Callable[..., bytes]
) -> None:
    """No other exception and no endless loop, whatever byte is wrong."""
    whole = make({**FILES, "linux/big.c": b"int x;\n" * 100})
    path = tmp_path / "archive"
    for at in range(0, min(len(whole), 1200), 7):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        for data in (bytes(broken), whole[:at]):
            path.write_bytes(data)
            try:
                _list(path)
            except ArchiveError as error:
                assert str(error)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ((1 << 20, 100), "it unpacks to more than any kernel tree"),
        ((64 << 20, 1), "it holds more files than any kernel tree"),
        ((64 << 20, 100, -1), "of the processor: unpack it yourself, and give the folder"),
    ],
    ids=["bytes", "files", "seconds"],
)
@pytest.mark.parametrize("is_in_a_package", [False, True])
def test_a_bomb_ends_in_a_sentence(
    tmp_path: Path, limits: tuple[int, ...], sentence: str, is_in_a_package: bool
) -> None:
    path = tmp_path / "bomb"
    files = {"a": bytes(8 << 20), "b": b""}
    whole = make_deb(files) if is_in_a_package else gzip.compress(make_tar(files))
    path.write_bytes(whole)
    with pytest.raises(ArchiveError, match=sentence):
        _list(path, Budget(*limits))


def test_an_archive_of_no_files_is_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar"
    path.write_bytes(make_tar({}))
    with pytest.raises(ArchiveError, match="it is empty"):
        _list(path)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"hello\n" * 100)
    with pytest.raises(ArchiveError, match="not an archive or package"):
        _list(path)


def test_a_file_without_a_name_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    whole = make_zip({"none": b"nothing", "linux/Makefile": b"VERSION = 9\n"})
    path.write_bytes(whole.replace(b"none", b"\0one"))  # a name ends at its first zero
    assert _list(path) == {"linux/Makefile": b"VERSION = 9\n"}
