"""Uploads on disk: whole or not at all, by content, and only what can be a BPF object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from verifier.jobs import files

HEADER = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00" + b"\xf7\x00"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Keep uploads in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path
    return tmp_path


def kept(folder: Path) -> list[Path]:
    """Return all files that were kept, drafts too."""
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_object_is_kept_under_its_hash() -> None:
    stored = files.store([HEADER, b"more"])
    assert stored.sha256 == hashlib.sha256(HEADER + b"more").hexdigest()
    assert stored.size == len(HEADER) + 4
    assert files.path_of(stored.sha256).read_bytes() == HEADER + b"more"


def test_header_may_come_byte_by_byte() -> None:
    stored = files.store(HEADER[at : at + 1] for at in range(len(HEADER)))
    assert files.path_of(stored.sha256).read_bytes() == HEADER


def test_same_object_twice_is_kept_once(folder: Path) -> None:
    assert files.store([HEADER]) == files.store([HEADER])
    assert len(kept(folder)) == 1


def test_big_endian_object_is_taken() -> None:
    files.store([b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x01" + b"\x00\xf7"])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(40), "not an ELF file"),
        (HEADER[:10], "truncated"),
        (HEADER[:18] + b"\x3e\x00", "machine 62"),
    ],
)
def test_file_that_is_no_object_is_refused(folder: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(files.RefusedFileError, match=sentence):
        files.store([data])
    assert kept(folder) == []


def test_file_past_the_limit_is_refused_while_it_comes(settings: Settings, folder: Path) -> None:
    settings.KFMAP_MAX_UPLOAD_BYTES = 1 << 20
    given = 0

    def chunks() -> Iterator[bytes]:
        nonlocal given
        yield HEADER
        for _ in range(200):
            given += 1
            yield bytes(1 << 20)

    with pytest.raises(files.RefusedFileError, match="larger than 1 MB"):
        files.store(chunks())
    assert given == 1
    assert kept(folder) == []
