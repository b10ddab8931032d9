"""Apply patches to the text of a tree, in memory: the files they change, as they are afterwards.

Takes what git diff, git format-patch and diff -u write. Lines are found where the patch says or, as
patch(1) does, at the nearest place where they are; context has to be equal.
"""

from __future__ import annotations

import posixpath
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path

import unidiff

from kfmap.archives.files import is_archive
from kfmap.archives.stream import Budget, Stream
from kfmap.btf.unpacking import unpacker_of
from kfmap.given.files import GivenError, read_file, unpack_given
from kfmap.text_bytes import decode_bytes

_MOST = 64 << 20
_MOST_FILES = 5_000
_MARK = BOM_UTF8.decode()
_FARTHEST = 5_000  # lines between where a patch says and where its lines are
# unidiff trips over names that are not there (UnboundLocalError, found by mutating patches).
_UNREADABLE = (unidiff.UnidiffParseError, UnboundLocalError, ValueError, IndexError, TypeError)
_CARRIAGE_RETURN = re.compile(r"^(?:---|\+\+\+|@@) .*\r$", re.M)
_COMBINED = re.compile(r"^@@@+ -", re.M)  # git diff of a merge, against all its parents
_BINARY = re.compile(
    r"^diff --git \S+ (\S+)\n(?:(?!diff --git ).*\n)*?(?:GIT binary patch|Binary files .* differ)$",
    re.M,
)
_COPY = re.compile(r"^copy from ", re.M)
_PREFIXES = ("a/", "b/", "i/", "w/", "c/", "o/")  # of git diff, with and without mnemonicPrefix
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
    text = _read_text(path)
    try:
        patch = unidiff.PatchSet(text)
    except _UNREADABLE as error:
        reason = f": {error}" if isinstance(error, unidiff.UnidiffParseError) else ""
        raise GivenError(f"{path} is not a patch that can be read{reason}.") from error
    if not patch:
        raise GivenError(f"{path} is not a patch: it changes no file.")
    if len(patch) > _MOST_FILES:
        raise GivenError(f"{path} changes more than {_MOST_FILES:,} files.")

    def read_now(name: str) -> str | None:
        return changed[name] if name in changed else read(name)

    for file in patch:
        source, target = (_name(n, read_now) for n in (file.source_file, file.target_file))
        if not _is_wanted(source or target):
            continue
        before = read_now(source) if source else ""
        if before is None and passes(source):
            continue
        if before is None:
            raise GivenError(f"{path} changes {source}, which the tree does not have.")
        if target and source != target and read_now(target) is not None:
            raise GivenError(
                f"{path} adds {target}, which the tree has already: is it of another version, "
                "or is the patch in it?"
            )
        after = _patched(before, file, f"{path} does not fit: {source or target}")
        if source and source != target and not _COPY.search(str(file.patch_info or "")):
            changed[source] = None
        if target:
            changed[target] = after


def _read_text(path: Path) -> str:
    """Return a patch as text. Raises GivenError for one of which a part would be passed over."""
    data = read_file(path, _MOST)
    if unpacker_of(data[:16]) is not None:
        data = unpack_given(data, path, _MOST)
    if is_archive(Stream(iter([data]), Budget(_MOST, 1))):
        raise GivenError(
            f"{path} is an archive: unpack it, and give the patches in it one by one, "
            "in their order."
        )
    text = decode_bytes(data).removeprefix(_MARK)
    if _CARRIAGE_RETURN.search(text):
        text = text.replace("\r\n", "\n")
    if _COMBINED.search(text):
        raise GivenError(
            f"{path} is the diff of a merge against all its parents: give the one against the "
            "first, as git diff MERGE^1 MERGE writes it."
        )
    binary = next((name for name in _BINARY.findall(text) if _is_wanted(name)), None)
    if binary is not None:
        raise GivenError(
            f"{path} changes {binary.partition('/')[2]} as a binary file: write it with "
            "git diff --text."
        )
    return text


def _name(name: str, read: Callable[[str], str | None]) -> str:
    """Return a file's name in the tree, "" for /dev/null and for one that leads out of it.

    Its first folder is that of the patch's author, unless there is none.
    """
    if name == "/dev/null":
        return ""
    name = name.split("\t")[0]
    inner = name.split("/", 1)[1] if "/" in name else name
    if inner.startswith("/") or ".." in name.split("/"):
        return ""
    has_none = not name.startswith(_PREFIXES) and read(inner) is None and read(name) is not None
    return posixpath.normpath(name if has_none else inner)


def _is_wanted(name: str) -> bool:
    base = posixpath.basename(name)
    return name.endswith((".c", ".h")) or base.startswith(("Makefile", "Kbuild", "Kconfig"))


def _patched(before: str, file: unidiff.PatchedFile, failure: str) -> str:
    lines = before.split("\n")
    moved = 0
    for hunk in file:
        old = [line.value.rstrip("\n") for line in hunk if line.is_context or line.is_removed]
        new = [line.value.rstrip("\n") for line in hunk if line.is_context or line.is_added]
        said = max(hunk.source_start - 1, 0) + moved
        at = _find(lines, old, said)
        if at is None:
            is_there = _find(lines, new, said) is not None and new != []
            why = ": what the patch makes of them is there already" if is_there else ""
            raise GivenError(f"{failure} has other lines at line {hunk.source_start}{why}.")
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
