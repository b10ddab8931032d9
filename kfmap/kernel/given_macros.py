"""What a file is compiled with and does not say itself: macros, and folders of headers.

They come from `-D`, `-include`, `-imacros` and `-I` in the Makefiles of its folder, of those above
and of the architecture, and from a file that includes it. Values of macros are not looked for: an
#if that names one is not decided.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

_NAMES = ("Makefile", "Kbuild")
_GIVEN = re.compile(r"(?<![\w-])-[DU]\s*[\"']?(\w+)(?![\w$])")
# A name that make puts together: it may be any.
_MADE = re.compile(r"(?<![\w-])-[DU]\s*[\"']?\w*\$|\(\s*addprefix\s+-[DU]\b")
_FORCED = re.compile(r"(?<![\w-])-(?:include|imacros)\s+(\S+)")
_FOLDER = re.compile(r"(?<![\w-])-I\s*(\S+)")
_READ = re.compile(r"^[ \t]*[-s]?include[ \t]+(\S+)", re.M)
_FOLDERS = re.compile(r"\$\((?:srctree|objtree)\)/?")
_DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_INCLUDED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
_EVERYWHERE = frozenset({"__KERNEL__", "MODULE"})  # these are known
_MAX_DEPTH = 4  # of Makefiles, or headers, that include one another
ANY = "*"  # among the names of macros: any may be given


@dataclass(frozen=True, slots=True)
class Given:
    """The macros that a file may be given, ANY for any, and the folders of more headers."""

    macros: frozenset[str]
    folders: tuple[str, ...]


class GivenMacros:
    """Answers for the files of one tree; each Makefile is read once."""

    def __init__(self, tree: Tree, arch: str) -> None:
        self._tree = tree
        self._arch = arch
        self._by_folder: dict[str, Given] = {}

    def find(self, file: str) -> Given:
        """Return what Makefiles may give a .c file."""
        is_source = file.endswith(".c")
        return self._find(posixpath.dirname(file)) if is_source else Given(frozenset(), ())

    def _find(self, folder: str) -> Given:
        if folder not in self._by_folder:
            above = self._find(posixpath.dirname(folder)) if folder else Given(frozenset(), ())
            files = [posixpath.join(folder, name) for name in _NAMES]
            files += [] if folder else [f"arch/{self._arch}/Makefile"]
            own: set[str] = set()
            folders = list(above.folders)
            for file in files:
                for text in self._texts(file, folder, 0):
                    own.update(_GIVEN.findall(text))
                    # what the Makefile at the top puts together, and includes everywhere, is known:
                    # see preprocessor.py
                    if folder and _MADE.search(text):
                        own.add(ANY)
                    for written in _FORCED.findall(text) if folder else ():
                        own.update(self._defined_in(self._path(written, folder), 0))
                    folders += (self._path(f, folder) for f in _FOLDER.findall(text) if folder)
            macros = (above.macros | own) - _EVERYWHERE
            self._by_folder[folder] = Given(macros, tuple(dict.fromkeys(folders)))
        return self._by_folder[folder]

    def _texts(self, file: str, folder: str, depth: int) -> Iterator[str]:
        """Return a Makefile and what it includes."""
        text = self._tree.read(file)
        if text is None or depth > _MAX_DEPTH:
            return
        yield text
        for written in _READ.findall(text):
            yield from self._texts(self._path(written, folder), folder, depth + 1)

    def _defined_in(self, file: str, depth: int) -> Iterator[str]:
        text = self._tree.read(file) or ""
        yield from _DEFINED.findall(text)
        for name in _INCLUDED.findall(text) if depth < _MAX_DEPTH else ():
            beside = posixpath.join(posixpath.dirname(file), name)
            yield from self._defined_in(posixpath.normpath(beside), depth + 1)

    @staticmethod
    def _path(written: str, folder: str) -> str:
        path = re.sub(r"\$\((?:src|obj)\)", folder or ".", _FOLDERS.sub("", written))
        return posixpath.normpath(path)
