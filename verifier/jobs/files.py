"""Uploaded bytes by their SHA-256, in the storage `objects` of the settings: `ab/abcd…`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from kfmap.catalogue.availability import StorageAwayError
from verifier.records.models import BpfObject

_HEADER_BYTES = 20
_EM_BPF = 247
_CLIENTS = ("botocore", "boto3", "s3transfer")
log = logging.getLogger(__name__)


class RefusedFileError(ValueError):
    """The file is not taken; the message says why and what to do."""


class MissingBytesError(LookupError):
    """The storage has no bytes of an object that the rows have."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that are kept."""

    sha256: str
    size: int


def store(file: File[bytes]) -> StoredFile:
    """Keep a file. Raises RefusedFileError, StorageAwayError, OSError: then nothing is kept."""
    read = _read(file)
    with _storage() as storage:
        name = _name_of(read.sha256)
        if not storage.exists(name):
            file.seek(0)
            storage.save(name, file)
    return read


def check_size(size: int) -> None:
    """Raise RefusedFileError for a file that is larger than the settings allow."""
    if size > settings.KFMAP_MAX_UPLOAD_BYTES:
        limit = settings.KFMAP_MAX_UPLOAD_BYTES >> 20
        raise RefusedFileError(f"larger than {limit} MB, the limit set by KFMAP_MAX_UPLOAD_MB")


def is_stored(sha256: str) -> bool:
    """Return whether the bytes with this hash are kept. Raises StorageAwayError."""
    with _storage() as storage:
        return storage.exists(_name_of(sha256))


def read_chunks(sha256: str) -> Iterator[bytes]:
    """Return the bytes with this hash. Raises MissingBytesError and StorageAwayError."""
    with _storage() as storage:
        try:
            with storage.open(_name_of(sha256)) as file:
                yield from file.chunks()
        except FileNotFoundError as error:
            raise MissingBytesError(sha256) from error


def remove(sha256: str) -> None:
    """Remove the bytes with this hash, unless an object has them. Raises StorageAwayError."""
    if not BpfObject.objects.filter(sha256=sha256).exists():
        with _storage() as storage:
            storage.delete(_name_of(sha256))


def remove_orphans(older_than: timedelta) -> int:
    """Remove what uploads left that were cut off before their rows were kept; return how many."""
    removed, before = 0, timezone.now() - older_than
    with _storage() as storage:
        for folder, names in _list(storage):
            known = set(BpfObject.objects.filter(sha256__in=names).values_list("sha256", flat=True))
            for name in (folder + name for name in names if name not in known):
                if storage.get_modified_time(name) <= before:
                    storage.delete(name)
                    removed += 1
    return removed


@receiver(post_delete, sender=BpfObject)
def _remove_with_row(instance: BpfObject, **_: Any) -> None:
    """Remove the bytes of an object that is deleted, in whatever way, when that is certain."""
    transaction.on_commit(lambda: _try_to_remove(instance.sha256))


def _try_to_remove(sha256: str) -> None:
    try:
        remove(sha256)
    except (OSError, StorageAwayError) as error:
        log.warning("the bytes of %s stay until orphans are removed: %s", sha256, error)


def _list(storage: Storage) -> Iterator[tuple[str, list[str]]]:
    """Return the folders and the files in each; drafts lie outside of them."""
    try:
        folders, drafts = storage.listdir("")
    except FileNotFoundError:  # nothing was ever uploaded
        return
    yield "", drafts
    for folder in folders:
        yield f"{folder}/", storage.listdir(folder)[1]


def _name_of(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


@contextmanager
def _storage() -> Iterator[Storage]:
    """Lend the storage; errors of its client become StorageAwayError."""
    try:
        yield storages["objects"]
    except (OSError, MissingBytesError, RefusedFileError):
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _CLIENTS:
            raise
        log.warning("the storage of objects: %s", error)
        raise StorageAwayError(str(error)) from error


def _read(file: File[bytes]) -> StoredFile:
    """Return hash and size of what can be a BPF object. Raises RefusedFileError."""
    digest, size, header = hashlib.sha256(), 0, b""
    for chunk in file.chunks():
        size += len(chunk)
        check_size(size)
        if len(header) < _HEADER_BYTES:
            header += chunk[: _HEADER_BYTES - len(header)]
        digest.update(chunk)
    _expect_bpf_elf(header)
    return StoredFile(digest.hexdigest(), size)


def _expect_bpf_elf(header: bytes) -> None:
    """Refuse at once what cannot be a BPF object (ELF specification, e_ident and e_machine)."""
    if not header:
        raise RefusedFileError("the file is empty")
    if not header.startswith(b"\x7fELF"):
        raise RefusedFileError("not an ELF file: give the .bpf.o that clang -target bpf writes")
    if len(header) < _HEADER_BYTES:
        raise RefusedFileError("truncated: the ELF header is not whole; build or copy it again")
    machine = int.from_bytes(header[18:20], "big" if header[5] == 2 else "little")
    if machine != _EM_BPF:
        raise RefusedFileError(
            f"an ELF file for machine {machine}, not for BPF ({_EM_BPF}): build it with "
            "clang -target bpf"
        )
