"""Unpacked types are kept by what they were unpacked from, and never stand in the way."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from kfmap.btf.pack import pack, unpack
from kfmap.catalogue import unpacked_types
from kfmap.catalogue.bundled_files import SharedFile
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.unpacked_types import read_types
from tests.btf.sample import sample_kernel


def _never(*_: object) -> bytes:
    raise AssertionError("unpacked again")


def read(packed: Path, kernel: str, folder: Path | None) -> bytes:
    """Return the types of a kernel that has them in this file."""
    data = packed.read_bytes()
    return read_types(lambda: unpack(data), lambda: sha256(data).hexdigest(), kernel, folder)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "7.2.types.xz"
    path.write_bytes(pack(sample_kernel().build()))
    return path


def test_types_are_unpacked_once(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cache"
    first = read(packed, "7.2", folder)

    def make() -> bytes:
        raise AssertionError("unpacked again")

    digest = sha256(packed.read_bytes()).hexdigest()
    assert read_types(make, lambda: digest, "7.2", folder) == first == unpack(packed.read_bytes())
    assert folder.stat().st_mode & 0o777 == 0o700


def test_other_bundle_of_the_kernel_replaces_what_was_kept(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    read(packed, "7.2", folder)
    read(packed, "7.2-all", folder)
    builder = sample_kernel()
    builder.integer("one_more", 4)
    packed.write_bytes(pack(builder.build()))
    assert read(packed, "7.2", folder) == unpack(packed.read_bytes())
    kept = sorted(path.name.rpartition("-")[0] for path in folder.iterdir())
    assert kept == ["types-7.2", "types-7.2-all"]


def test_folder_that_cannot_be_used_costs_only_time(packed: Path, tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("in the way")
    for folder in (None, occupied, occupied / "deeper"):
        assert read(packed, "7.2", folder) == unpack(packed.read_bytes())


@pytest.mark.parametrize("left", [0, 3, 100])
def test_kept_types_that_were_cut_off_are_unpacked_anew(
    packed: Path, tmp_path: Path, left: int
) -> None:
    folder = tmp_path / "cache"
    types = read(packed, "7.2", folder)
    [kept] = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:left])
    assert read(packed, "7.2", folder) == types
    assert kept.read_bytes() == whole


def test_names_of_functions_are_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = next(item for item in find_bundled() if item.name == "6.1")
    functions = bundled.load(tmp_path).functions
    assert functions is not None and functions.has("schedule")
    [kept] = tmp_path.iterdir()
    assert kept.name.startswith("functions-6.1-")
    monkeypatch.setattr(unpacked_types, "decompress", _never)
    again = bundled.load(tmp_path).functions
    assert again is not None and again.has("schedule") and not again.has("no_such_function")


def test_names_that_are_shared_with_another_kernel_are_put_together_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = next(item for item in find_bundled() if isinstance(item.parts, SharedFile))
    packed = bundled.read_functions()
    assert bundled.read_functions(tmp_path) == packed
    [kept] = tmp_path.iterdir()
    assert kept.name.startswith(f"shared-{bundled.name}-")
    monkeypatch.setattr(SharedFile, "read", _never)
    assert bundled.read_functions(tmp_path) == packed
