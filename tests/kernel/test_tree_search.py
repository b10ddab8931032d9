"""Searching files: a word that is looked for first leaves out no file that the pattern finds."""

import re
from pathlib import Path

import pytest

from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.patched_tree import PatchedTree
from kfmap.kernel.sought import PIECE, Sought
from kfmap.kernel.tree import Tree
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED
from tests.kernel.small_kernel import CONFIG, INCLUDES, id_set, write_tree

_PATTERN = re.compile(rb"register_btf_|BTF_KFUNCS_START")
_SOUGHT = Sought(b"btf_", b"BTF_", pattern=_PATTERN)


def test_search_with_words_finds_what_the_pattern_finds(tmp_path: Path) -> None:
    texts = ("int x;", "BTF_KFUNCS_START(a)", "register_btf_any();", "btf_other();", "")
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.h").write_text(text)
    files = [f"{number}.h" for number in range(len(texts))]
    found = list(Tree(tmp_path).search(files, _SOUGHT))
    assert found == list(Tree(tmp_path).search(files, Sought(pattern=_PATTERN)))
    assert found == [("1.h", b"BTF_KFUNCS_START(a)"), ("2.h", b"register_btf_any();")]


def test_search_finds_any_of_some_words(tmp_path: Path) -> None:
    for name in ("a.c", "b.c"):
        (tmp_path / name).write_text("ALLOW(a)")
    changed = PatchedTree(tmp_path, {"b.c": "ALLOW(b)"})
    for tree in (Tree(tmp_path), changed):
        assert list(tree.search(["a.c"], Sought(b"btf_", b"ALLOW("))) == [("a.c", b"ALLOW(a)")]
        assert list(tree.search(["b.c"], Sought(b"btf_", b"DENY("))) == []
    assert list(changed.search(["b.c"], Sought(b"btf_", b"ALLOW("))) == [("b.c", b"ALLOW(b)")]


def test_search_looks_through_files_of_any_length_one_by_one(tmp_path: Path) -> None:
    names = [f"{number}.c" for number in range(20)]
    for number, name in enumerate(names):
        text = "int x;\n" * (number * 3_000) + ("BTF_one" if number % 3 == 0 else "BTF")
        (tmp_path / name).write_text(text)
    (tmp_path / "1.c").unlink()
    (tmp_path / "1.c").symlink_to("2.c")
    found = dict(Tree(tmp_path).search(names, Sought(b"BTF_")))
    assert {name: data for name, data in found.items() if data is None} == {"1.c": None}
    read = {name: data for name, data in found.items() if data is not None}
    assert sorted(read) == sorted(names[::3])
    assert all(data == (tmp_path / name).read_bytes() for name, data in read.items())


def test_a_word_across_two_files_is_in_neither(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int BTF_")
    (tmp_path / "b.c").write_text("KFUNCS_START")
    assert list(Tree(tmp_path).search(["a.c", "b.c"], Sought(b"BTF_KFUNCS_START"))) == []


@pytest.mark.parametrize("at", [0, PIECE - 2, PIECE, 2 * PIECE - 1, 3 * PIECE])
def test_a_word_is_found_wherever_pieces_of_a_large_file_meet(at: int) -> None:
    data = b"btf" * 200_000 + b"_" * 400_000
    assert not Sought(b"word", b"BTF_").is_in(data)
    assert Sought(b"word", b"BTF_").is_in(data[:at] + b"word" + data[at:])


def test_many_words_are_found_as_few_are() -> None:
    words = [f"word{number}".encode() for number in range(20)]
    for count in (1, 8, 9, 20):
        sought = Sought(*words[:count])
        assert all(sought.is_in(b"a " + word + b" b") for word in words[:count])
        assert not sought.is_in(b"wor d1 word word word")


def test_search_of_a_patched_tree_takes_the_words_too(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("int x;")
    (tmp_path / "b.h").write_text("BTF_KFUNCS_START(b)")
    tree = PatchedTree(tmp_path, {"a.h": "BTF_KFUNCS_START(a)"})
    assert sorted(tree.search(["a.h", "b.h"], _SOUGHT)) == [
        ("a.h", b"BTF_KFUNCS_START(a)"),
        ("b.h", b"BTF_KFUNCS_START(b)"),
    ]


def test_a_patched_tree_has_the_headers_and_names_that_a_patch_adds(tmp_path: Path) -> None:
    folder = tmp_path / "include/net"
    folder.mkdir(parents=True)
    (folder / "old.h").write_text("")
    (folder / "gone.h").write_text("")
    changed = {"include/net/bpf/new.h": "x", "include/net/gone.h": None, "net/new.c": ""}
    tree = PatchedTree(tmp_path, changed)
    assert tree.find_all_headers("x86") == ["include/net/bpf/new.h", "include/net/old.h"]
    assert tree.names_in("include/net") == ["bpf", "old.h"]
    assert tree.names_in("net") == ["new.c"]
    assert "net" in tree.names_in("")


def test_a_kfunc_in_a_header_that_a_patch_adds_is_found(tmp_path: Path) -> None:
    header = "static inline int add_it(void)\n{\n" + (
        "    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);\n}\n"
    )
    body = id_set("one").split("static int __init")[0]
    user = "#include <net/more/adds.h>\nstatic int __init go(void)\n{\n    return add_it();\n}\n"
    write_tree(tmp_path, {"net/set.c": ""})
    changed: dict[str, str | None] = {
        "include/net/more/adds.h": header,
        "net/set.c": INCLUDES + body + user + "late_initcall(go);\n",
    }
    facts = extract_kernel(PatchedTree(tmp_path, changed), config=CONFIG)
    assert [kfunc.name for kfunc in facts.kfuncs] == ["one"]
    assert Decider(facts).decide(Context("BPF_PROG_TYPE_XDP"), "one").verdict == ALLOWED
