"""Macros that a file is compiled with and does not define itself: what its #ifs mean hangs on them.

They come from `-D` and `-include` in the Makefiles of its folder and of those above, and from a
file that includes it. Their values are not looked for: an #if that names one is not decided.
"""

from __future__ import annotations

import posixpath
import re

from kfmap.kernel.tree import Tree

_NAMES = ("Makefile", "Kbuild")
_GIVEN = re.compile(r"(?<![\w-])-[DU]\s*(\w+)")
_FORCED = re.compile(r"(?<![\w-])-include\s+(\S+)")
_FOLDERS = re.compile(r"\$\((?:srctree|objtree)\)/?")
_DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_EVERYWHERE = frozenset({"__KERNEL__", "MODULE"})  # the first is known; the second names no branch


class GivenMacros:
    """Answers for the files of one tree; each Makefile is read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_folder: dict[str, frozenset[str]] = {}

    def find(self, file: str) -> frozenset[str]:
        """Return the names that Makefiles may define for a .c file."""
        return self._find(posixpath.dirname(file)) if file.endswith(".c") else frozenset()

    def _find(self, folder: str) -> frozenset[str]:
        if folder not in self._by_folder:
            above = self._find(posixpath.dirname(folder)) if folder else frozenset()
            own: set[str] = set()
            for name in _NAMES:
                text = self._tree.read(posixpath.join(folder, name)) or ""
                own.update(_GIVEN.findall(text))
                # what the Makefile at the top includes everywhere is known: see preprocessor.py
                for written in _FORCED.findall(text) if folder else ():
                    own.update(_DEFINED.findall(self._read_forced(written, folder)))
            self._by_folder[folder] = (above | own) - _EVERYWHERE
        return self._by_folder[folder]

    def _read_forced(self, written: str, folder: str) -> str:
        path = re.sub(r"\$\((?:src|obj)\)", folder, _FOLDERS.sub("", written))
        return self._tree.read(posixpath.normpath(path)) or ""
