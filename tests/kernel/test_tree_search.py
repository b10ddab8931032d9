"""Searching files: a word that is looked for first leaves out no file that the pattern finds."""

import re
from pathlib import Path

from kfmap.kernel.patched_tree import PatchedTree
from kfmap.kernel.tree import Tree

_PATTERN = re.compile(rb"register_btf_|BTF_KFUNCS_START")
_WORDS = (b"btf_", b"BTF_")


def test_search_with_words_finds_what_the_pattern_finds(tmp_path: Path) -> None:
    texts = ("int x;", "BTF_KFUNCS_START(a)", "register_btf_any();", "btf_other();", "")
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.h").write_text(text)
    tree = Tree(tmp_path)
    for number in range(len(texts)):
        file = f"{number}.h"
        assert tree.search(file, _PATTERN, _WORDS) == tree.search(file, _PATTERN)
    assert tree.search("1.h", _PATTERN, _WORDS) == b"BTF_KFUNCS_START(a)"


def test_search_sees_no_text_of_the_file_read_before(tmp_path: Path) -> None:
    (tmp_path / "long.h").write_text("int long_enough; BTF_KFUNCS_START(a)")
    (tmp_path / "short.h").write_text("int x;")
    tree = Tree(tmp_path)
    assert tree.search("long.h", _PATTERN, _WORDS)
    assert tree.search("short.h", _PATTERN, _WORDS) == b""


def test_search_of_a_patched_tree_takes_the_words_too(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("int x;")
    (tmp_path / "b.h").write_text("BTF_KFUNCS_START(b)")
    tree = PatchedTree(tmp_path, {"a.h": "BTF_KFUNCS_START(a)"})
    assert tree.search("a.h", _PATTERN, _WORDS) == b"BTF_KFUNCS_START(a)"
    assert tree.search("b.h", _PATTERN, _WORDS) == b"BTF_KFUNCS_START(b)"
