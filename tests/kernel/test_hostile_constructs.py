"""Constructs that grow without end: refused with the reason, or named as not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.tree import TreeError
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, extract_set, id_set, write_tree

FILTER = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n    %s\n}\n"
DEPTH = 40
DOUBLED = "".join(f"#define M{n}(x) (M{n + 1}(x + 1) + M{n + 1}(x))\n" for n in range(DEPTH))
GROWN = "".join(f"#define M{n}(x) M{n + 1}(x + x)\n" for n in range(DEPTH))
HELPERS = "".join(
    f"static bool h{n}(const struct bpf_prog *prog)\n"
    f"{{\n    return h{n + 1}(prog) || h{n + 1}(prog);\n}}\n"
    for n in range(DEPTH)
)


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ("", f"return {'(' * 500_000}1;"),
        ("", f"return {'- ' * 100_000}1;"),
        ("", f"return {' || '.join(['prog->type == BPF_PROG_TYPE_XDP'] * 20_000)};"),
        ("", f"return prog{'->aux->prog' * 20_000}->type;"),
        ("", "{" * 50_000 + "return 0;" + "}" * 50_000),
        ("", f"return {'prog->type == BPF_PROG_TYPE_XDP ? 1 : ' * 10_000}0;"),
        ("", "prog->aux = 0;\n" * 20_000 + "return 0;"),
        (HELPERS, "return h0(prog);"),
        ("#define M(x) M(M(x))\n", "return M(1);"),
        (f"#define A M0(1)\n{DOUBLED}", "return prog->type == A;"),
    ],
    ids=[
        "parentheses",
        "operators",
        "or",
        "fields",
        "blocks",
        "ternaries",
        "statements",
        "helpers",
        "macro of itself",
        "macros that double",
    ],
)
def test_a_filter_without_end_is_named_as_not_understood(
    tmp_path: Path, before: str, body: str
) -> None:
    text = before + FILTER % body + id_set("one", filter_="the_filter")
    facts = extract_set(tmp_path, text)
    line = next(problem.place for problem in facts.not_understood)
    assert line.file == SET_C
    assert [kfunc.name for kfunc in facts.kfuncs] == ["one"]


def test_a_condition_that_doubles_with_each_local_is_too_large(tmp_path: Path) -> None:
    locals_ = "bool x0 = prog->type == BPF_PROG_TYPE_XDP;\n" + "".join(
        f"bool x{n + 1} = x{n} ? prog->type == BPF_PROG_TYPE_LSM : !x{n};\n" for n in range(DEPTH)
    )
    text = FILTER % f"{locals_}return x{DEPTH};" + id_set("one", filter_="the_filter")
    (problem,) = extract_set(tmp_path, text).not_understood
    assert problem.construct == "condition too large"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("BTF_SET_START(s)\nBTF_SET_END(s)\n" * 600, "more than 500 sets"),
        ("BTF_SET_START(s)\n" + "BTF_ID(func, a)\n" * 4_000 + "BTF_SET_END(s)\n", "BTF ids"),
        ("BTF_SET_START(s)\n" + "word " * 11_000 + "BTF_SET_END(s)\n", "do not end"),
        ("#define X 1\n" * 200_002, "preprocessor lines"),
        (
            GROWN + "BTF_SET_START(s)\nM0(aaaaaaaaaaaaaaaaaaaaaa" + "a" * 99_999 + ")\n"
            "BTF_SET_END(s)\n",
            "expands to more",
        ),
        (
            "int f(void)\n{\n    register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);\n}\n"
            * 101,
            "functions that register",
        ),
        (
            "".join(f"#define M{n} M{n + 1} M{n + 1}\n" for n in range(20))
            + "BTF_SET_START(s)\nM0\nBTF_SET_END(s)\n",
            "macros in sets that do not end",
        ),
        (
            "int f(void)\n{\n    register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);\n"
            + "    f();\n" * 200_000
            + "}\n",
            "no kernel has such",
        ),
    ],
    ids=["sets", "members", "words", "directives", "macros", "functions", "nesting", "function"],
)
def test_a_file_unlike_any_kernel_refuses_the_tree(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(TreeError, match=reason):
        extract_set(tmp_path, text + id_set("one"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {})
    with (root / "net/huge.c").open("wb") as stream:
        stream.truncate(2 << 30)
    (root / "net/link.c").symlink_to("/etc/passwd")
    facts = extract(root, {SET_C: INCLUDES + id_set("one")})
    assert [(p.construct, p.place.file) for p in facts.not_understood] == [
        ("file that cannot be read", "net/huge.c"),
        ("file that cannot be read", "net/link.c"),
    ]


def test_labels_in_circles_end_the_run_of_an_init_function(tmp_path: Path) -> None:
    jumps = "".join(f"l{n}: if (x) goto l{n * 7 % 3_000};\n" for n in range(3_000))
    text = id_set("one") + f"static int more(void)\n{{\n{jumps}}}\nlate_initcall(more);\n"
    more = text.replace("l0:", "register_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &the_id_set);\nl0:")
    facts = extract_set(tmp_path, more)
    assert [p.construct for p in facts.not_understood] == ["registering function"]
    assert {r.program_type for r in facts.registrations} == {
        "BPF_PROG_TYPE_XDP",
        "BPF_PROG_TYPE_LSM",
    }


def test_a_registration_in_a_loop_is_named(tmp_path: Path) -> None:
    text = id_set("one") + (
        "static int more(void)\n{\n    int i;\n"
        "    for (i = 0; i < 3; i++)\n"
        "        register_btf_kfunc_id_set(types[i], sets[i]);\n"
        "    return 0;\n}\nlate_initcall(more);\n"
    )
    facts = extract_set(tmp_path, text)
    assert [p.construct for p in facts.not_understood] == ["registration"]
    assert len(facts.registrations) == 1
