"""The files of a kernel source tree, read with care: a tree may be hostile."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

ARCH = "x86"
_MAX_FILE = 8 << 20
_MAX_FILES = 400_000
_SKIPPED = frozenset({"Documentation", "LICENSES", "rust", "samples", "scripts", "tools", "usr"})


class TreeError(ValueError):
    """The folder is not a kernel tree that can be read: says why."""


class Tree:
    """A source tree; a file that leads out of it, or is too large, counts as missing."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise TreeError(f"{root} is not a folder")
        self._texts: dict[str, str | None] = {}
        self._present: dict[str, bool] = {}

    def read(self, file: str) -> str | None:
        """Give the text of a file, None where there is none."""
        if file not in self._texts:
            inside = os.path.realpath(f"{self.root}/{file}")  # whatever links are on the way
            data = _read(inside) if inside.startswith(f"{self.root}/") else None
            self._texts[file] = None if data is None else data.decode(errors="replace")
        return self._texts[file]

    def peek(self, file: str) -> bytes | None:
        """Give the bytes of a file that `find_sources` gave, None where it cannot be read."""
        return _read(f"{self.root}/{file}")

    def has(self, file: str) -> bool:
        """Tell whether the tree has this file."""
        if file not in self._present:
            self._present[file] = os.path.isfile(f"{self.root}/{file}")  # noqa: PTH113 - asked 100,000 times
        return self._present[file]

    def find_sources(self) -> Iterator[str]:
        """Give every .c file that can be part of a kernel for ARCH, sorted by folder."""
        count = 0
        for folder, folders, files in os.walk(self.root):
            relative = folder[len(str(self.root)) + 1 :]
            folders[:] = sorted(name for name in folders if _is_wanted(relative, name))
            count += len(files)
            if count > _MAX_FILES:
                raise TreeError(f"more than {_MAX_FILES:,} files: not a kernel tree")
            for name in sorted(files):
                if name.endswith(".c"):
                    yield f"{relative}/{name}" if relative else name


def _read(path: str) -> bytes | None:
    """Give the bytes of a regular file; None for what is a link, none, or huge."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE:
            return None
        return stream.read()


def _is_wanted(parent: str, folder: str) -> bool:
    if not parent:
        return folder not in _SKIPPED and not folder.startswith(".")
    return parent != "arch" or folder == ARCH
