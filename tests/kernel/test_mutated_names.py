"""Names that a file means otherwise than the kernel does: right, or unknown with a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import CONFIG, INCLUDES, SET_C, extract, id_set

OWN_H = "include/linux/own.h"
SET = id_set("one")
CALL = "ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);"
NO_QUESTION = "#undef IS_ENABLED\n#define IS_ENABLED(x) 0\n"


def _if(condition: str) -> str:
    return f"#if {condition}\n{SET}#endif\n"


def _in_code(condition: str) -> str:
    return SET.replace(CALL, f"if ({condition})\n {CALL}")


def _file(text: str) -> Mapping[str, str]:
    return {SET_C: INCLUDES + text}


def _header(header: str, text: str) -> Mapping[str, str]:
    return {OWN_H: header, SET_C: f"{INCLUDES}#include <linux/own.h>\n{text}"}


def _flags(line: str, text: str = SET) -> Mapping[str, str]:
    return {"net/Makefile": f"obj-y += set.o\n{line}\n", SET_C: INCLUDES + text}


READ = {
    "IS_ENABLED of what the file takes away": (
        _file("#undef CONFIG_NET\n" + _if("IS_ENABLED(CONFIG_NET)")),
        "",
    ),
    "IS_BUILTIN of what the file takes away": (
        _file("#undef CONFIG_NET\n" + _if("IS_BUILTIN(CONFIG_NET)")),
        "",
    ),
    "IS_ENABLED of a module whose option the file takes away": (
        _file("#undef CONFIG_MOD\n" + _if("IS_ENABLED(CONFIG_MOD)")),
        "XDP",
    ),
    "value of what the file takes away": (_file("#undef CONFIG_NET\n" + _if("CONFIG_NET")), ""),
    "IS_ENABLED of what the file defines": (
        _file("#define CONFIG_OWN 1\n" + _if("IS_ENABLED(CONFIG_OWN)")),
        "XDP",
    ),
    "IS_ENABLED of what the file defines as 0": (
        _file("#define CONFIG_OWN 0\n" + _if("IS_ENABLED(CONFIG_OWN)")),
        "",
    ),
    "IS_MODULE of what the file defines": (
        _file("#define CONFIG_OWN 1\n" + _if("IS_MODULE(CONFIG_OWN)")),
        "",
    ),
    "value of what the file defines": (
        _file("#define CONFIG_OWN 3\n" + _if("CONFIG_OWN == 3")),
        "XDP",
    ),
    "true is no macro": (_file(_if("true")), ""),
    "-D of what the file does not have": (_flags("ccflags-y += -DELSEWHERE=1"), "XDP"),
    "-D for sparse": (_flags("CHECKFLAGS += -Dlate_initcall=x"), "XDP"),
    "-D for the assembler": (_flags("asflags-y += -Dlate_initcall=x"), "XDP"),
    "-D for a program of the host": (_flags("HOSTCFLAGS_x.o += -Dlate_initcall=x"), "XDP"),
    "option of a header that the file does not ask for": (
        _header("#define CONFIG_OWN 1\n", SET),
        "XDP",
    ),
}
UNREAD = {
    "IS_ENABLED in code of what the file takes away": (
        _file("#undef CONFIG_NET\n" + _in_code("IS_ENABLED(CONFIG_NET)")),
        "",
    ),
    "IS_ENABLED in code of what the file defines": (
        _file("#define CONFIG_OWN 1\n" + _in_code("IS_ENABLED(CONFIG_OWN)")),
        "XDP",
    ),
    "IS_ENABLED that is redefined": (_file(NO_QUESTION + _if("IS_ENABLED(CONFIG_NET)")), ""),
    "IS_ENABLED in code that is redefined": (
        _file(NO_QUESTION + _in_code("IS_ENABLED(CONFIG_NET)")),
        "",
    ),
    "IS_ENABLED that a header redefines": (
        _header(NO_QUESTION, _if("IS_ENABLED(CONFIG_NET)")),
        "",
    ),
    "option that a header defines": (
        _header("#define CONFIG_OWN 1\n", _if("defined(CONFIG_OWN)")),
        "XDP",
    ),
    "option that a header defines, as a number": (
        _header("#undef CONFIG_N\n#define CONFIG_N 2\n", _if("CONFIG_N == 2")),
        "XDP",
    ),
    "option that a header defines, not": (
        _header("#define CONFIG_OWN 1\n", _if("!defined(CONFIG_OWN)")),
        "",
    ),
    "option that a header takes away": (
        _header("#undef CONFIG_NET\n", _if("defined(CONFIG_NET)")),
        "",
    ),
    "option in code that a header takes away": (
        _header("#undef CONFIG_NET\n", _in_code("IS_ENABLED(CONFIG_NET)")),
        "",
    ),
    "true": (_file("#define true 0\n" + _in_code("true")), ""),
    "true in an #if": (_file("#define true 1\n" + _if("true")), "XDP"),
    "true of a header": (_header("#define true 0\n", _in_code("true")), ""),
    "false": (_file("#define false 1\n" + _in_code("false")), "XDP"),
    "if": (_file("#define if(x) if (!(x))\n" + _in_code("true")), ""),
    "return": (_header("#define return for (;;)\n", SET), ""),
    "likely": (_file("#define likely(x) 0\n" + _in_code("likely(1)")), ""),
    "member of a kfunc id set": (_file("#define set owner\n" + SET), ""),
    "member of a program": (
        _file(
            "#define type expected_attach_type\n"
            + id_set("one", filter_="the_filter")
            + "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n"
            "{\n return prog->type == BPF_PROG_TYPE_XDP ? 0 : -EACCES;\n}\n"
        ),
        "",
    ),
    "-D of an initcall": (_flags("ccflags-y += -Dlate_initcall=static_assert"), ""),
    "-D of an initcall with an argument": (_flags("ccflags-y += '-Dlate_initcall(x)='"), ""),
    "-D for one file": (_flags("CFLAGS_set.o += -Dregister_btf_kfunc_id_set=pr_info"), ""),
    "-D of a program type": (
        _flags("ccflags-y += -DBPF_PROG_TYPE_XDP=BPF_PROG_TYPE_SCHED_CLS"),
        "SCHED_CLS",
    ),
    "-D of what a macro of the file stands for": (
        _flags(
            "ccflags-y += -DKIND=BPF_PROG_TYPE_XDP",
            "#define TYPE KIND\n" + SET.replace("BPF_PROG_TYPE_XDP", "TYPE"),
        ),
        "XDP",
    ),
    "-D of IS_ENABLED": (_flags("ccflags-y += '-DIS_ENABLED(x)=0'", _if("1")), "XDP"),
}


@pytest.mark.parametrize("name", READ)
def test_a_name_of_the_file_is_read_as_it_means_it(tmp_path: Path, name: str) -> None:
    files, truth = READ[name]
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_MOD=m\nCONFIG_N=1\n")
    assert find_wrong(facts, {"one": truth}) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", UNREAD)
def test_a_name_that_means_something_else_makes_unknown(tmp_path: Path, name: str) -> None:
    files, truth = UNREAD[name]
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_MOD=m\nCONFIG_N=1\n")
    wrong, unknown = find_wrong(facts, {"one": truth})
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    assert "registration in a file that defines a name otherwise" in {
        item.construct for item in facts.not_understood
    }


def test_a_kfunc_that_a_flag_renames_may_be_any(tmp_path: Path) -> None:
    facts = extract(tmp_path, _flags("ccflags-y += -Done=two"))
    wrong, unknown = find_wrong(facts, {"one": "", "two": "XDP"})
    assert wrong == []
    assert {"one in XDP: unknown", "two in XDP: unknown"} <= set(unknown)
    (problem,) = facts.not_understood
    assert (str(problem.place), problem.text) == ("net/Makefile:2", "-Done")
