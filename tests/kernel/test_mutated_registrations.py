"""Registrations written in ways that the kernel does not use: right, or unknown with a line.

Each file of `mutated/` is one idiom. In all of them XDP and tc programs may call `one`, syscall
programs `two`. Those in `mutated/read` are read; the others are beyond what kfmap follows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts
from tests.kernel.mutated_tree import extract_text, find_wrong
from tests.kernel.small_kernel import BTF_C, INCLUDES

TRUTH = {"one": "XDP SCHED_CLS", "two": "SYSCALL"}
FOLDER = Path(__file__).with_name("mutated")


def _extract(root: Path, file: Path) -> tuple[KernelFacts, dict[str, str]]:
    text = file.read_text()
    kfuncs = {name: types for name, types in TRUTH.items() if name == "one" or "set_two" in text}
    return extract_text(root, text), kfuncs


@pytest.mark.parametrize("file", sorted(FOLDER.glob("read/*.c")), ids=lambda file: file.stem)
def test_an_idiom_that_can_be_read_is_right(tmp_path: Path, file: Path) -> None:
    facts, truth = _extract(tmp_path, file)
    assert find_wrong(facts, truth) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize("file", sorted(FOLDER.glob("unread/*.c")), ids=lambda file: file.stem)
def test_an_idiom_that_cannot_be_read_is_unknown_with_its_line(tmp_path: Path, file: Path) -> None:
    facts, truth = _extract(tmp_path, file)
    wrong, unknown = find_wrong(facts, truth)
    assert wrong == []
    assert {cell.split(":")[0] for cell in unknown} & {"one in XDP", "one in SCHED_CLS"}
    assert {item.place for item in facts.unread} <= {item.place for item in facts.not_understood}


def test_what_is_unknown_is_no_more_than_could_be_touched(tmp_path: Path) -> None:
    facts, truth = _extract(tmp_path, FOLDER / "unread/test_of_what_the_processor_has.c")
    _, unknown = find_wrong(facts, truth)
    assert {cell.split(":")[0] for cell in unknown} == {"one in XDP", "one in SCHED_CLS"}


HEADER = "include/linux/own_kfuncs.h"
CALLER = "obj-y += set.o user.o\n"


def _sets() -> str:
    text = (FOLDER / "read/pointer_to_a_set.c").read_text()
    return text[: text.index("static int __init")].replace("static const", "const")


INLINE = """\
static inline int own_register(void)
{
    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one) ?:
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one) ?:
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
"""
EXTERN = "extern const struct btf_kfunc_id_set id_one, id_two;\n"
GLOBAL = """\
int own_reg(enum bpf_prog_type type, const struct btf_kfunc_id_set *set)
{
    return register_btf_kfunc_id_set(type, set);
}
"""
USER = """\
#include <linux/own_kfuncs.h>
static int __init start(void)
{
    return own_register();
}
late_initcall(start);
"""
CALLS = """\
    return own_reg(BPF_PROG_TYPE_XDP, &id_one) ?: own_reg(BPF_PROG_TYPE_SCHED_CLS, &id_one) ?:
           own_reg(BPF_PROG_TYPE_SYSCALL, &id_two);
"""
START = "static int __init start(void)\n{\n" + CALLS + "}\nlate_initcall(start);\n"
MACRO = """\
#define OWN_REGISTER(one, two) \\
static int __init own_init(void) \\
{ \\
    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &one) ?: \\
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &one) ?: \\
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &two); \\
} \\
late_initcall(own_init)
"""


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("", {HEADER: EXTERN + INLINE, "net/user.c": USER, "net/Makefile": CALLER}),
        ("#include <linux/own_kfuncs.h>\nOWN_REGISTER(id_one, id_two);\n", {HEADER: MACRO}),
        (
            GLOBAL,
            {"net/user.c": "#include <linux/btf.h>\n" + EXTERN + START, "net/Makefile": CALLER},
        ),
    ],
    ids=["inline function", "macro", "function of another file"],
)
def test_registrations_through_a_header_or_another_file_are_right(
    tmp_path: Path, text: str, files: dict[str, str]
) -> None:
    facts = extract_text(tmp_path, _sets() + text, files)
    assert find_wrong(facts, TRUTH) == ([], [])
    assert facts.not_understood == ()


def test_an_inline_function_that_nothing_calls_registers_nothing(tmp_path: Path) -> None:
    files = {HEADER: EXTERN + INLINE}
    facts = extract_text(tmp_path, "#include <linux/own_kfuncs.h>\n" + _sets(), files)
    wrong, _ = find_wrong(facts, {"one": "", "two": ""})
    assert (wrong, facts.registrations) == ([], ())


def test_a_global_function_that_nothing_calls_is_in_doubt(tmp_path: Path) -> None:
    call = "register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one)"
    lost = f"int own_init(void)\n{{\n    return {call};\n}}\n"
    facts = extract_text(tmp_path, _sets() + lost)
    assert "nothing calls own_init()" in {item.text for item in facts.not_understood}
    assert find_wrong(facts, {"one": ""})[1] == ["one in XDP: unknown"]


KFUNC_SETS = """\
BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
"""
DENY = "static int deny(const struct bpf_prog *prog, u32 kfunc_id)\n{\n    return -EACCES;\n}\n"
FILTERED = "static const struct btf_kfunc_id_set id_one = {{ .filter = {}, .set = &set_one }};\n"
ID_TWO = "static const struct btf_kfunc_id_set id_two = { .set = &set_two };\n"
ID_SETS = FILTERED.format("NULL") + ID_TWO
BODY = """\
    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one) ?:
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one) ?:
           register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
