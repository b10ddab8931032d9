"""Makefiles written in ways that lost files without a word: right, or unknown with a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import CONFIG, FILES, INCLUDES, SET_C, extract, id_set

TRUTH = {"one": "XDP"}
LIBRARIES = FILES["Makefile"] + "libs-y := net/\nexport ARCH_LIB := $(filter %/,$(libs-y))\n"
LINKED = "$(patsubst %/, %/lib.a, $(filter %/, $(libs-y)))\n"
BELOW = {"Kbuild": "obj-y += kernel/ $(ARCH_LIB)\n"}


def _outside(makefile: str, top: str = "", scripts: str = "") -> dict[str, str]:
    """Return a Makefile that hangs on what others set."""
    return {
        "net/Makefile": makefile,
        "Makefile": FILES["Makefile"] + top,
        "scripts/Makefile.build": scripts,
    }


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
    "else of ifneq": {
        "net/Makefile": "ifneq ($(CONFIG_NET),y)\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n"
    },
    "list that grows in a condition": {
        "net/Makefile": "obj-y += all.o\nifeq ($(CONFIG_NET),y)\nall-y += set.o\nendif\n"
    },
    "addprefix": {"net/Makefile": "obj-y := $(addprefix s,et.o ome.o)\n"},
    "folders by addsuffix": {"Kbuild": "obj-y += $(addsuffix /,kernel net)\n"},
    "folders by foreach": {"Kbuild": "obj-y += $(foreach name,kernel net,$(name)/)\n"},
    "objs that grow": {"net/Makefile": "obj-y += all.o\nall-objs := a.o\nall-objs += set.o\n"},
    "objs of another list": {
        "net/Makefile": "obj-y += all.o\nown-$(CONFIG_NET) := set.o\nall-objs := $(own-y)\n"
    },
    "include by wildcard": {
        "net/Makefile": "include $(wildcard $(srctree)/$(src)/*.inc)\n",
        "net/own.inc": "obj-y += set.o\n",
    },
    "two includes": {
        "net/Makefile": "include $(src)/a.inc $(src)/b.inc\n",
        "net/a.inc": "name := set\n",
        "net/b.inc": "obj-y += $(name).o\n",
    },
    "computed variable": {"net/Makefile": "own_y := set.o\nobj-y += $(own_$(CONFIG_NET))\n"},
    "braces": {"net/Makefile": "own := set.o\nobj-${CONFIG_NET} += ${own}\n"},
    "define of lines": {"net/Makefile": "define own =\na.o\nset.o\nendef\nobj-y += $(own)\n"},
    "conditional assignment": {"net/Makefile": "own ?= set.o\nobj-y += $(own)\n"},
    "joined options": {
        "net/Makefile": "ifneq ($(CONFIG_NONE)$(CONFIG_NET),)\nobj-y += set.o\nendif\n"
    },
    "substituted option": {"net/Makefile": "obj-$(CONFIG_MODULE:m=y) += set.o\n"},
    "core-y of the top": {
        "Makefile": FILES["Makefile"] + "core-$(CONFIG_NET) += net/\n",
        "Kbuild": "obj-y += kernel/\n",
    },
    "Kbuild beside": {"net/Makefile": "obj-y += a.o\n", "net/Kbuild": "obj-y += set.o\n"},
    "library that is linked whole": {
        **BELOW,
        "Makefile": LIBRARIES + "KBUILD_VMLINUX_OBJS := built-in.a " + LINKED,
        "net/Makefile": "lib-y += set.o\n",
    },
    "library of what may be a module": {
        **BELOW,
        "Makefile": LIBRARIES + "ifdef CONFIG_NET\nKBUILD_VMLINUX_OBJS += " + LINKED + "endif\n",
        "net/Makefile": "lib-$(CONFIG_MODULE) += set.o\n",
    },
    "list of a library's folder": {
        **BELOW,
        "Makefile": LIBRARIES,
        "net/Makefile": "obj-y += set.o\n",
    },
    "undefined and defined": {
        "net/Makefile": "own := a.o\nundefine own\nown ?= set.o\nobj-y += $(own)\n"
    },
    "wordlist": {"net/Makefile": "obj-y += $(wordlist 2,3,a.o set.o b.o)\n"},
    "join": {"net/Makefile": "obj-y += $(join se a,t.o .o)\n"},
    "part by a path": {"Kbuild": "obj-y += kernel/ all.o\nall-y := net/set.o\n"},
    "object of a folder nobody enters": {"Kbuild": "obj-y += kernel/ $(addprefix net/,set.o)\n"},
    "flags of the compiler": {
        "net/Makefile": "ccflags-y += $(call cc-option,-Wx) $(shell date)\n"
        "CFLAGS_set.o := $(shell x)\nobj-y += set.o\n"
    },
    "one of two options": {"net/Makefile": "obj-$(CONFIG_NET)$(CONFIG_NONE) += set.o\n"},
    "ifneq of nothing": {"net/Makefile": "ifneq ($(CONFIG_NET),)\nobj-y += set.o\nendif\n"},
    "ifneq of two options": {
        "net/Makefile": "ifneq ($(CONFIG_NONE)$(CONFIG_NET),)\nobj-y += set.o\nendif\n"
    },
    "list that grows from a simple one": {"net/Makefile": "obj-y := a.o\nobj-y += set.o\n"},
    "part behind ifneq": {
        "net/Makefile": "obj-y += foo.o\nfoo-y := bar.o\nifneq ($(CONFIG_NET),n)\n"
        "foo-objs += set.o\n"
        ""
        "endif\n"
    },
    "two colons": {"net/Makefile": "obj-y ::= set.o\n"},
    "override": {"net/Makefile": "override obj-y := set.o\n"},
    "define that adds": {"net/Makefile": "define obj-y +=\nset.o\nendef\n"},
    "lastword": {"net/Makefile": "obj-y += $(lastword a.o set.o)\n"},
    "origin of an option": {
        "net/Makefile": "ifeq ($(origin CONFIG_NET),undefined)\nobj-y += a.o\nelse\n"
        "obj-y += set.o\nendif\n"
        ""
    },
    "option by a name": {
        "net/Makefile": "N := NET\nlist_y := set.o\nobj-y += $(list_$(CONFIG_$(N)))\n"
    },
    "option of the Makefile": {"net/Makefile": "CONFIG_OWN := y\nobj-$(CONFIG_OWN) += set.o\n"},
    "else ifdef": {
        "net/Makefile": "ifdef CONFIG_NONE\nobj-y += a.o\nelse ifdef CONFIG_NET\n"
        "obj-y += set.o\nendif\n"
        ""
    },
    "else ifeq": {
        "net/Makefile": "ifeq ($(CONFIG_NONE),y)\nobj-y += a.o\n"
        "else ifeq ($(CONFIG_NET),m)\nobj-y += b.o\n"
        ""
        "else\nobj-y += set.o\nendif\n"
    },
    "ifdef of what is empty": {
        "net/Makefile": "EMPTY :=\nifdef EMPTY\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n"
    },
    "architecture": {"net/Makefile": "ifeq ($(ARCH),x86)\nobj-y += set.o\nendif\n"},
    "variable of the build": {"net/Makefile": "ifdef KBUILD_BUILTIN\nobj-y += set.o\nendif\n"},
    "variable that nothing sets": {
        "net/Makefile": "ifdef nowhere\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n"
    },
    "modules from elsewhere": _outside(
        "ifeq ($(KBUILD_EXTMOD),)\nobj-y += set.o\nendif\n", "KBUILD_EXTMOD := $(M)\n"
    ),
    "list that begins empty": {
        "net/Makefile": "obj-y += set.o\n",
        "scripts/Makefile.build": "obj-y := \nobj-m := \n",
    },
    "folders that the top exports": {
        "Kbuild": "obj-y += kernel/ $(OWN)\n",
        "Makefile": FILES["Makefile"] + "export OWN := net/\n",
    },
    "variable that changes later": {"net/Makefile": "A = a.o\nobj-y += $(A)\nA = set.o\n"},
}
OFF = {
    "option": {"net/Makefile": "obj-$(CONFIG_NONE) += set.o\n"},
    "if": {"net/Makefile": "obj-$(if $(CONFIG_NONE),y) += set.o\n"},
    "else": {"net/Makefile": "ifdef CONFIG_NET\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n"},
    "folder": {"Kbuild": "obj-y += kernel/\nobj-$(CONFIG_NONE) += net/\n"},
    "part of a composite": {
        "net/Makefile": "obj-y += all.o\nall-y := a.o\nall-$(CONFIG_NONE) += set.o\n"
    },
    "part of a module in what is no module": {
        "net/Makefile": "obj-y += all.o\nall-y := a.o\nall-$(CONFIG_MODULE) += set.o\n"
    },
    "composite that is called like a list": {
        "net/Makefile": "obj-$(CONFIG_NONE) += net.o\nnet-y := set.o\n"
    },
    "parts in its place": {"net/Makefile": "obj-y += set.o\nset-y := other.o\n"},
    "list of what is no module in a module's folder": {
        "Kbuild": "obj-y += kernel/\nobj-$(CONFIG_MODULE) += net/\n"
    },
    "library that nothing links": {"net/Makefile": "lib-y += set.o\nobj-y += a.o\n"},
    "library of none": {
        **BELOW,
        "Makefile": LIBRARIES + "KBUILD_VMLINUX_OBJS := " + LINKED,
        "net/Makefile": "lib-$(CONFIG_NONE) += set.o\n",
    },
    "undefined": {"net/Makefile": "own := set.o\nundefine own\nobj-y += $(own)\nobj-n += set.o\n"},
    "list of none": {"net/Makefile": "obj-n += set.o\nobj-y += a.o\n"},
    "program of the host": {"net/Makefile": "hostprogs := set\nset-objs := set.o\nobj-y += a.o\n"},
    "extra": {"net/Makefile": "extra-y += set.o\nobj-y += a.o\n"},
    "named in an include": {
        "net/Makefile": "include $(src)/Makefile.extra\n",
        "net/Makefile.extra": "obj-$(CONFIG_NONE) += set.o\n",
    },
    "option that the Makefile turns off": {
        "net/Makefile": "override CONFIG_NET := n\nobj-$(CONFIG_NET) += set.o\n"
    },
    "part that is off": {
        "net/Makefile": "obj-$(CONFIG_NET) += foo.o\nfoo-y := bar.o\nfoo-$(CONFIG_NONE) += set.o\n"
    },
    "option that is turned around": {"net/Makefile": "obj-$(subst y,n,$(CONFIG_NET)) += set.o\n"},
    "always": {"net/Makefile": "always-y += set.o\nobj-y += a.o\n"},
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
    "eval of a template": {
        "net/Makefile": "define own\nobj-y += $(1).o\nendef\n$(eval $(call own,set))\n"
    },
    "library of what others refer to": {
        **BELOW,
        "Makefile": LIBRARIES + "KBUILD_VMLINUX_LIBS := " + LINKED,
        "net/Makefile": "lib-y += set.o\n",
    },
    "library that the top names": {
        "Makefile": FILES["Makefile"] + "libs-y += net/lib.a\n",
        "net/Makefile": "lib-y += set.o\n",
    },
    "comparison of numbers": {"net/Makefile": "obj-$(intcmp 64,32,n,n,y) += set.o\n"},
    "undefined perhaps": {
        "net/Makefile": "own := set.o\nifeq ($(shell x),y)\nundefine own\nendif\nobj-y += $(own)\n"
    },
    "folder of programs": {"Kbuild": "obj-y += kernel/\nsubdir-y += net\n"},
    "no Makefile": {"net/Makefile": "obj-y += other.o\n"},
    "no Makefile enters the folder": {"Kbuild": "obj-y += kernel/\n"},
    "list that was overridden": {"net/Makefile": "override obj-y := a.o\nobj-y += set.o\n"},
    "list that is begun anew": {"net/Makefile": "obj-y += set.o\nobj-y := a.o\n"},
    "let": {"net/Makefile": "obj-y += $(let a b,x set.o,$(b))\n"},
    "value": {"net/Makefile": "A = set.o\nobj-y += $(value A)\n"},
    "flavor": {"net/Makefile": "ifeq ($(flavor NOPE),undefined)\nobj-y += set.o\nendif\n"},
    "what is cleaned": {"net/Makefile": "clean-files := set.o\nobj-y += a.o\n"},
    "comment that goes on": {"net/Makefile": "obj-y += a.o # set.o \\\n  set.o\nobj-y += b.o\n"},
    "list of one target": {"net/Makefile": "obj-y += a.o\nall: obj-y += set.o\n"},
    "ifdef of what the top sets": _outside(
        "ifdef need-compiler\nobj-y += set.o\nendif\n", "need-compiler := 1\n"
    ),
    "list of the top": _outside("obj-y += $(OWN)\n", "export OWN := set.o\n"),
    "option of the top": _outside("obj-$(OWN) += set.o\n", "export OWN := y\n"),
    "option of the top with a default": _outside(
        "OWN ?= n\nobj-$(OWN) += set.o\n", "export OWN := y\n"
    ),
    "list of the top that grows": _outside(
        "OWN += a.o\nobj-y += $(OWN)\n", "export OWN := set.o\n"
    ),
    "lines of the top": _outside("obj-y += $(OWN)\n", "define OWN\nset.o\nendef\nexport OWN\n"),
    "origin of what the top sets": _outside(
        "ifeq ($(origin OWN),undefined)\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n",
        "export OWN := 1\n",
    ),
    "variable of a script": _outside(
        "ifeq ($(part-of-module),y)\nobj-y += a.o\nelse\nobj-y += set.o\nendif\n",
        scripts="part-of-module = $(if x,y)\n",
    ),
    "function of a script": _outside("obj-y += $(call own,set)\n", scripts="own = $(1).o\n"),
    "what a file sets that the top includes": {
        **_outside("ifdef OWN\nobj-y += set.o\nendif\n", "include $(srctree)/own.mk\n"),
        "own.mk": "export OWN := 1\n",
    },
    "what the architecture sets": {
        **_outside("ifdef OWN\nobj-y += set.o\nendif\n"),
        "arch/x86/Makefile": "export OWN := 1\n",
    },
    "what a command says": {"net/Makefile": "X != echo set.o\nobj-y += $(X)\n"},
}


@pytest.mark.parametrize("name", BUILT)
def test_a_file_is_found_however_the_makefile_names_it(tmp_path: Path, name: str) -> None:
    files = {SET_C: INCLUDES + id_set("one"), **BUILT[name]}
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_MODULE=m\n")
    assert find_wrong(facts, TRUTH) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", OFF)
def test_a_file_that_is_off_registers_nothing(tmp_path: Path, name: str) -> None:
    files = {SET_C: INCLUDES + id_set("one"), **OFF[name]}
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_MODULE=m\n")
    assert find_wrong(facts, {"one": ""}) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", PERHAPS)
def test_a_file_that_is_perhaps_built_is_unknown_with_its_line(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + id_set("one"), **PERHAPS[name]})
    wrong, unknown = find_wrong(facts, TRUTH)
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    (unread,) = facts.unread
    assert (unread.kfuncs, unread.text) == (("one",), SET_C)
