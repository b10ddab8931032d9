"""What a source package applies is applied, in its order; what is not understood is a doubt."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from kfmap.given.files import GivenError
from kfmap.given.read import DoubtError, Given, read_given
from kfmap.given.source import find_source
from kfmap.given.spec import read_spec
from kfmap.given.unpacked import Source
from kfmap.kernel.extract import extract_kernel
from tests.archives.packages import make_rpm, make_tar
from tests.given.test_source import files_of
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree

TAGS = "Name: kernel\nVersion: 9.1\nPatch1: %{name}-a.patch\nPatch2: b.patch\nPatch10: c.patch\n"


def write_package(tmp_path: Path, spec: str, **patches: str) -> Path:
    tree = write_tree(tmp_path / "tree", {SET_C: INCLUDES + id_set("one two")})
    tarball = lzma.compress(make_tar(files_of(tree), "linux-9.1"))
    files = {f"{name}.patch": text.encode() for name, text in patches.items()}
    path = tmp_path / "kernel-9.1-1.src.rpm"
    path.write_bytes(make_rpm({"linux-9.1.tar.xz": tarball, "kernel.spec": spec.encode(), **files}))
    return path


def rename(tmp_path: Path, old: str, new: str, before: str = "one two") -> str:
    """Return a patch that gives a kfunc another name."""
    lines = (INCLUDES + id_set(before)).split("\n")
    at = next(number for number, line in enumerate(lines) if f"func, {old})" in line)
    return (
        f"--- a/{SET_C}\n+++ b/{SET_C}\n@@ -{at + 1} +{at + 1} @@\n"
        f"-{lines[at]}\n+{lines[at].replace(old, new)}\n"
    )


def read(given: Path, tmp_path: Path) -> tuple[Source, list[str]]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = find_source(given, scratch)
    return source, [kfunc.name for kfunc in extract_kernel(source.folder).kfuncs]


def test_patches_of_a_source_rpm_are_applied_in_the_order_of_its_spec(tmp_path: Path) -> None:
    spec = "Patch1: first.patch\nPatch2: second.patch\n%prep\n%setup -q\n%patch 1 -p1\n%patch 2\n"
    given = write_package(
        tmp_path,
        spec,
        first=rename(tmp_path, "two", "three"),
        second=rename(tmp_path, "three", "four", "one three"),
        unused=rename(tmp_path, "one", "nine"),
    )
    source, kfuncs = read(given, tmp_path)
    assert kfuncs == ["four", "one"]
    assert source.what == "unpacked from kernel-9.1-1.src.rpm with 2 patches"
    assert not source.doubts


@pytest.mark.parametrize(
    ("prep", "applied"),
    [
        ("%autosetup -p1", ["kernel-a.patch", "b.patch", "c.patch"]),
        ("%autosetup -N", []),
        ("%setup\n%autopatch -p1 -m 2", ["b.patch", "c.patch"]),
        ("%autopatch -M 2", ["kernel-a.patch", "b.patch"]),
        ("%patch10 -p1\n%patch1 -p1", ["c.patch", "kernel-a.patch"]),
        ("%patch -P 2 -p1\n%patch -P10", ["b.patch", "c.patch"]),
        ("ApplyOptionalPatch b.patch\nApplyPatch %{name}-a.patch", ["b.patch", "kernel-a.patch"]),
        ("ApplyPatch()\n{\n  patch -p1 < $1\n}\nApplyPatch c.patch", ["c.patch"]),
        ("git am %{patches}", ["kernel-a.patch", "b.patch", "c.patch"]),
        ("patch -p1 < %{PATCH2}", ["b.patch"]),
        ("%if 0\n%patch1\n%else\n%patch2\n%endif", ["b.patch"]),
        ("%if 0%{?rhel}\n%patch1\n%endif\n%patch2", ["b.patch"]),
        ("%if !0%{?rhel}\n%patch1\n%endif", ["kernel-a.patch"]),
        ("%ifarch aarch64\n%patch1\n%endif\n%ifnarch s390x\n%patch2\n%endif", ["b.patch"]),
        ("# %patch1\n%patch2", ["b.patch"]),
        ("%setup -q\n%build\n%patch1", []),
    ],
)
def test_a_spec_tells_which_patches_are_applied(prep: str, applied: list[str]) -> None:
    spec = read_spec(f"{TAGS}%prep\n{prep}\n%build\nmake\n")
    assert (spec.patches, spec.unread) == (applied, [])


@pytest.mark.parametrize(
    "prep",
    [
        "for p in $(cat series); do patch -p1 < $p; done",
        "%if %{with_more}\n%patch1\n%endif",
        "quilt push -a",
        "git am $RPM_SOURCE_DIR/*.patch",
        "%_sourcedir/apply-patches %_sourcedir/series.conf ..",
    ],
)
def test_what_a_spec_may_apply_is_not_known(prep: str) -> None:
    assert read_spec(f"{TAGS}%prep\n{prep}\n").unread


def test_a_patch_that_is_not_known_of_is_a_doubt(tmp_path: Path) -> None:
    spec = "Patch1: a.patch\n%prep\n%if %{perhaps}\n%patch1\n%endif\n"
    given = write_package(tmp_path, spec, a=rename(tmp_path, "two", "three"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(DoubtError, match=r"which patches kernel\.spec applies: %patch1"):
        read_given(Given(given), scratch)
    (tmp_path / "again").mkdir()
    found = read_given(Given(given, anyway=True), tmp_path / "again")
    assert [kfunc.name for kfunc in found.facts.kfuncs] == ["one", "two"]
    assert "which patches kernel.spec applies" in found.doubts[0]


def test_a_patch_that_the_package_lacks_is_a_doubt(tmp_path: Path) -> None:
    spec = "Patch1: a.patch\nPatch2: gone.patch\n%prep\n%autosetup\n"
    given = write_package(tmp_path, spec, a=rename(tmp_path, "two", "three"))
    source, kfuncs = read(given, tmp_path)
    assert kfuncs == ["one", "three"]
    assert source.doubts == [
        "1 of the 2 patches that the package applies are not in it: gone.patch"
    ]


def test_a_patch_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    patch = rename(tmp_path, "one", "nine").replace("-BTF_ID_FLAGS", "-BTF_ID_OTHER")
    given = write_package(tmp_path, "Patch1: a.patch\n%prep\n%autosetup\n", a=patch)
    with pytest.raises(GivenError, match="does not fit"):
        read(given, tmp_path)


def test_an_empty_patch_and_one_of_a_folder_that_is_not_unpacked_change_nothing(
    tmp_path: Path,
) -> None:
    elsewhere = "--- a/tools/x.c\n+++ b/tools/x.c\n@@ -1 +1 @@\n-a\n+b\n"
    spec = "Patch1: a.patch\nPatch2: b.patch\n%prep\n%autosetup\n"
    given = write_package(tmp_path, spec, a="", b=elsewhere)
    source, kfuncs = read(given, tmp_path)
    assert (kfuncs, source.doubts) == (["one", "two"], [])


def test_macros_without_end_end() -> None:
    text = "%global a %{b}%{b}\n%global b %{a}%{a}\nPatch1: %{a}\n%prep\n%patch1\n"
    assert len(read_spec(text).patches) == 1
