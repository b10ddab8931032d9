"""Find the source tree in what was given: a folder, a build folder, a repository, a package.

What has to be unpacked goes into a scratch folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from kfmap.archives.stream import ArchiveError, NoArchiveError
from kfmap.given import git
from kfmap.given.files import GivenError, check_file
from kfmap.given.package_patches import apply_package_patches, apply_series
from kfmap.given.unpacked import Source
from kfmap.given.unpacking import unpack_file, unpack_stream

_MOST_ARCHIVE = 4 << 30
_DSC_FILE = re.compile(r"^ [0-9a-f]{32,64} \d+ (\S+)$", re.M)
_MARK = "kernel/bpf/btf.c"
_OLD_MARK = "kernel/bpf/syscall.c"
_WHAT_A_TREE_IS = (
    "The tree is a folder, or an archive or package of one; an image, BTF or a configuration is "
    "given beside it."
)


def find_source(
    given: Path, scratch: Path, revision: str = "", build: Path | None = None
) -> Source:
    """Return the tree in what was given, unpacked under `scratch` where it has to be.

    `build` is the folder that make O= wrote to. Raises GivenError where there is no tree in it.
    """
    source = _find(given, scratch, revision)
    if not _is_tree(source.folder):
        raise GivenError(f"{given} {_say_what_it_is(source.folder)}")
    _find_built(source, build)
    return source


def _find(given: Path, scratch: Path, revision: str) -> Source:
    if given.is_dir():
        return _find_in_folder(given, scratch, revision)
    check_file(given, _MOST_ARCHIVE)
    try:
        if given.suffix == ".dsc":
            return _unpack_debian_source(given, scratch)
        unpack_file(given, scratch)
    except NoArchiveError as error:
        raise GivenError(f"{given} cannot be read: {error}. {_WHAT_A_TREE_IS}") from error
    except ArchiveError as error:
        raise GivenError(f"{given} cannot be read: {error}.") from error
    source = Source(_top_of(scratch), f"unpacked from {given.name}")
    if _is_tree(source.folder):
        apply_package_patches(source, scratch)
    return source


def _find_in_folder(given: Path, scratch: Path, revision: str) -> Source:
    if git.is_bare(given) or (revision and git.is_checkout(given)):
        with git.archived(given, revision or "HEAD") as stream:
            try:
                unpack_stream(stream, scratch)
            except ArchiveError as error:
                raise GivenError(f"{given} cannot be read: git archive: {error}.") from error
        commit = git.find_commit(given, revision or "HEAD")
        return Source(_top_of(scratch), f"{given}, {commit}", commit)
    link = given / "source"
    if not _is_tree(given) and link.is_dir() and _is_tree(link):  # make O= leaves this link
        source = Source(link.resolve(), f"{link.resolve()}, built in {given}")
        _find_built(source, given)
        return source
    if git.is_checkout(given):
        commit = git.find_commit(given)
        return Source(given, f"{given}, {commit}" if commit else str(given), commit)
    return Source(given, str(given))


def _find_built(source: Source, build: Path | None) -> None:
    """Find .config and vmlinux where the kernel was built: in the tree, or in a folder beside."""
    if build is not None and not build.is_dir():
        raise GivenError(f"{build} is not a folder: give the one that make O= wrote to.")
    for folder in (build, source.folder):
        if folder is None:
            continue
        if source.config is None and (folder / ".config").is_file():
            source.config = folder / ".config"
        if source.image is None and (folder / "vmlinux").is_file():
            source.image = folder / "vmlinux"
    if build is not None and source.config is None:
        raise GivenError(f"{build} has no .config: it is not a folder that make O= wrote to.")


def _is_tree(folder: Path) -> bool:
    return (folder / "Makefile").is_file() and any(
        (folder / mark).is_file() for mark in (_MARK, _OLD_MARK)
    )


def _say_what_it_is(folder: Path) -> str:
    trees = sorted(item.name for item in folder.iterdir() if _is_tree(item))
    if len(trees) > 1:
        return (
            f"has {len(trees)} kernel trees in it, such as {trees[0]} and {trees[1]}. Give one of "
            "them: its folder, or an archive of it alone."
        )
    if (folder / "include/generated").is_dir() or (folder / "Module.symvers").is_file():
        return (
            "has the headers that modules are built with, not the source: rules are in the .c "
            "files. Give the tree that the kernel was built from, or its source package."
        )
    return (
        f"is not a kernel tree with BPF: it lacks {_MARK}. Give the folder that has Makefile and "
        "kernel/ in it, an archive of it, or a source package; an image goes beside it."
    )


def _top_of(scratch: Path) -> Path:
    """Return the folder that has the tree: the archive's own top, or the only one in it."""
    folder = scratch
    for _ in range(4):
        if _is_tree(folder):
            return folder
        inner = [item for item in folder.iterdir() if item.is_dir()]
        likely = [item for item in inner if _is_tree(item)] or inner
        if len(likely) != 1:
            break
        folder = likely[0]
    return folder


def _unpack_debian_source(given: Path, scratch: Path) -> Source:
    """Unpack what a .dsc names: the tarball, and over it the patches of debian/patches/series."""
    names = dict.fromkeys(_DSC_FILE.findall(given.read_text(errors="replace")))
    wanted = [name for name in names if re.search(r"\.(orig|debian)\.tar\.|\.tar\.\w+$", name)]
    if not wanted:
        raise GivenError(f"{given} names no tarball: it does not describe a source package.")
    for name in sorted(wanted, key=lambda name: ".orig." not in name):
        path = given.parent / Path(name).name
        if not path.is_file():
            raise GivenError(f"{given} names {name}, which is not beside it: fetch it, too.")
        unpack_file(path, scratch)
    top = next((item for item in scratch.iterdir() if _is_tree(item)), scratch)
    source = Source(top, f"unpacked from {given.name}")
    if _is_tree(top):
        apply_series(source, scratch / "debian/patches")
    return source
