"""Which object a file becomes part of: the kernel, a module, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.config import read_config
from kfmap.kernel.kbuild import Kbuild
from kfmap.kernel.tree import Tree
from tests.kernel.small_kernel import write_tree


@pytest.mark.parametrize(
    ("makefile", "config", "owner"),
    [
        ("obj-y += set.o", "", "vmlinux"),
        ("obj-y := a.o \\\n\tset.o", "", "vmlinux"),
        ("obj-$(CONFIG_SET) += set.o", "CONFIG_SET=y", "vmlinux"),
        ("obj-$(CONFIG_SET) += set.o", "CONFIG_SET=m", "set"),
        ("obj-$(CONFIG_SET) += set.o", "", ""),
        ("obj-m += a-b.o\na-b-y := set.o", "", "a_b"),
        ("obj-$(CONFIG_A) += ab.o\nab-objs := x.o set.o", "CONFIG_A=m", "ab"),
        ("obj-y += ab.o\nab-$(CONFIG_SET) += set.o", "CONFIG_SET=y", "vmlinux"),
        ("obj-y += ab.o\nab-$(CONFIG_SET) += set.o", "", ""),
        ("ifeq ($(CONFIG_A),m)\nobj-m += set.o\nelse\nobj-y += set.o\nendif", "CONFIG_A=m", "set"),
        ("ifeq ($(CONFIG_A),m)\nobj-m += set.o\nelse\nobj-y += set.o\nendif", "", "vmlinux"),
        (
            "ifeq ($(CONFIG_A),m)\nobj-m += x.o\nelse ifeq ($(CONFIG_A),y)\nobj-y += set.o\nendif",
            "CONFIG_A=y",
            "vmlinux",
        ),
        ("ifdef CONFIG_A\nobj-y += set.o\nendif", "", ""),
        ("ifndef CONFIG_A\nobj-y += set.o\nendif", "", "vmlinux"),
        ("ifneq ($(CONFIG_A),)\nobj-y += set.o\nendif", "CONFIG_A=y", "vmlinux"),
        ("which := y\nobj-$(which) += set.o", "", "vmlinux"),
        ("# obj-y += set.o", "", ""),
        ("all:\n\tobj-y += set.o", "", ""),
        ("obj-y += $(patsubst %.c,%.o,set.c)", "", "vmlinux"),
    ],
)
def test_owner_follows_the_makefile(tmp_path: Path, makefile: str, config: str, owner: str) -> None:
    assert _owner(tmp_path, {"net/Makefile": makefile + "\n"}, f"CONFIG_NET=y\n{config}") == owner


@pytest.mark.parametrize(("list_", "owner"), [("obj-y", ""), ("obj-m", "set")])
def test_a_folder_that_is_a_module_has_modules_alone(
    tmp_path: Path, list_: str, owner: str
) -> None:
    files = {"Kbuild": "obj-$(CONFIG_NET) += net/\n", "net/Makefile": f"{list_} += set.o\n"}
    assert _owner(tmp_path, files, "CONFIG_NET=m") == owner


def test_a_folder_that_nothing_enters_is_not_built(tmp_path: Path) -> None:
    assert _owner(tmp_path, {"Kbuild": "obj-y += kernel/\n"}, "CONFIG_NET=y") == ""


def test_an_object_may_be_listed_by_a_makefile_above(tmp_path: Path) -> None:
    files = {"Kbuild": "obj-y += net/set.o\n", "net/Makefile": ""}
    assert _owner(tmp_path, files, "") == "vmlinux"


def test_every_option_on_builds_what_the_makefiles_list(tmp_path: Path) -> None:
    write_tree(tmp_path, {"net/Makefile": "obj-$(CONFIG_SET) += set.o\n", "net/set.c": ""})
    assert Kbuild(Tree(tmp_path), read_config(None)).owner("net/set.c") == "vmlinux"


def test_makefiles_that_name_each_other_come_to_an_end(tmp_path: Path) -> None:
    makefile = "obj-y += a.o\na-y := b.o\nb-y := a.o set.o\nx = $(y)\ny = $(x) $(x)\n"
    assert _owner(tmp_path, {"net/Makefile": makefile}, "CONFIG_NET=y") == "vmlinux"


def _owner(root: Path, files: dict[str, str], config: str) -> str:
    write_tree(root, {"net/set.c": "", **files})
    return Kbuild(Tree(root), read_config(config.encode())).owner("net/set.c")