"""
INIT = "static int __init __maybe_unused start(void)\n{\n" + BODY + "}\n"
ALL = KFUNC_SETS + ID_SETS + INIT + "late_initcall(start);\n"
KFUNC = "__bpf_kfunc void one(void)\n{\n}\n"
LIST = KFUNC_SETS.replace("BTF_ID_FLAGS(func, one)", '#include "own.h"')
ALIASED = ALL.replace("BTF_ID_FLAGS(func, one)", "OWN_ID(func, one)")


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (ALL.replace(KFUNC_SETS, '#include "own.h"\n'), {"net/own.h": KFUNC_SETS}),
        (ALL.replace(KFUNC_SETS, '#include "own.c"\n'), {"net/own.c": KFUNC_SETS}),
        (ALL.replace(KFUNC_SETS, LIST), {"net/own.h": "BTF_ID_FLAGS(func, one)\n"}),
        (KFUNC + '#include "own.h"\n', {"net/own.h": ALL}),
        ('#include "own.c"\n', {"net/own.c": ALL}),
        ("#define OWN_ID BTF_ID_FLAGS\n" + ALIASED, {}),
        (ALL.replace("late_initcall", "fs_initcall_sync"), {}),
        ("#define own_initcall(fn) late_initcall(fn)\n" + ALL.replace("late_", "own_"), {}),
    ],
    ids=[
        "sets in a header",
        "sets in a file",
        "entries in a header",
        "all in a header",
        "all in a file",
        "another name of BTF_ID_FLAGS",
        "another initcall",
        "initcall of a macro",
    ],
)
def test_what_stands_elsewhere_or_under_another_name_is_right(
    tmp_path: Path, text: str, files: dict[str, str]
) -> None:
    facts = extract_text(tmp_path, text, files)
    assert find_wrong(facts, TRUTH) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize(
    "named",
    [
        "&deny",
        "(btf_kfunc_filter_t)deny",
        "(deny)",
        "DENY",
        "OWN(deny)",
        "IS_ENABLED(CONFIG_NET) ? deny : NULL",
    ],
)
def test_a_filter_is_found_however_it_is_named(tmp_path: Path, named: str) -> None:
    macros = "#define DENY deny\n#define OWN(x) x\n" + DENY
    text = macros + ALL.replace(ID_SETS, FILTERED.format(named) + ID_TWO)
    facts = extract_text(tmp_path, text)
    assert find_wrong(facts, {"one": "", "two": "SYSCALL"}) == ([], [])
    assert facts.not_understood == ()


@pytest.mark.parametrize(
    "text",
    [
        ALL.replace("late_initcall", "module_exit"),
        "#define own_initcall(fn)\n" + ALL.replace("late_", "own_"),
    ],
    ids=["at exit", "macro that drops it"],
)
def test_what_is_run_at_exit_or_never_registers_nothing(tmp_path: Path, text: str) -> None:
    assert find_wrong(extract_text(tmp_path, text), {"one": "", "two": ""}) == ([], [])


MARKED = """
int register_btf_kfunc_id_set(enum bpf_prog_type type, const struct btf_kfunc_id_set *kset)
{
    if (!(kset->set->flags & BTF_SET8_KFUNCS))
        return -EINVAL;
    return 0;
}
"""


@pytest.mark.parametrize(
    ("text", "files", "line"),
    [
        (
            ALL.replace("BTF_ID_FLAGS(func, one)", "#if OWN(2)\nBTF_ID_FLAGS(func, one)\n#endif"),
            {},
            "#if OWN(2)",
        ),
        (
            ALL.replace("    return", "#if OWN(2)\n#else\n    return", 1).replace(
                "}\nlate", "#endif\n}\nlate"
            ),
            {},
            "#if OWN(2)",
        ),
        (
            ALL.replace("static int __init", "int __weak"),
            {
                "net/strong.c": INCLUDES + "int start(void)\n{\n    return 0;\n}\n",
                "net/Makefile": "obj-y += set.o strong.o\n",
            },
            "net/strong.c has another start()",
        ),
        (
            ALL.replace("BTF_KFUNCS", "BTF_SET8"),
            {"kernel/bpf/btf.c": BTF_C + MARKED},
            "set_one has no BTF_SET8_KFUNCS",
        ),
    ],
    ids=["entry behind an #if", "registration behind an #else", "weak function", "set of 6.1"],
)
def test_what_may_be_otherwise_is_unknown_with_its_line(
    tmp_path: Path, text: str, files: dict[str, str], line: str
) -> None:
    facts = extract_text(tmp_path, text, files)
    wrong, unknown = find_wrong(facts, TRUTH)
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    assert line in {item.text for item in facts.not_understood}
