"""What is found beside a tree is used and named; what does not fit is refused with the reason."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from kfmap.adding.models import Provenance
from kfmap.catalogue.models import Kernel
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import EM_X86_64, write_elf
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree

pytestmark = pytest.mark.django_db
CONFIG = """\
# Automatically generated file; DO NOT EDIT.
# Linux/x86 9.1.2 Kernel Configuration
CONFIG_CC_VERSION_TEXT="gcc-14 (Debian 14.2.0-19) 14.2.0"
CONFIG_X86=y
CONFIG_NET=y
CONFIG_BPF=y
CONFIG_BPF_SYSCALL=y
CONFIG_BPF_JIT=y
CONFIG_DEBUG_INFO_BTF=y
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = write_tree(tmp_path / "tree", {SET_C: INCLUDES + id_set("one two")})
    (tree / ".config").write_text(CONFIG)
    return tree


def vmlinux(*functions: str, release: str = "9.1.2") -> bytes:
    writer = BtfWriter()
    writer.integer("int")
    for name in functions:
        writer.function(name, 1)
    banner = f"Linux version {release} (a@b)".encode()
    return write_elf({".text": banner, ".BTF": writer.build()}, machine=EM_X86_64)


@pytest.mark.parametrize(("machine", "doubt"), [(183, "is one for arm64"), (62, "")])
def test_an_image_of_another_architecture_is_refused(
    tree: Path, tmp_path: Path, machine: int, doubt: str
) -> None:
    image = bytearray(vmlinux("one", "two"))
    image[18:20] = machine.to_bytes(2, "little")
    (tmp_path / "vmlinux").write_bytes(image)
    given: tuple[object, ...] = ("--btf", tmp_path / "vmlinux")
    if doubt:
        assert f"The image {doubt}, and .config for x86" in refuse(tree, *given)
        given = (*given, "--anyway")
    assert "9.1" in import_tree(tree, *given)


def test_types_of_another_byte_order_are_refused(tree: Path, tmp_path: Path) -> None:
    writer = BtfWriter("big")
    writer.function("one", writer.integer("int"))
    (tmp_path / "vmlinux").write_bytes(writer.build())
    said = refuse(tree, "--btf", tmp_path / "vmlinux")
    assert "another byte order than x86, which .config is for" in said
    (tree / ".config").write_text(CONFIG.replace("x86", "s390").replace("X86", "S390"))
    assert "byte order" not in refuse(tree, "--btf", tmp_path / "vmlinux")


def import_tree(tree: Path, *args: object) -> str:
    said = StringIO()
    call_command("import_kernel", str(tree), *map(str, args), stdout=said)
    return said.getvalue()


def refuse(tree: Path, *args: object) -> str:
    with pytest.raises(CommandError) as caught:
        import_tree(tree, *args)
    return str(caught.value)


def test_what_lies_in_a_built_tree_is_used_and_named(tree: Path) -> None:
    (tree / "vmlinux").write_bytes(vmlinux("one", "two"))
    said = import_tree(tree)
    assert f"The configuration is {tree / '.config'}" in said
    assert f"The image is {tree / 'vmlinux'}" in said
    assert Kernel.objects.get().profile == "as configured"
    assert import_tree(tree, "--every-option", "--name", "all").startswith("all ")
    assert Kernel.objects.get(name="all").profile == "every option on"


def test_types_of_another_build_are_refused_and_taken_anyway(tree: Path, tmp_path: Path) -> None:
    image = tmp_path / "vmlinux"
    image.write_bytes(vmlinux("one"))
    sentence = refuse(tree, "--btf", image)
    assert "another build: 1 of 2 kfuncs" in sentence
    assert "(two)" in sentence
    assert not Kernel.objects.exists()
    assert "Taken anyway: the types are those of another build" in import_tree(
        tree, "--btf", image, "--anyway"
    )
    page = Client().get("/kernels/9.1/").content.decode()
    assert "The parts it was read from do not match" in page
    assert "the types are those of another build" in page


def test_an_image_and_a_configuration_of_other_releases_are_refused(
    tree: Path, tmp_path: Path
) -> None:
    image = tmp_path / "vmlinux"
    image.write_bytes(vmlinux("one", "two", release="9.2.0-1-amd64"))
    assert "The image is one of 9.2.0-1-amd64, and the source is 9.1.2" in refuse(
        tree, "--btf", image
    )
    other = tmp_path / "config"
    other.write_text(CONFIG.replace("9.1.2", "8.7.0"))
    assert "The configuration config is of 8.7.0" in refuse(tree, "--config", other)


def test_the_commit_of_a_checkout_is_kept(tree: Path) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(tree)]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["tag", "v9.1.2"]):
        subprocess.run([*command, *arguments], check=True, capture_output=True)
    (tree / SET_C).write_text(INCLUDES + id_set("one"))
    import_tree(tree)
    kept = Provenance.objects.get()
    assert (kept.description, kept.dirty) == ("v9.1.2", True)
    page = Client().get("/kernels/9.1/").content.decode()
    assert f"commit {kept.commit[:12]} (v9.1.2), with changes that were not committed" in page


def _patch(tree: Path) -> Path:
    before = (tree / SET_C).read_text().split("\n")
    line = next(number for number, text in enumerate(before, 1) if "two" in text)
    path = tree.parent / "fix.patch"
    old = before[line - 1]
    path.write_text(
        f"--- a/{SET_C}\n+++ b/{SET_C}\n@@ -{line} +{line} @@\n"
        f"-{old}\n+{old.replace('two', 'three')}\n"
    )
    return path


def test_a_patch_says_which_cells_flip_and_saves_nothing(tree: Path) -> None:
    said = import_tree(tree, "--patch", _patch(tree))
    assert "cells flip of" in said
    assert "kfuncs that come: three" in said
    assert "not on this kernel → allowed" in said
    assert not Kernel.objects.exists()
    found = json.loads(import_tree(tree, "--patch", _patch(tree), "--format", "json"))
    assert found["kfuncs_removed"] == ["two"]
    assert found["flipped"] == sum(flip["cells"] for flip in found["flips"]) > 0
    assert {flip["before"] for flip in found["flips"]} == {"allowed", "not_on_this_kernel"}


def test_a_patch_that_changes_nothing_says_so_and_a_named_one_is_saved(tree: Path) -> None:
    patch = tree.parent / "readme.patch"
    patch.write_text("--- /dev/null\n+++ b/net/other.h\n@@ -0,0 +1 @@\n+int x;\n")
    assert "No cell flips;" in import_tree(tree, "--patch", patch)
    import_tree(tree, "--patch", _patch(tree), "--name", "patched")
    assert {kfunc.name for kfunc in Kernel.objects.get().kfuncs.all()} == {"one", "three"}
