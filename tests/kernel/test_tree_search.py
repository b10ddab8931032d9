"""Searching files: a word that is looked for first leaves out no file that the pattern finds."""

import re
from pathlib import Path

from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.patched_tree import PatchedTree
from kfmap.kernel.tree import Sought, Tree
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED
from tests.kernel.small_kernel import CONFIG, INCLUDES, id_set, write_tree

_PATTERN = re.compile(rb"register_btf_|BTF_KFUNCS_START")
_SOUGHT = Sought(_PATTERN, (b"btf_", b"BTF_"))


def test_search_with_words_finds_what_the_pattern_finds(tmp_path: Path) -> None:
    texts = ("int x;", "BTF_KFUNCS_START(a)", "register_btf_any();", "btf_other();", "")
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.h").write_text(text)
    tree = Tree(tmp_path)
    for number in range(len(texts)):
        file = f"{number}.h"
        assert tree.search(file, _SOUGHT) == tree.search(file, Sought(_PATTERN))
    assert tree.search("1.h", _SOUGHT) == b"BTF_KFUNCS_START(a)"


def test_search_finds_what_counts_as_well(tmp_path: Path) -> None:
    for name in ("a.c", "b.c"):
        (tmp_path / name).write_text("ALLOW(a)")
    for tree in (Tree(tmp_path), PatchedTree(tmp_path, {"b.c": "ALLOW(b)"})):
        assert tree.search("a.c", Sought(_PATTERN, also=b"ALLOW(")) == b"ALLOW(a)"
        assert tree.search("b.c", Sought(_PATTERN, also=b"DENY(")) == b""
    assert tree.search("b.c", Sought(_PATTERN, also=b"ALLOW(")) == b"ALLOW(b)"


def test_search_sees_no_text_of_the_file_read_before(tmp_path: Path) -> None:
    (tmp_path / "long.h").write_text("int long_enough; BTF_KFUNCS_START(a)")
    (tmp_path / "short.h").write_text("int x;")
    tree = Tree(tmp_path)
    assert tree.search("long.h", _SOUGHT)
    assert tree.search("short.h", _SOUGHT) == b""


def test_search_of_a_patched_tree_takes_the_words_too(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("int x;")
    (tmp_path / "b.h").write_text("BTF_KFUNCS_START(b)")
    tree = PatchedTree(tmp_path, {"a.h": "BTF_KFUNCS_START(a)"})
    assert tree.search("a.h", _SOUGHT) == b"BTF_KFUNCS_START(a)"
    assert tree.search("b.h", _SOUGHT) == b"BTF_KFUNCS_START(b)"


def test_a_patched_tree_has_the_headers_and_names_that_a_patch_adds(tmp_path: Path) -> None:
    folder = tmp_path / "include/net"
    folder.mkdir(parents=True)
    (folder / "old.h").write_text("")
    (folder / "gone.h").write_text("")
    changed = {"include/net/bpf/new.h": "x", "include/net/gone.h": None, "net/new.c": ""}
    tree = PatchedTree(tmp_path, changed)
    assert tree.find_headers_below("include") == ["include/net/bpf/new.h", "include/net/old.h"]
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
