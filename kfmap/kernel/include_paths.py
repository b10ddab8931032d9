"""Which file of a tree an #include means, as Kbuild's -I options have it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kfmap.kernel.given_macros import GivenMacros
from kfmap.kernel.source import Include
from kfmap.kernel.tree import Tree


class IncludePaths:
    """The folders in which the headers of a tree are looked up for one architecture."""

    def __init__(self, tree: Tree, arch: str, given: GivenMacros) -> None:
        self._tree = tree
        self._given = given
        arch = f"arch/{arch}"
        self._folders = ("include", f"{arch}/include", "include/uapi", f"{arch}/include/uapi")
        self._found: dict[tuple[str | None, str], tuple[str, ...]] = {}

    def find(self, file: str, include: Include) -> tuple[str, ...]:
        """Return the files that an #include of a file may mean."""
        key = (posixpath.dirname(file) if include.quoted else None, include.file)
        if key not in self._found:  # most name one of few headers
            self._found[key] = tuple(self._resolve(*key))
        return self._found[key] or self._find_in_given(file, include.file)

    def _find_in_given(self, file: str, name: str) -> tuple[str, ...]:
        """Return the header of a name in a folder that Makefiles give a .c file."""
        paths = (posixpath.join(folder, name) for folder in self._given.find(file).folders)
        found = next((path for path in paths if self._tree.has(path)), None)
        return () if found is None else (found,)

    def _resolve(self, folder: str | None, name: str) -> Iterator[str]:
        """Return the files that an #include may mean, looked up in `folder` first if any."""
        for candidate in self._folders if folder is None else (folder, *self._folders):
            path = posixpath.normpath(posixpath.join(candidate, name))
            if not path.startswith("..") and self._tree.has(path):
                yield path
                return
        if name.startswith("asm/"):  # Kbuild makes these include the generic ones
            for generic in ("include/asm-generic", "include/uapi/asm-generic"):
                path = f"{generic}/{name[4:]}"
                if self._tree.has(path):
                    yield path
