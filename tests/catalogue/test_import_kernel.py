"""`manage.py import_kernel` on what is no kernel: one sentence each; the map stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.models import Kernel
from tests.btf.btf_writer import BtfWriter

pytestmark = pytest.mark.django_db


def refuse(*args: object) -> str:
    """Import what cannot be imported; give the sentence."""
    with pytest.raises(CommandError) as caught:
        call_command("import_kernel", *map(str, args))
    assert Kernel.objects.count() == 0
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def write_btf(path: Path, cut: int = 0) -> Path:
    """Write BTF with one type, without its last bytes."""
    writer = BtfWriter()
    writer.integer("int")
    data = writer.build()
    path.write_bytes(data[: len(data) - cut])
    return path


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in refuse(tmp_path / "nowhere")


def test_tree_without_the_files_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path)


def test_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    sentence = refuse(tmp_path, "--config", tmp_path / "config")
    assert sentence == f"{tmp_path / 'config'} cannot be read: No such file or directory."


def test_truncated_btf_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_btf(tmp_path / "btf", cut=3)
    assert refuse(tmp_path, "--btf", path).startswith(f"{path}: ")


@pytest.mark.parametrize("data", [b"", b"MZ", b"\x7fELF" + bytes(100), bytes(4096)])
def test_file_that_holds_no_btf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(data)
    assert refuse(tmp_path, "--btf", path).startswith(f"{path}: ")


def test_file_larger_than_any_kernel_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vmlinux"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    assert refuse(tmp_path, "--btf", path).endswith("larger than 1024 MB: not a kernel's.")
