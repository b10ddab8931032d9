"""The tree is found in every form in which people have it, and nothing is written outside."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from kfmap.given.files import GivenError
from kfmap.given.source import find_source
from kfmap.kernel.extract import extract_kernel
from tests.archives.packages import make_deb, make_rpm, make_tar, make_zip
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "xz": lzma.compress,
    "gz": gzip.compress,
    "zst": zstandard.compress,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {SET_C: INCLUDES + id_set("one two")})


def files_of(tree: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(tree.rglob("*")) if path.is_file()]
    return {str(path.relative_to(tree)): path.read_bytes() for path in paths}


def kfuncs_in(given: Path, tmp_path: Path, revision: str = "") -> list[str]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = find_source(given, scratch, revision)
    return [kfunc.name for kfunc in extract_kernel(source.folder).kfuncs]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True
    )


def test_tarballs_in_a_package_are_counted_together(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = make_tar(files_of(tree), "linux")
    path = tmp_path / "linux.rpm"
    path.write_bytes(make_rpm({f"linux-{at}.tar": inner for at in range(3)}))
    monkeypatch.setattr("kfmap.given.unpacking._MOST_WRITTEN", 2 * len(files_of(tree)))
    (tmp_path / "scratch").mkdir()
    with pytest.raises(GivenError, match=r"cannot be read: it holds more files than any"):
        find_source(path, tmp_path / "scratch")


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_tarball_is_read(tree: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"linux-9.1.tar.{suffix}"
    path.write_bytes(PACKERS[suffix](make_tar(files_of(tree), "linux-9.1")))
    assert kfuncs_in(path, tmp_path) == ["one", "two"]


def test_a_zip_without_a_folder_of_its_own_is_read(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "linux.zip"
    path.write_bytes(make_zip(files_of(tree)))
    assert kfuncs_in(path, tmp_path) == ["one", "two"]


def test_a_file_that_is_larger_than_any_tree_is_named_before_it_is_written(
    tmp_path: Path,
) -> None:
    entry = tarfile.TarInfo("linux/Makefile")
    entry.size = 20 << 30
    path = tmp_path / "bomb.tar"
    path.write_bytes(entry.tobuf() + bytes(1024))
    with pytest.raises(GivenError, match="linux/Makefile in it is larger than any kernel tree"):
        find_source(path, tmp_path / "scratch")
    assert not list((tmp_path / "scratch").glob("**/Makefile"))


def test_two_trees_in_an_archive_are_named(tree: Path, tmp_path: Path) -> None:
    given = tmp_path / "both.tar"
    files = files_of(tree)
    given.write_bytes(
        make_tar({f"{top}/{n}": d for top in ("one", "two") for n, d in files.items()})
    )
    with pytest.raises(GivenError, match="has 2 kernel trees in it, such as one and two"):
        kfuncs_in(given, tmp_path)


def test_a_package_with_a_tarball_in_it_is_read(tree: Path, tmp_path: Path) -> None:
    """As Debian's linux-source packages and RPM's source packages are."""
    tarball = lzma.compress(make_tar(files_of(tree), "linux-source-9.1"))
    for make, inner in (
        (make_deb, "usr/src/linux-source-9.1.tar.xz"),
        (make_rpm, "linux-9.1.tar.xz"),
    ):
        folder = tmp_path / make.__name__
        folder.mkdir()
        path = folder / "package"
        path.write_bytes(make({inner: tarball, "kernel.spec": b"Name: kernel\n"}))
        assert kfuncs_in(path, folder) == ["one", "two"]


def test_a_package_with_the_files_themselves_is_read(tree: Path, tmp_path: Path) -> None:
    """As SUSE's kernel-source is."""
    files = {f"./usr/src/linux-9.1/{name}": data for name, data in files_of(tree).items()}
    path = tmp_path / "kernel-source.rpm"
    path.write_bytes(make_rpm(files))
    assert kfuncs_in(path, tmp_path) == ["one", "two"]


