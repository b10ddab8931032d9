"""What a file is compiled with and does not say itself: macros, and folders of headers.

They come from `-D`, `-include`, `-imacros` and `-I` in the Makefiles of its folder, of those above
and of the architecture, and from a file that includes it. Values of macros are not looked for: an
#if that names one is not decided.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from kfmap.kernel.directives import blank
from kfmap.kernel.place import Place
from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

_NAMES = ("Makefile", "Kbuild")
_GIVEN = re.compile(r"(?<![\w-])-[DU]\s*[\"']?(\w+)(?![\w$])")
# A name that make puts together: it may be any.
_MADE = re.compile(r"(?<![\w-])-[DU]\s*[\"']?\w*\$|\(\s*addprefix\s+-[DU]\b")
# What sparse, the assembler and programs of the host are given, not the compiler of the kernel.
_NOT_FOR_C = re.compile(
    r"^[ \t]*\w*(?:CHECKFLAGS|AFLAGS|asflags|HOST\w*FLAGS)[\w.-]*[ \t]*[:+?]?="
    r"[^\n\\]*+(?:\\\n?[^\n\\]*+)*+",
    re.M,
)
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
    """The macros that a file may be given, ANY for any, and the folders of more headers.

    Each macro with the line of a Makefile that gives it.
    """

    macros: Mapping[str, Place]
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
        return self._find(posixpath.dirname(file)) if is_source else Given({}, ())

    def _find(self, folder: str) -> Given:
        if folder not in self._by_folder:
            above = self._find(posixpath.dirname(folder)) if folder else Given({}, ())
            files = [posixpath.join(folder, name) for name in _NAMES]
            files += [] if folder else [f"arch/{self._arch}/Makefile"]
            own: dict[str, Place] = {}
            folders = list(above.folders)
            for file in files:
                for name, text in self._texts(file, folder, 0):
                    for macro, offset in self._macros_in(text, folder):
                        own.setdefault(macro, Place(name, text.count("\n", 0, offset) + 1))
                    folders += (self._path(f, folder) for f in _FOLDER.findall(text) if folder)
            macros = {n: place for n, place in own.items() if n not in _EVERYWHERE}
            macros = {**above.macros, **macros}
            self._by_folder[folder] = Given(macros, tuple(dict.fromkeys(folders)))
        return self._by_folder[folder]

    def _macros_in(self, text: str, folder: str) -> Iterator[tuple[str, int]]:
        """Return the macros that a Makefile gives, and where it does."""
        text = _NOT_FOR_C.sub(lambda match: blank(match[0]), text)
        for match in _GIVEN.finditer(text):
            yield match[1], match.start()
        if not folder:
            return  # what the Makefile at the top puts together, and includes everywhere, is
            # known: see preprocessor.py
        for match in _MADE.finditer(text):
            yield ANY, match.start()
        for match in _FORCED.finditer(text):
            for name in self._defined_in(self._path(match[1], folder), 0):
                yield name, match.start()

    def _texts(self, file: str, folder: str, depth: int) -> Iterator[tuple[str, str]]:
        """Return a Makefile and what it includes, each with its text."""
        text = self._tree.read(file)
        if text is None or depth > _MAX_DEPTH:
            return
        yield file, text
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
