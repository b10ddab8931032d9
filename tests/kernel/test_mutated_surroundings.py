"""Registrations that hang on what stands outside of their file: right, or unknown with a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

OWN_H = "include/linux/own.h"
ADDS = """\
int own_add(const struct btf_kfunc_id_set *s)
{
    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, s);
}
"""
SETS = id_set("one").partition("static int __init")[0]
START = "static int __init start(void)\n{{\n    {}\n}}\nlate_initcall(start);\n"
GLOBAL = id_set("one").replace("late_initcall(the_init);\n", "").replace("static int __init", "int")
WEAK = GLOBAL.replace("int the_init", "int __weak the_init") + START.format("return the_init();")
STRONG = "int the_init(void)\n{\n    return 0;\n}\n"
BEHIND = f"#ifdef WITH\n{id_set('one')}#endif\n"
PART = "net/part.c"
BOTH = "obj-y += set.o other.o\n"


def _own(header: str, call: str) -> Mapping[str, str]:
    text = f"{INCLUDES}#include <linux/own.h>\n{SETS}{START.format(f'return {call};')}"
    return {OWN_H: header, SET_C: text}


def _flags(line: str, **more: str) -> Mapping[str, str]:
    return {"net/Makefile": f"obj-y += set.o\n{line}\n", SET_C: INCLUDES + BEHIND, **more}


READ = {
    "wrapper in a header": _own(f"static inline {ADDS}", "own_add(&the_id_set)"),
    "wrapper of a wrapper in a header": _own(
        f"static inline {ADDS}static inline int own_all(const struct btf_kfunc_id_set *s)\n"
        "{\n    return own_add(s);\n}\n",
        "own_all(&the_id_set)",
    ),
}
UNREAD = {
    "-D of its Makefile": _flags("CFLAGS_set.o += -DWITH"),
    "-D of a name that make puts together": _flags("N := WITH\nccflags-y += -D$(N)"),
    "-D in quotes": _flags("ccflags-y += -D'WITH'"),
    "-D as a prefix": _flags("ccflags-y += $(addprefix -D,WITH)"),
    "-D of a Makefile that is included": _flags(
        "include $(src)/flags.mk", **{"net/flags.mk": "ccflags-y += -DWITH\n"}
    ),
    "-D of the architecture": _flags("", **{"arch/x86/Makefile": "KBUILD_CFLAGS += -DWITH\n"}),
    "-imacros": _flags("ccflags-y += -imacros $(src)/own.h", **{"net/own.h": "#define WITH 1\n"}),
    "-include of what includes": _flags(
        "ccflags-y += -include $(src)/own.h",
        **{"net/own.h": '#include "own2.h"\n', "net/own2.h": "#define WITH 1\n"},
    ),
    "-D that a header asks for": {
        "net/Makefile": "obj-y += set.o\nccflags-y += -DWITH\n",
        OWN_H: "#ifdef WITH\n#define TYPE BPF_PROG_TYPE_XDP\n#else\n"
        "#define TYPE BPF_PROG_TYPE_SCHED_CLS\n#endif\n",
        SET_C: f"{INCLUDES}#include <linux/own.h>\n"
        + id_set("one").replace("BPF_PROG_TYPE_XDP", "TYPE"),
    },
    "-D for folders below": {
        "net/Makefile": "obj-y += sub/\nsubdir-ccflags-y += -DWITH=1\n",
        "net/sub/Makefile": "obj-y += set.o\n",
        "net/sub/set.c": INCLUDES + BEHIND,
        SET_C: "int x;\n",
    },
    "-include": _flags("ccflags-y += -include $(src)/own.h", **{"net/own.h": "#define WITH 1\n"}),
    "macro of the file that includes it": {
        SET_C: f'{INCLUDES}#define WITH 1\n#include "part.c"\n',
        PART: BEHIND,
    },
    "file that a macro names": {
        SET_C: f'{INCLUDES}#define PART "part.c"\n#include PART\n',
        PART: id_set("one"),
    },
    "weak function": {"net/Makefile": BOTH, SET_C: INCLUDES + WEAK, "net/other.c": STRONG},
    "weak kfunc id set": {
        "net/Makefile": BOTH,
        SET_C: INCLUDES + id_set("one").replace("static const struct", "__weak struct"),
    },
    "name that a macro pastes": {
        SET_C: INCLUDES + "#define own_driver(name) static int __init name##_go(void) "
        "{ return name##_init(); } late_initcall(name##_go)\n"
        + id_set("one").replace("late_initcall(the_init);\n", "own_driver(the);\n")
    },
    "IS_REACHABLE of a module": {
        SET_C: f"{INCLUDES}#if IS_REACHABLE(CONFIG_MOD)\n{id_set('one')}#endif\n"
    },
}


CONFIGS = {
    b"CONFIG_NET=y\nCONFIG_WITH=y\n": "XDP",
    b"CONFIG_NET=y\r\nCONFIG_WITH=y\r\n": "XDP",
    b"\xef\xbb\xbfCONFIG_NET=y \nCONFIG_WITH=y\t\n": "XDP",
    b"CONFIG_NET=y\n# CONFIG_WITH is not set\nCONFIG_WITH=y\n": "XDP",
    b"CONFIG_NET=y\nCONFIG_WITH=y\n# CONFIG_WITH is not set\n": "",
    b"CONFIG_NET=y\nCONFIG_WITH=n\n": "",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_an_option_is_what_the_last_line_on_it_says(tmp_path: Path, config: bytes) -> None:
    text = INCLUDES + BEHIND.replace("WITH", "CONFIG_WITH")
    assert find_wrong(extract(tmp_path, {SET_C: text}, config), {"one": CONFIGS[config]}) == (
        [],
        [],
    )


@pytest.mark.parametrize(("option", "allowed"), [("y", ""), ("m", "XDP")])
def test_a_module_is_compiled_as_one(tmp_path: Path, option: str, allowed: str) -> None:
    files = {
        "net/Makefile": "obj-$(CONFIG_MOD) += set.o\n",
        SET_C: INCLUDES + BEHIND.replace("WITH", "MODULE"),
    }
    facts = extract(tmp_path, files, f"CONFIG_NET=y\nCONFIG_MOD={option}\n".encode())
    assert find_wrong(facts, {"one": allowed}) == ([], [])


def test_a_header_may_be_in_a_folder_of_a_makefile(tmp_path: Path) -> None:
    files = {
        "net/Makefile": "obj-y += set.o\nccflags-y += -I$(src)/inc\n",
        "net/inc/own.h": "#define TYPE BPF_PROG_TYPE_XDP\n",
        SET_C: f"{INCLUDES}#include <own.h>\n" + id_set("one").replace("BPF_PROG_TYPE_XDP", "TYPE"),
    }
    assert find_wrong(extract(tmp_path, files), {"one": "XDP"}) == ([], [])


@pytest.mark.parametrize("name", READ)
def test_what_can_be_followed_is_right(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, READ[name], b"CONFIG_NET=y\nCONFIG_MOD=m\n")
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_decided_elsewhere_is_unknown(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, UNREAD[name], b"CONFIG_NET=y\nCONFIG_MOD=m\n")
    wrong, unknown = find_wrong(facts, {"one": "XDP"})
    assert wrong == []
    assert "one in XDP: unknown" in unknown
