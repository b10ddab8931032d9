"""Patches are applied in memory, where their lines are."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.given.files import GivenError
from kfmap.given.patch import apply_patches

FILES = {"net/a.c": "one\ntwo\nthree\nfour\n", "net/b.c": "b\n"}
CHANGE = """\
From 1234 Mon Sep 17 00:00:00 2001
Subject: [PATCH] net: say 2

 net/a.c | 2 +-
diff --git a/net/a.c b/net/a.c
index 1..2 100644
--- a/net/a.c
+++ b/net/a.c
@@ -1,3 +1,3 @@
 one
-two
+2
 three
"""
MOVE = """\
diff --git a/net/b.c b/net/c.c
similarity index 50%
rename from net/b.c
rename to net/c.c
--- a/net/b.c
+++ b/net/c.c
@@ -1 +1,2 @@
 b
+c
"""
NEW = """\
--- /dev/null
+++ b/net/new.c
@@ -0,0 +1,2 @@
+int x;
+int y;
"""
GONE = """\
--- a/net/b.c
+++ /dev/null
@@ -1 +0,0 @@
-b
"""


def patched(tmp_path: Path, *texts: str) -> dict[str, str | None]:
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"{number}.patch")
        paths[-1].write_text(text)
    return apply_patches(paths, FILES.get)


def test_a_change_a_move_a_new_file_and_a_removal(tmp_path: Path) -> None:
    assert patched(tmp_path, CHANGE) == {"net/a.c": "one\n2\nthree\nfour\n"}
    assert patched(tmp_path, MOVE) == {"net/b.c": None, "net/c.c": "b\nc\n"}
    assert patched(tmp_path, NEW) == {"net/new.c": "int x;\nint y;\n"}
    assert patched(tmp_path, GONE) == {"net/b.c": None}


def test_patches_of_a_series_build_on_each_other(tmp_path: Path) -> None:
    second = CHANGE.replace("-two\n+2", "-2\n+zwei")
    assert patched(tmp_path, CHANGE, second) == {"net/a.c": "one\nzwei\nthree\nfour\n"}


def test_lines_are_found_where_they_moved_to(tmp_path: Path) -> None:
    text = CHANGE.replace("@@ -1,3 +1,3 @@", "@@ -40,3 +40,3 @@")
    assert patched(tmp_path, text) == {"net/a.c": "one\n2\nthree\nfour\n"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CHANGE.replace("-two", "-zwei"), "has other lines at line 1"),
        (CHANGE.replace("net/a.c", "net/none.c"), "which the tree does not have"),
        ("hello\n", "changes no file"),
        ("+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n", "is not a patch that can be read"),
        ("--- a/x.c\n+++ b/x.c\n@@ -1,9 +1,9 @@\n-a\n", "is not a patch that can be read"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(GivenError, match=reason):
        patched(tmp_path, text)


def test_a_name_that_leads_out_of_the_tree_is_left(tmp_path: Path) -> None:
    assert patched(tmp_path, NEW.replace("b/net/new.c", "b/../../etc/new.c")) == {}
