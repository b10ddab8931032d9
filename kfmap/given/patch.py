"""Apply patches to the text of a tree, in memory: the files they change, as they are afterwards.

Takes what git diff, git format-patch and diff -u write. Lines are found where the patch says or, as
patch(1) does, at the nearest place where they are; context has to be equal.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path

import unidiff

from kfmap.given.files import GivenError, read_file

_MOST = 64 << 20
_MOST_FILES = 5_000
_FARTHEST = 5_000  # lines between where a patch says and where its lines are
# unidiff trips over names that are not there (UnboundLocalError, found by mutating patches).
_UNREADABLE = (unidiff.UnidiffParseError, UnboundLocalError, ValueError, IndexError, TypeError)
Texts = dict[str, str | None]  # None: the file is removed


def apply_patches(
    paths: list[Path],
    read: Callable[[str], str | None],
    *,
    passes: Callable[[str], bool] = lambda name: False,
) -> Texts:
    """Return the files that patches change, one patch after the other.

    Raises GivenError where one cannot be read or does not fit. `passes`: whether a file that is not
    there is passed over, for only part of the tree was unpacked.
    """
    changed: Texts = {}
    for path in paths:
        _apply(path, changed, read, passes)
    return changed


def _apply(
    path: Path,
    changed: Texts,
    read: Callable[[str], str | None],
    passes: Callable[[str], bool],
) -> None:
    text = read_file(path, _MOST).decode(errors="replace")
    try:
        patch = unidiff.PatchSet(text)
    except _UNREADABLE as error:
        reason = f": {error}" if isinstance(error, unidiff.UnidiffParseError) else ""
        raise GivenError(f"{path} is not a patch that can be read{reason}.") from error
    if not patch:
        raise GivenError(f"{path} is not a patch: it changes no file.")
    if len(patch) > _MOST_FILES:
        raise GivenError(f"{path} changes more than {_MOST_FILES:,} files.")
    for file in patch:
        source, target = _name(file.source_file), _name(file.target_file)
        if file.is_binary_file or not _is_wanted(source or target):
            continue
        before = _text_of(source, changed, read) if source else ""
        if before is None and passes(source):
            continue
        if before is None:
            raise GivenError(f"{path} changes {source}, which the tree does not have.")
        after = _patched(before, file, f"{path} does not fit: {source or target}")
        if source and source != target:
            changed[source] = None
        if target:
            changed[target] = after


def _name(name: str) -> str:
    """Return a file's name in the tree, "" for /dev/null and for one that leads out of it."""
    if name == "/dev/null":
        return ""
    name = name.split("\t")[0]
    inner = name.split("/", 1)[1] if "/" in name else name
    return "" if inner.startswith("/") or ".." in inner.split("/") else posixpath.normpath(inner)


def _is_wanted(name: str) -> bool:
    base = posixpath.basename(name)
    return name.endswith((".c", ".h")) or base.startswith(("Makefile", "Kbuild", "Kconfig"))


def _text_of(
    name: str, changed: Mapping[str, str | None], read: Callable[[str], str | None]
) -> str | None:
    return changed[name] if name in changed else read(name)


def _patched(before: str, file: unidiff.PatchedFile, failure: str) -> str:
    lines = before.split("\n")
    moved = 0
    for hunk in file:
        old = [line.value.rstrip("\n") for line in hunk if line.is_context or line.is_removed]
        new = [line.value.rstrip("\n") for line in hunk if line.is_context or line.is_added]
        said = max(hunk.source_start - 1, 0) + moved
        at = _find(lines, old, said)
        if at is None:
            raise GivenError(f"{failure} has other lines at line {hunk.source_start}.")
        lines[at : at + len(old)] = new
        moved += at - said + len(new) - len(old)
    return "\n".join(lines)


def _find(lines: list[str], wanted: list[str], near: int) -> int | None:
    """Return the nearest place of some lines."""
    if not wanted:
        return min(near + (1 if near else 0), len(lines)) if lines != [""] else 0
    for distance in range(_FARTHEST):
        for at in (near + distance, near - distance):
            if 0 <= at <= len(lines) - len(wanted) and lines[at : at + len(wanted)] == wanted:
                return at
    return None