def test_a_debian_source_package_is_read_with_its_patches(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "linux_9.1.orig.tar.xz").write_bytes(
        lzma.compress(make_tar(files_of(tree), "linux-9.1"))
    )
    before = (tree / SET_C).read_text()
    after = before.replace("two", "three")
    line = next(n for n, text in enumerate(before.split("\n"), 1) if "two" in text)
    old, new = before.split("\n")[line - 1], after.split("\n")[line - 1]
    patch = f"--- a/{SET_C}\n+++ b/{SET_C}\n@@ -{line} +{line} @@\n-{old}\n+{new}\n"
    debian = {
        "debian/patches/series": b"# ours\nx/fix.patch\n",
        "debian/patches/x/fix.patch": patch.encode(),
    }
    (tmp_path / "linux_9.1-1.debian.tar.xz").write_bytes(lzma.compress(make_tar(debian)))
    names = ("linux_9.1.orig.tar.xz", "linux_9.1-1.debian.tar.xz")
    lines = "".join(f" {hashlib.md5(name.encode()).hexdigest()} 1 {name}\n" for name in names)
    dsc = tmp_path / "linux_9.1-1.dsc"
    dsc.write_text(f"Format: 3.0 (quilt)\nSource: linux\nFiles:\n{lines}")
    assert kfuncs_in(dsc, tmp_path) == ["one", "three"]


def test_a_checkout_says_its_commit_and_whether_it_is_clean(tree: Path, tmp_path: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "first")
    git(tree, "tag", "v9.1")
    source = find_source(tree, tmp_path)
    assert source.commit is not None
    assert (source.commit.description, source.commit.dirty) == ("v9.1", False)
    (tree / SET_C).write_text(INCLUDES + id_set("one"))
    changed = find_source(tree, tmp_path)
    assert changed.commit is not None
    assert changed.commit.dirty
    assert "not committed" in changed.what


def test_a_bare_clone_is_read_at_any_commit(tree: Path, tmp_path: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "first")
    (tree / SET_C).write_text(INCLUDES + id_set("three"))
    git(tree, "commit", "-qam", "second")
    bare = tmp_path / "linux.git"
    git(tmp_path, "clone", "-q", "--bare", str(tree), str(bare))
    assert kfuncs_in(bare, tmp_path) == ["three"]
    (tmp_path / "older").mkdir()
    assert kfuncs_in(bare, tmp_path / "older", "HEAD~1") == ["one", "two"]
    with pytest.raises(GivenError, match="no commit v1"):
        find_source(bare, tmp_path, "v1")


def test_a_folder_of_make_o_leads_to_its_source(tree: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "source").symlink_to(tree)
    (build / ".config").write_text("CONFIG_NET=y\n")
    (build / "vmlinux").write_bytes(b"x")
    source = find_source(build, tmp_path)
    assert (source.folder, source.config, source.image) == (
        tree.resolve(),
        build / ".config",
        build / "vmlinux",
    )
    beside = find_source(tree, tmp_path, build=build)
    assert (beside.config, beside.image) == (build / ".config", build / "vmlinux")


def test_names_in_an_archive_do_not_lead_out_of_it(tree: Path, tmp_path: Path) -> None:
    bad = {
        "../../evil.c": b"x",
        "/etc/evil.h": b"x",
        "a/../../evil.c": b"x",
        "dir.c/x.c": b"",
        "dir.c": b"",
    }
    path = tmp_path / "linux.tar"
    path.write_bytes(make_tar({**files_of(tree), **bad}))
    scratch = tmp_path / "a" / "b" / "scratch"
    scratch.mkdir(parents=True)
    with pytest.raises(GivenError, match=r"dir\.c in it cannot be written"):
        find_source(path, scratch)
    outside = [found for found in tmp_path.rglob("evil*") if scratch not in found.parents]
    assert not outside
    assert not Path("/etc/evil.h").exists()


@pytest.mark.parametrize("name", ["headers", "nothing", "text"])
def test_what_is_no_tree_is_named(tmp_path: Path, name: str) -> None:
    given = tmp_path / name
    given.mkdir()
    if name == "headers":
        (given / "Module.symvers").touch()
    if name == "text":
        given = given / "file"
        given.write_text("hello\n" * 200)
    reasons = {"headers": "headers that modules", "nothing": "it lacks", "text": "not an archive"}
    with pytest.raises(GivenError, match=reasons[name]):
        find_source(given, tmp_path / "scratch")
