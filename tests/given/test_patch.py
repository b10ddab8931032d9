"""Patches are applied in memory, where their lines are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kfmap.given.files import GivenError
from kfmap.given.patch import apply_patches
from tests.archives.packages import make_tar, make_zip

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
        (CHANGE.replace("-two\n+2", "-2\n+two"), "what the patch makes of them is there already"),
        (NEW.replace("net/new.c", "net/b.c"), "adds net/b.c, which the tree has already"),
        (MOVE.replace("net/c.c", "net/a.c"), "adds net/a.c, which the tree has already"),
        (
            "diff --git a/net/b.c b/net/b.c\nindex 1..2 100644\n"
            "GIT binary patch\nliteral 3\nKcmZQz\n\n" + CHANGE,
            "changes net/b.c as a binary file: write it with git diff --text",
        ),
        (
            "diff --cc net/a.c\nindex 1,2..3\n--- a/net/a.c\n+++ b/net/a.c\n"
            "@@@ -1,1 -1,1 +1,1 @@@\n- one\n -one\n++1\n",
            "is the diff of a merge against all its parents",
        ),
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


@pytest.mark.parametrize(
    "data",
    [
        CHANGE.replace("\n", "\r\n").encode(),
        gzip.compress(CHANGE.encode()),
        CHANGE.encode("utf-16"),
        b"\xef\xbb\xbf" + CHANGE.encode(),
        CHANGE.replace("a/net", "net").replace("b/net", "net").encode(),
    ],
    ids=["CRLF", "gzip", "UTF-16", "byte-order mark", "without prefixes"],
)
def test_a_patch_is_read_however_it_came(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.patch"
    path.write_bytes(data)
    assert apply_patches([path], FILES.get) == {"net/a.c": "one\n2\nthree\nfour\n"}


def test_a_mailbox_of_several_is_applied_in_its_order(tmp_path: Path) -> None:
    second = CHANGE.replace("-two\n+2", "-2\n+zwei")
    box = f"{CHANGE}-- \n2.1\n\n{second}-- \n2.1\n"
    assert patched(tmp_path, box) == {"net/a.c": "one\nzwei\nthree\nfour\n"}


def test_a_copy_leaves_what_it_is_a_copy_of(tmp_path: Path) -> None:
    text = (
        "diff --git a/net/b.c b/net/d.c\nsimilarity index 100%\n"
        "copy from net/b.c\ncopy to net/d.c\n"
    )
    assert patched(tmp_path, text) == {"net/d.c": "b\n"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_an_archive_of_patches_is_called_one(
    tmp_path: Path, make: Callable[..., bytes], pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "patches"
    path.write_bytes(pack(make({"0001.patch": b"--- a/x.c\n+++ b/x.c\n@@ -0,0 +1 @@\n+x\n"})))
    with pytest.raises(GivenError, match="is an archive: unpack it, and give the patches"):
        apply_patches([path], lambda name: None)
