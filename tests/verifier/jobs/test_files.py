"""Uploads in their storage: whole or not at all, by content, and only what can be a BPF object."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from verifier.jobs import files
from verifier.records.models import BpfObject

HEADER = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00" + b"\xf7\x00"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Keep uploads in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path
    return tmp_path


class Pieces(ContentFile):  # type: ignore[type-arg]  # not generic when it runs
    """A file that comes in given pieces."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(b"".join(pieces))
        self._pieces = pieces

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Return the pieces."""
        return iter(self._pieces)


def store(*pieces: bytes) -> files.StoredFile:
    """Keep a file that comes in pieces."""
    return files.store(Pieces(*pieces))


def read(sha256: str) -> bytes:
    """Return what was kept."""
    return b"".join(files.read_chunks(sha256))


def kept(folder: Path) -> list[Path]:
    """Return all files that were kept, drafts too."""
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_object_is_kept_under_its_hash() -> None:
    stored = store(HEADER, b"more")
    assert stored.sha256 == hashlib.sha256(HEADER + b"more").hexdigest()
    assert stored.size == len(HEADER) + 4
    assert read(stored.sha256) == HEADER + b"more"


def test_header_may_come_byte_by_byte() -> None:
    stored = store(*(HEADER[at : at + 1] for at in range(len(HEADER))))
    assert read(stored.sha256) == HEADER


def test_same_object_twice_is_kept_once(folder: Path) -> None:
    assert store(HEADER) == store(HEADER)
    assert len(kept(folder)) == 1


def test_files_are_for_their_owner_only(folder: Path) -> None:
    store(HEADER)
    for path in (folder / "objects", *(folder / "objects").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0


def test_big_endian_object_is_taken() -> None:
    store(b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x01" + b"\x00\xf7")


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
        store(data)
    assert kept(folder) == []


def test_file_past_the_limit_is_refused_while_it_comes(settings: Settings, folder: Path) -> None:
    settings.KFMAP_MAX_UPLOAD_BYTES = 1 << 20
    given = 0

    class Endless(ContentFile):  # type: ignore[type-arg]  # as above
        """A file that never ends."""

        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            nonlocal given
            yield HEADER
            while True:
                given += 1
                yield bytes(1 << 20)

    with pytest.raises(files.RefusedFileError, match="larger than 1 MB"):
        files.store(Endless(b""))
    assert given == 1
    assert kept(folder) == []


def test_bytes_that_are_not_there_are_missed() -> None:
    with pytest.raises(files.MissingBytesError):
        read("ab" * 32)


@pytest.mark.django_db
def test_bytes_go_with_their_row(
    folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    stored = store(HEADER)
    BpfObject.objects.create(sha256=stored.sha256, file_name="a.o", size=stored.size)
    with django_capture_on_commit_callbacks(execute=True):
        BpfObject.objects.all().delete()
    assert kept(folder) == []


@pytest.mark.django_db
def test_what_was_cut_off_is_removed_and_what_has_a_row_stays(folder: Path) -> None:
    own, orphan = store(HEADER), store(HEADER, b"orphan")
    BpfObject.objects.create(sha256=own.sha256, file_name="a.o", size=own.size)
    (folder / "objects" / "draft-cut-off").write_bytes(HEADER)
    assert files.remove_orphans(timedelta(hours=1)) == 0
    for path in kept(folder):
        os.utime(path, (0, 0))
    assert files.remove_orphans(timedelta(hours=1)) == 2
    assert [path.name for path in kept(folder)] == [own.sha256]
    assert not files.is_stored(orphan.sha256)


@pytest.mark.django_db
def test_nothing_is_removed_where_nothing_was_uploaded() -> None:
    assert files.remove_orphans(timedelta(0)) == 0
