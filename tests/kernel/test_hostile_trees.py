"""Trees made to do harm: each is read in bounded time and memory, or refused with the reason."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from kfmap.kernel.extract import TreeError
from kfmap.kernel.facts import KernelFacts
from tests.kernel.small_kernel import (
    FILES,
    INCLUDES,
    SET_C,
    extract,
    extract_set,
    id_set,
    write_tree,
)

_SECONDS = 20  # of CPU, far more than any of these takes: what is not bounded takes for ever
_MEGABYTES = 1_500


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    started = process_time()
    yield
    assert process_time() - started < _SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10 < _MEGABYTES


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "set.c").write_text(INCLUDES + id_set("stolen"))
    (outside / "secret.h").write_text("#define KF_SECRET 64\n")
    root = write_tree(tmp_path / "tree", {"net/Makefile": "obj-y += set.o in/\n"})
    (root / SET_C).symlink_to(outside / "set.c")
    (root / "net/in").symlink_to(outside)
    (root / "include/linux/secret.h").symlink_to(outside / "secret.h")
    (root / "include/linux/loop.h").symlink_to("loop.h")
    header = FILES["include/linux/btf.h"]
    includes = "#include <linux/secret.h>\n#include <linux/loop.h>\n"
    facts = extract(root, {"include/linux/btf.h": includes + header})
    assert facts.kfuncs == ()
    assert "KF_SECRET" not in {flag.name for flag in facts.kfunc_flags}


def test_a_huge_file_counts_as_missing(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one")})
    with (root / "net/huge.c").open("wb") as stream:
        stream.write(b"BTF_KFUNCS_START(x) btf_kfunc_id_set")
        os.truncate(stream.fileno(), 2 << 30)
    (root / "net/Makefile").write_text("obj-y += set.o huge.o\n")
    facts = extract(root, {SET_C: INCLUDES + id_set("one")})
    assert _names(facts) == ["one"]
    assert [str(p.place) for p in facts.not_understood] == ["net/huge.c:1"]


def test_pipes_and_folders_in_the_place_of_files_are_not_opened(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {})
    os.mkfifo(root / "net/pipe.c")
    (root / "net/folder.c").mkdir()
    assert _names(extract_set(root, id_set("one"))) == ["one"]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 200_000,
        "}" * 200_000,
        "(" * 200_000,
        "int f(void)\n{\n" + "if (x) {\n" * 50_000,
        "struct a {\n" * 20_000,
        "int x = " + "(" * 50_000 + "1" + ")" * 50_000 + ";\n",
        "/*" * 100_000,
        '"' * 200_001,
        "\\\n" * 100_000,
        "#define A(x) A(A(x))\n" * 10_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_a_file_out_of_balance_costs_itself_only(tmp_path: Path, text: str) -> None:
    files = {
        "net/Makefile": "obj-y += set.o odd.o\n",
        SET_C: INCLUDES + id_set("one"),
        "net/odd.c": "/* btf_kfunc_id_set */\n" + text,
    }
    assert _names(extract(tmp_path, files)) == ["one"]


_LONG = 80_000


@pytest.mark.parametrize(
    "line",
    [
        '"' + '\\"' * _LONG,
        "'" + "\\'" * _LONG,
        '"' + '\\"/**/' * (_LONG // 3),
        "{}" * _LONG,
        "x = {}" * (_LONG // 3),
        ")" * 2 * _LONG + "{",
        "(;)" * (_LONG // 2),
    ],
    ids=lambda line: line[:6],
)
def test_a_long_line_costs_what_its_length_does(tmp_path: Path, line: str) -> None:
    """160 kB took 93 s where every quote of a line was looked after to its end."""
    files = {
        "net/Makefile": "obj-y += set.o odd.o\n",
        SET_C: INCLUDES + id_set("one"),
        "net/odd.c": "/* btf_kfunc_id_set */\n" + line + "\n",
    }
    start = process_time()
    assert _names(extract(tmp_path, files)) == ["one"]
    assert process_time() - start < 5


def test_bytes_that_are_no_text_are_read_over(tmp_path: Path) -> None:
    text = INCLUDES.encode() + b'/* \xff\xfe\x00 */ char *s = "\x80";\n' + id_set("one").encode()
    assert _names(extract(tmp_path, {SET_C: text})) == ["one"]


def test_a_million_conditions_refuse_the_tree(tmp_path: Path) -> None:
    text = INCLUDES + id_set("one") + "#if X\n#endif\n" * 500_000
    with pytest.raises(TreeError, match=r"net/set\.c has more preprocessor lines"):
        extract(tmp_path, {SET_C: text})


def test_conditions_nested_without_end_are_read(tmp_path: Path) -> None:
    facts = extract_set(tmp_path, id_set("one") + "#if 1\n" * 100_000)
    assert _names(facts) == ["one"]


def test_a_condition_of_endless_depth_is_not_decided(tmp_path: Path) -> None:
    facts = extract_set(tmp_path, f"#if {'!' * 20_000}1\n#endif\n" + id_set("one"))
    assert _names(facts) == ["one"]


def test_macros_and_enumerators_that_name_themselves_have_no_value(tmp_path: Path) -> None:
    text = (
        "#define A B\n#define B A\n#define F(x) F(x + 1)\n"
        "enum { C = D, D = C, E = A + F(1) };\n"
        "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
        "    return A == 1 || C == 1 || F(1) == 1;\n}\n"
    )
    facts = extract_set(tmp_path, text + id_set("one", filter_="the_filter"))
    assert facts.not_understood != ()


def test_headers_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    files = {f"include/linux/h{n}.h": f"#include <linux/h{(n + 1) % 9}.h>\n" for n in range(9)}
    facts = extract(
        tmp_path, {**files, SET_C: "#include <linux/h0.h>\n" + INCLUDES + id_set("one")}
    )
    assert _names(facts) == ["one"]


def test_a_filter_whose_branches_double_is_cut_off(tmp_path: Path) -> None:
    branches = "    if (btf_id_set8_contains(&the_set, kfunc_id))\n        n = 1;\n" * 40
    text = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n    int n = 0;\n"
    text += branches + "    return n;\n}\n"
    facts = extract_set(tmp_path, text + id_set("one", filter_="the_filter"))
    assert "filter too large" in {problem.construct for problem in facts.not_understood}


def test_a_filter_of_endless_depth_is_not_understood(tmp_path: Path) -> None:
    text = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
    text += "    return " + "!" * 30_000 + "kfunc_id;\n}\n"
    facts = extract_set(tmp_path, text + id_set("one", filter_="the_filter"))
    assert facts.not_understood != ()


def test_a_long_chain_of_ifs_is_not_understood_rather_than_too_deep(tmp_path: Path) -> None:
    text = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
    text += "    if (prog->type == BPF_PROG_TYPE_LSM)\n        return 0;\n" * 3_000
    facts = extract_set(tmp_path, text + "    return 0;\n}\n" + id_set("one", filter_="the_filter"))
    assert "filter too large" in {problem.construct for problem in facts.not_understood}


def test_an_init_function_of_endless_depth_ends_the_run_not_the_program(tmp_path: Path) -> None:
    text = id_set("one")
    nested = (
        "    {" * 3_000 + "register_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &the_id_set);" + "}" * 3_000
    )
    text += f"static int more(void)\n{{\n{nested}\n}}\nlate_initcall(more);\n"
    facts = extract_set(tmp_path, text)
    assert "registering function" in {problem.construct for problem in facts.not_understood}


def test_a_makefile_that_grows_is_bounded(tmp_path: Path) -> None:
    lines = "x = a a a a\n" + "".join(f"x{n} = $(x{n - 1}) $(x{n - 1})\n" for n in range(1, 60))
    files = {"net/Makefile": lines.replace("x0", "x") + "obj-y += set.o\n"}
    assert _names(extract(tmp_path, {**files, SET_C: INCLUDES + id_set("one")})) == ["one"]


def test_a_makefile_without_end_refuses_the_tree(tmp_path: Path) -> None:
    files = {"net/Makefile": "obj-y += set.o\n" * 20_001, SET_C: INCLUDES + id_set("one")}
    with pytest.raises(TreeError, match="a Makefile of"):
        extract(tmp_path, files)


def test_headers_without_end_refuse_the_tree(tmp_path: Path) -> None:
    files = {f"include/linux/h{n}.h": f"#include <linux/h{n + 1}.h>\n" for n in range(4_100)}
    text = "#include <linux/h0.h>\n" + INCLUDES + id_set("one", filter_="the_filter")
    with pytest.raises(TreeError, match="includes more than 4,000 files"):
        extract(tmp_path, {**files, SET_C: text})


def _names(facts: KernelFacts) -> list[str]:
    return [kfunc.name for kfunc in facts.kfuncs]
