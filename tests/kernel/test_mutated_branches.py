"""What hangs on macros of headers, and on #ifs that are not decided: right, or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

OWN_H = "include/linux/own.h"
OWN = "#include <linux/own.h>\n"
SET = id_set("one")
TYPED = SET.replace("BPF_PROG_TYPE_XDP", "TYPE")
TWO_TYPES = "#define TYPE BPF_PROG_TYPE_SCHED_CLS\n#else\n#define TYPE BPF_PROG_TYPE_XDP\n#endif\n"
FILTERED = id_set("one", filter_="the_filter")
FILTER = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
ALLOWS = FILTER + " return 0;\n}\n"
REFUSES = FILTER + " return -EACCES;\n}\n"
OPEN = "#if OWN_THING(3)\n"


def _with(header: str, text: str, **more: str) -> Mapping[str, str]:
    return {OWN_H: header, SET_C: INCLUDES + OWN + text, **more}


def _if(condition: str, text: str) -> str:
    return f"#if {condition}\n{text}#endif\n"


def _either(first: str, second: str) -> str:
    return f"{OPEN}{first}#else\n{second}#endif\n"


READ = {
    "#ifdef": _with("#define OWN 1\n", _if("defined(OWN)", SET)),
    "#ifdef of what an option defines": _with(
        _if("defined(CONFIG_NET)", "#define OWN\n"), _if("defined(OWN)", SET)
    ),
    "with an option": _with("#define OWN 1\n", _if("defined(OWN) && !defined(CONFIG_NONE)", SET)),
    "two headers away": _with(
        "#include <linux/further.h>\n",
        _if("defined(OWN)", SET),
        **{"include/linux/further.h": "#define OWN\n"},
    ),
    "macro that leads to another": _with(
        "#define HAVE 1\n", _if("defined(HAVE)", "#define OWN\n") + _if("defined(OWN)", SET)
    ),
    "entry of a set": _with(
        "#define OWN 1\n",
        SET.replace("BTF_ID_FLAGS(func, one)\n", _if("defined(OWN)", "BTF_ID_FLAGS(func, one)\n")),
    ),
    "option of the file itself": {
        SET_C: INCLUDES + "#define CONFIG_OWN 1\n" + _if("defined(CONFIG_OWN)", SET)
    },
}
LEFT_OUT = {
    "#ifndef": _with("#define OWN 1\n", _if("!defined(OWN)", SET)),
    "taken away by the header": _with("#define OWN 1\n#undef OWN\n", _if("defined(OWN)", SET)),
    "included after the #ifdef": {
        OWN_H: "#define OWN 1\n",
        SET_C: INCLUDES + _if("defined(OWN)", SET) + OWN,
    },
    "option that the file takes away": {
        SET_C: INCLUDES + "#undef CONFIG_NET\n" + _if("defined(CONFIG_NET)", SET)
    },
    "filter": _with(
        "#define OWN 1\n", FILTERED + _if("!defined(OWN)", ALLOWS) + _if("defined(OWN)", REFUSES)
    ),
}
UNREAD = {
    "type": ({SET_C: INCLUDES + OPEN + TWO_TYPES + TYPED}, "XDP"),
    "type in a header": (_with(OPEN + TWO_TYPES, TYPED), "XDP"),
    "type of a header by a macro of the file": (
        {OWN_H: "#ifndef WITH\n" + TWO_TYPES, SET_C: f"{INCLUDES}#define WITH\n{OWN}{TYPED}"},
        "XDP",
    ),
    "table of types": (
        {
            SET_C: INCLUDES
            + _either(
                "static const int types[] = { BPF_PROG_TYPE_SCHED_CLS };\n",
                "static const int types[] = { BPF_PROG_TYPE_XDP };\n",
            )
            + SET.replace("BPF_PROG_TYPE_XDP", "types[0]")
        },
        "XDP",
    ),
    "return": (
        {SET_C: INCLUDES + SET.replace("ret = 0;\n", f"ret = 0;\n{OPEN}return 0;\n#endif\n")},
        "XDP",
    ),
    "filter": ({SET_C: INCLUDES + FILTERED + _either(ALLOWS, REFUSES)}, ""),
    "predicate": (
        {
            SET_C: INCLUDES
            + _either(
                "static int no(void)\n{\n return 0;\n}\n",
                "static int no(void)\n{\n return 1;\n}\n",
            )
            + FILTERED
            + FILTER
            + " return no();\n}\n"
        },
        "",
    ),
    "number": (
        {
            SET_C: INCLUDES
            + _either("#define DENY 0\n", "#define DENY 1\n")
            + FILTERED
            + FILTER
            + " return -DENY;\n}\n"
        },
        "",
    ),
    "field of a kfunc id set": (
        {
            SET_C: INCLUDES
            + REFUSES
            + FILTERED.replace(
                "    .filter = the_filter,\n",
                _either("    .filter = NULL,\n", "    .filter = the_filter,\n"),
            )
        },
        "",
    ),
    "entries by a macro": (
        {
            SET_C: INCLUDES
            + "#define E(x) BTF_ID_FLAGS(func, x)\n"
            + _either("#define LIST E(three)\n", "#define LIST E(one)\n")
            + SET.replace("BTF_ID_FLAGS(func, one)", "LIST")
        },
        "XDP",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_macro_of_a_header_decides(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, READ[name])
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_a_macro_leaves_out_is_refused(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, LEFT_OUT[name])
    assert find_wrong(facts, {"one": ""}) == ([], [])


@pytest.mark.parametrize("name", UNREAD)
def test_what_stands_in_a_branch_that_is_in_doubt_is_unknown(tmp_path: Path, name: str) -> None:
    files, truth = UNREAD[name]
    facts = extract(tmp_path, files)
    wrong, unknown = find_wrong(facts, {"one": truth})
    assert "one in XDP: unknown" in [*wrong, *unknown]
    assert not [cell for cell in wrong if not cell.endswith("unknown")]
    assert facts.not_understood


def test_only_calls_in_a_branch_that_is_in_doubt_are_unknown(tmp_path: Path) -> None:
    call = "    ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &the_id_set);\n"
    text = id_set("one", types="XDP SYSCALL").replace(call, f"{OPEN}{call}#endif\n")
    facts = extract(tmp_path, {SET_C: INCLUDES + text + id_set("two").replace("the_", "other_")})
    wrong, unknown = find_wrong(facts, {"one": "XDP", "two": "XDP"})
    assert (wrong, unknown) == ([], ["one in SYSCALL: unknown"])
