"""Sets and lists of BTF ids: `BTF_KFUNCS_START`, `BTF_SET8_START`, `BTF_SET_START`, `BTF_ID_LIST`.

Mirrors include/linux/btf_ids.h. Members may come from macros, which are expanded at their line.
Kfuncs are in BTF_SET8_START in 6.1 ("bpf: Introduce 8-byte BTF set"), in BTF_KFUNCS_START in 6.12
("bpf: btf: Add BTF_KFUNCS_START/END macro pair"); sets that only filters ask are BTF_SET_START.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.brackets import split_outside
from kfmap.kernel.code import Code
from kfmap.kernel.facts import Entry, Place, SetKind
from kfmap.kernel.rules.kfunc_flags import read_flags
from kfmap.kernel.source import Source, substitute
from kfmap.kernel.syntax import (
    arguments_of,
    called_name,
    parse_expression,
    split_list,
    text_of,
)
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass

_START = re.compile(
    r"BTF_(?<!\wBTF_)(?:(KFUNCS|SET8|SET)_START|SET_START_GLOBAL|ID_LIST(?:_GLOBAL)?(_SINGLE)?"
    r"|ID_LIST_GLOBAL_SINGLE)\s*\(([^)]*)\)"
)
_WORD = re.compile(r"\b([A-Za-z_]\w*)\b(\s*\()?")
_MAX_DEPTH = 12
_MAX_EXPANSIONS = 2_000  # of macros in one file
_MAX_SETS = 500  # in one file
_MAX_ENTRIES = 3_000  # in one file
_MAX_WORDS = 10_000  # in the sets of one file


@dataclass(frozen=True, slots=True)
class IdSet:
    """A set as one file defines it, before it is known whether anything uses it.

    `unread` are the words in it that are no entries, with their lines, `unread_flags` the flags of
    entries whose value is not known.
    """

    name: str
    kind: SetKind
    place: Place
    entries: tuple[Entry, ...]
    unread: tuple[tuple[Place, str], ...] = ()
    unread_flags: tuple[tuple[Place, str], ...] = ()


def find_id_sets(code: Code, file: str, only: str = "") -> list[IdSet]:
    """Return the sets and lists that a file defines, or those of one name."""
    source = code.source(file)
    return [] if source is None else list(_Finder(code, source).find(only))


class _Finder:
    def __init__(self, code: Code, source: Source) -> None:
        self._code = code
        self._source = source
        self._expansions = 0
        self._entries = 0
        self._words = 0
        self._unread: list[tuple[Place, str]] = []
        self._unread_flags: list[tuple[Place, str]] = []
        self._of_kfuncs = False  # whether the set that is read may hold any

    def find(self, only: str) -> Iterator[IdSet]:
        """Return the sets of the file, or those named `only`. Raises TreeError for too many."""
        text = self._source.code
        for number, match in enumerate(_START.finditer(text)):
            if number >= _MAX_SETS:
                raise TreeError(f"{self._source.file} has more than {_MAX_SETS} sets of BTF ids")
            place = self._place(match.start())
            names = split_list(match[3])
            if not names or (only and names[0] != only):
                continue
            if "ID_LIST" in match[0].split("(")[0]:
                yield self._list(match, names, place)
                continue
            kind = match[1] or "SET"
            end = re.compile(rf"\bBTF_{kind}_END\s*\(").search(text, match.end())
            self._unread, self._unread_flags = [], []
            self._of_kfuncs = kind != "SET"
            members = tuple(self._members(match.end(), end.start() if end else match.end()))
            if end is None:
                self._unread.append((place, "no end"))
            name = self._expanded(names[:1], place.line)[0]
            unread = tuple(self._unread), tuple(self._unread_flags)
            yield IdSet(name, SetKind[kind], place, members, *unread)

    def _list(self, match: re.Match[str], names: list[str], place: Place) -> IdSet:
        self._of_kfuncs = False
        if len(names) == 3:  # _SINGLE: name, kind, type
            return IdSet(names[0], SetKind.LIST, place, (Entry(names[2], (), place),))
        end = re.compile(r"(?:\s*BTF_ID(?:_FLAGS)?\s*\([^)]*\)\s*;?)*").match(
            self._source.code, match.end()
        )
        stop = end.end() if end else match.end()
        return IdSet(names[0], SetKind.LIST, place, tuple(self._members(match.end(), stop)))

    def _members(self, start: int, end: int) -> Iterator[Entry]:
        text = self._source.code[start:end]
        line = self._source.line_at(start)
        last = line + text.count("\n")
        for include in self._source.includes:
            if not line <= include.line <= last:
                continue
            found = self._code.paths.find(self._source.file, include)
            if not found or not self._source.written_out.issuperset(found):
                written = self._code.tree.lines(self._source.file)[include.line - 1].strip()
                self._unread.append((Place(self._source.file, include.line), written))
        yield from self._scan(text, line, ())

    def _scan(self, text: str, line: int, within: tuple[str, ...]) -> Iterator[Entry]:
        """Find entries in the text of a set, or of what macros of it (`within`) stand for."""
        at = 0
        while match := _WORD.search(text, at):
            here = line if within else line + text.count("\n", 0, match.start())
            at = match.end()
            self._words += 1
            if self._words > _MAX_WORDS:
                raise TreeError(f"{self._source.file} has sets of BTF ids that do not end")
            arguments: list[str] = []
            if match[2]:
                found = split_outside(text, ",", match.end())
                arguments = found.texts
                at = found.end + 1
            if match[1] in ("BTF_ID", "BTF_ID_FLAGS"):
                if len(arguments) == 1:
                    arguments = self._spread(arguments[0], here)
                if match[1] == "BTF_ID_FLAGS":
                    arguments[1:2] = self._expanded(arguments[1:2], here)
                yield from self._entry(arguments, here)
                continue
            macro = self._code.macro(match[1], self._source.file, here)
            if macro is not None and macro.name not in within:  # C expands a macro once
                self._expansions += 1
                if len(within) >= _MAX_DEPTH or self._expansions > _MAX_EXPANSIONS:
                    raise TreeError(f"{self._source.file} has macros in sets that do not end")
                body = macro.body
                if macro.parameters is not None:
                    body = substitute(macro, arguments)
                elif match[2]:  # another name of BTF_ID
                    body = f"{body}({', '.join(arguments)})"
                yield from self._scan(body.replace("\\\n", " "), here, (*within, macro.name))
            else:
                self._unread.append((Place(self._source.file, here), match[1]))

    def _spread(self, argument: str, line: int) -> list[str]:
        """Return the arguments that a macro stands for."""
        node = parse_expression(argument)
        macro = self._code.macro(called_name(node) or argument, self._source.file, line)
        if macro is None or (macro.parameters is None) is (node.type == "call_expression"):
            return [argument]
        return split_list(substitute(macro, [text_of(given) for given in arguments_of(node)]))

    def _expanded(self, names: list[str], line: int) -> list[str]:
        """Return what names stand for that are macros: BTF_ID, unlike all others, expands none.

        Those in lower case are looked for in the file alone: nearly all are functions.
        """
        return [
            macro.body
            if (not name.islower() or name in self._source.defined)
            and (macro := self._code.macro(name, self._source.file, line))
            and macro.parameters is None
            and macro.body.isidentifier()
            else name
            for name in names
        ]

    def _entry(self, arguments: list[str], line: int) -> Iterator[Entry]:
        self._entries += 1
        if self._entries > _MAX_ENTRIES:
            raise TreeError(f"{self._source.file} has more than {_MAX_ENTRIES:,} BTF ids in sets")
        if len(arguments) < 2:  # a macro that stands for several
            self._unread.append((Place(self._source.file, line), ", ".join(arguments)))
            return
        if not arguments[1].isidentifier():
            self._unread.append((Place(self._source.file, line), arguments[1]))
            return
        if self._of_kfuncs and arguments[0].strip() != "func":
            self._unread.append((Place(self._source.file, line), ", ".join(arguments[:2])))
            return
        place = Place(self._source.file, line)
        written = arguments[2] if len(arguments) > 2 else ""
        flags = read_flags(self._code, written, self._source.file)
        if flags is None:
            self._unread_flags.append((place, written))
        yield Entry(arguments[1], flags or (), place, self._source.condition_at(line))

    def _place(self, offset: int) -> Place:
        return Place(self._source.file, self._source.line_at(offset))
