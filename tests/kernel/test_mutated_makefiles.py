"""Makefiles written in ways that lost files without a word: right, or unknown with a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import CONFIG, INCLUDES, SET_C, extract, id_set

TRUTH = {"one": "XDP"}
BUILT = {
    "include": {
        "net/Makefile": "include $(src)/Makefile.extra\n",
        "net/Makefile.extra": "obj-y += set.o\n",
    },
    "include by srctree": {
        "net/Makefile": "include $(srctree)/$(src)/Makefile.extra\n",
        "net/Makefile.extra": "obj-y += set.o\n",
    },
    "optional include": {"net/Makefile": "obj-y += set.o\n-include $(src)/none.mk\n"},
    "patsubst": {"net/Makefile": "obj-y += $(patsubst %.c,%.o,set.c other.c)\n"},
    "suffixes": {"net/Makefile": "files := set.c\nobj-y += $(files:.c=.o)\n"},
    "addsuffix": {"net/Makefile": "obj-y += $(addsuffix .o,other set)\n"},
    "if in a name": {"net/Makefile": "obj-$(if $(CONFIG_NET),y) += set.o\n"},
    "if in a value": {"net/Makefile": "obj-y += $(if $(CONFIG_NET),set.o,other.o)\n"},
    "if with two options": {"net/Makefile": "obj-$(or $(CONFIG_NONE),$(CONFIG_NET)) += set.o\n"},
    "and": {"net/Makefile": "obj-$(and $(CONFIG_NET),y) += set.o\n"},
    "subst of m": {"net/Makefile": "obj-$(subst m,y,$(CONFIG_MODULE)) += set.o\n"},
    "composite": {
        "net/Makefile": "obj-$(CONFIG_NET) += all.o\nall-objs = a.o $(more)\nmore = set.o\n"
    },
    "composite of composites": {
        "net/Makefile": "obj-y += all.o\nall-y += some.o\nsome-$(CONFIG_NET) += set.o\n"
    },
    "list that is defined later": {"net/Makefile": "obj-y += $(later)\nlater := set.o\n"},
    "folder of a variable": {"Kbuild": "folders := kernel/ net/\nobj-y += $(folders)\n"},
    "foreach": {"net/Makefile": "obj-y += $(foreach name,other set,$(name).o)\n"},
    "wildcard": {
        "net/Makefile": "obj-y += $(patsubst %.c,%.o,$(notdir $(wildcard $(srctree)/$(src)/*.c)))\n"
    },
    "filter": {"net/Makefile": "all := set.o other.h\nobj-y += $(filter %.o,$(all))\n"},
    "filter-out": {"net/Makefile": "all := set.o other.o\nobj-y += $(filter-out other.o,$(all))\n"},
    "ifdef": {"net/Makefile": "ifdef CONFIG_NET\nobj-y += set.o\nendif\n"},
    "ifneq with filter": {
        "net/Makefile": "ifneq ($(filter y m,$(CONFIG_NET)),)\nobj-y += set.o\nendif\n"
    },
    "ifeq with quotes": {"net/Makefile": 'ifeq "$(CONFIG_NET)" "y"\nobj-y += set.o\nendif\n'},
    "nested conditions": {
        "net/Makefile": "ifdef CONFIG_NONE\nobj-y += a.o\nelse ifeq ($(CONFIG_NET),y)\n"
        "ifndef CONFIG_NONE\nobj-y += set.o\nendif\nelse\nobj-y += b.o\nendif\n"
    },
    "indented by a tab": {"net/Makefile": "ifdef CONFIG_NET\n\tobj-y += set.o\nendif\n"},
    "define and call": {"net/Makefile": "object = $(1).o\nobj-y += $(call object,set)\n"},
    "export": {"net/Makefile": "export extra := set.o\nobj-y += $(extra)\n"},
    "flags of the compiler": {
        "net/Makefile": "ccflags-y += $(call cc-option,-Wx) $(shell date)\n"
        "CFLAGS_set.o := $(shell x)\nobj-y += set.o\n"
    },
}
OFF = {
    "option": {"net/Makefile": "obj-$(CONFIG_NONE) += set.o\n"},
    "if": {"net/Makefile": "obj-$(if $(CONFIG_NONE),y) += set.o\n"},
    "else": {"net/Makefile": "ifdef CONFIG_NET\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n"},
    "folder": {"Kbuild": "obj-y += kernel/\nobj-$(CONFIG_NONE) += net/\n"},
    "named in an include": {
        "net/Makefile": "include $(src)/Makefile.extra\n",
        "net/Makefile.extra": "obj-$(CONFIG_NONE) += set.o\n",
    },
}
PERHAPS = {
    "shell": {"net/Makefile": "obj-y += $(shell ls *.o)\n"},
    "shell in a name": {"net/Makefile": "obj-$(shell echo y) += set.o\n"},
    "shell in a condition": {
        "net/Makefile": "ifeq ($(shell uname),Linux)\nobj-y += set.o\nendif\n"
    },
    "call of what is elsewhere": {"net/Makefile": "obj-y += $(call objects,set)\n"},
    "eval": {"net/Makefile": "$(eval obj-y += set.o)\n"},
    "include that is not there": {"net/Makefile": "include $(src)/Makefile.made\n"},
    "folder behind a shell": {"Kbuild": "obj-y += kernel/ $(shell find . -name net)/\n"},
    "folder beside": {"Kbuild": "obj-y += kernel/\n", "kernel/Makefile": "obj-y += bpf/ ../net/\n"},
    "no Makefile": {"net/Makefile": "obj-y += other.o\n"},
    "no Makefile enters the folder": {"Kbuild": "obj-y += kernel/\n"},
}


@pytest.mark.parametrize("name", BUILT)
def test_a_file_is_found_however_the_makefile_names_it(tmp_path: Path, name: str) -> None:
    files = {SET_C: INCLUDES + id_set("one"), **BUILT[name]}
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_MODULE=m\n")
    assert find_wrong(facts, TRUTH) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", OFF)
def test_a_file_that_is_off_registers_nothing(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + id_set("one"), **OFF[name]})
    assert find_wrong(facts, {"one": ""}) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", PERHAPS)
def test_a_file_that_is_perhaps_built_is_unknown_with_its_line(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + id_set("one"), **PERHAPS[name]})
    wrong, unknown = find_wrong(facts, TRUTH)
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    (unread,) = facts.unread
    assert (unread.kfuncs, unread.text) == (("one",), SET_C)
