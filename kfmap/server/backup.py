"""Everything kfmap keeps as one file, and back: rows as text, so from any database into any other.

A tar archive: `kfmap.json` (what made it), `rows.jsonl.zst` (a row per line, as Django serializes
them) and `objects/SHA256`. Sessions, workers and counts of quotas are of the moment and left out.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import zstandard
from django.apps import apps
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

import kfmap
from kfmap.catalogue.database import describe_database
from kfmap.catalogue.snapshot import one_snapshot
from verifier.jobs import files
from verifier.records.models import BpfObject

_FORMAT = 1
_ABOUT, _ROWS, _OBJECTS = "kfmap.json", "rows.jsonl.zst", "objects/"
_OF_THE_MOMENT = {
    "sessions.session",
    "verifier.worker",
    "kfmap_quotas.spent",
    "kfmap_quotas.remembered",
    "axes.accessattempt",
}
_MADE_AGAIN = {  # from the facts of kernels, by load_kernels or by the first page that needs them
    "catalogue.kernelrows",
    "catalogue.functionrow",
    "catalogue.contextrow",
    "catalogue.mapname",
}
_MADE_BY_MIGRATE = {"contenttypes.contenttype", "auth.permission"}


class BackupError(RuntimeError):
    """A backup cannot be made or restored; the message says why and what to do."""


class _Exact(DjangoJSONEncoder):
    """Writes times to the microsecond; Django's own encoder cuts them off."""

    def default(self, o: Any) -> Any:
        """Return what JSON takes."""
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def write_backup(target: Path) -> tuple[int, int]:
    """Write a backup, readable by its owner only; return how many rows and objects it has.

    Raises BackupError, OSError: then no file is left.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name another file.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            with one_snapshot():
                _add(archive, _ABOUT, json.dumps(_describe()).encode())
                rows = _add_rows(archive)
                hashes = list(_list_hashes())
            kept = sum(_add_object(archive, sha256) for sha256 in hashes)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return rows, kept


def read_backup(source: Path) -> tuple[int, int]:
    """Fill the database, which must be empty, from a backup; return how many rows and objects.

    Raises BackupError: then the database is as it was.
    """
    try:
        with tarfile.open(source, mode="r:") as archive:
            _expect_same_schema(_about(archive))
            _expect_empty()
            with transaction.atomic():
                rows = _load_rows(_member(archive, _ROWS))
                objects = sum(_load_object(archive, item) for item in _objects_of(archive))
    except (tarfile.TarError, zstandard.ZstdError, KeyError, ValueError) as error:
        raise BackupError(f"{source} is not a complete backup of kfmap: {error}") from error
    return rows, objects


def say_how_much(rows: int, objects: int) -> str:
    """Return what a backup has, in words."""
    counted = ((rows, "row"), (objects, "object"))
    return " and ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in counted)


def _describe() -> dict[str, Any]:
    return {"format": _FORMAT, "version": kfmap.__version__, "migrations": _applied()}


def _applied() -> list[list[str]]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted([app, name] for app, name in applied)


def _kept_models() -> list[type[models.Model]]:
    """Return the models whose rows are kept, those first that others refer to."""
    left_out = _OF_THE_MOMENT | _MADE_BY_MIGRATE | _MADE_AGAIN
    every = [(config, None) for config in apps.get_app_configs()]
    ordered = serializers.sort_dependencies(every, allow_cycles=True)
    return [model for model in ordered if model._meta.label_lower not in left_out]


def _add_rows(archive: tarfile.TarFile) -> int:
    count = 0
    with tempfile.TemporaryFile() as packed:
        compressor = zstandard.ZstdCompressor(level=6)
        with compressor.stream_writer(packed, closefd=False) as raw, io.TextIOWrapper(raw) as text:
            for model in _kept_models():
                rows = model._base_manager.order_by("pk").iterator(chunk_size=500)
                count += _write_rows(rows, text)
        member = tarfile.TarInfo(_ROWS)
        member.size = packed.tell()
        packed.seek(0)
        archive.addfile(member, packed)
    return count


def _write_rows(rows: Iterable[models.Model], text: IO[str]) -> int:
    count = 0
    for row in rows:
        text.write(serializers.serialize("jsonl", [row], use_natural_foreign_keys=True, cls=_Exact))
        count += 1
    return count


def _list_hashes() -> Iterable[str]:
    """Return the hash of all bytes once, however many loaders these have a row for."""
    return BpfObject.objects.order_by("sha256").values_list("sha256", flat=True).distinct()


def _add_object(archive: tarfile.TarFile, sha256: str) -> bool:
    """Add the bytes of an object, if they are there."""
    try:
        data = b"".join(files.read_chunks(sha256))
    except files.MissingBytesError:
        return False
    _add(archive, _OBJECTS + sha256, data)
    return True


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))


def _about(archive: tarfile.TarFile) -> dict[str, Any]:
    about: dict[str, Any] = json.load(_member(archive, _ABOUT))
    if about.get("format") != _FORMAT:
        raise BackupError(f"This is a backup in format {about.get('format')}: update kfmap.")
    return about


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of the archive. Raises KeyError where it has none of this name."""
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _expect_same_schema(about: dict[str, Any]) -> None:
    call_command("migrate", verbosity=0)
    if about["migrations"] != _applied():
        raise BackupError(
            f"The backup was made by kfmap {about['version']}, whose database has another form: "
            "restore it with that version, then update."
        )


def _expect_empty() -> None:
    filled = [model._meta.verbose_name_plural for model in _kept_models() if _has_rows(model)]
    if filled:
        raise BackupError(
            f"The database {describe_database()} is not empty (it has {filled[0]}): "
            "name an empty one in DATABASE_URL or KFMAP_DATA_DIR."
        )


def _has_rows(model: type[models.Model]) -> bool:
    return model._base_manager.exists()


def _load_rows(packed: IO[bytes]) -> int:
    count = 0
    with connection.constraint_checks_disabled():
        for row in _read_rows(packed):
            row.save(force_insert=True)
            count += 1
    connection.check_constraints()
    statements = connection.ops.sequence_reset_sql(no_style(), _kept_models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return count


def _read_rows(packed: IO[bytes]) -> Iterator[Any]:
    stream = zstandard.ZstdDecompressor().stream_reader(packed)
    for line in io.TextIOWrapper(stream):
        yield from serializers.deserialize("jsonl", line)


def _objects_of(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    return [item for item in archive.getmembers() if item.name.startswith(_OBJECTS)]


def _load_object(archive: tarfile.TarFile, item: tarfile.TarInfo) -> bool:
    sha256 = item.name.removeprefix(_OBJECTS)
    stored = files.store(ContentFile(_member(archive, item.name).read()))
    if stored.sha256 != sha256:
        raise BackupError(f"The bytes of object {sha256[:12]} are not what they were.")
    return True
