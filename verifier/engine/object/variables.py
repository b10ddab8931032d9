"""Join ELF symbols with BTF: name, place and type of the variables of a section.

clang leaves size and offsets in a DATASEC zero, so they come from the symbols; bpftool gen object
fills them in, and then static variables of several files may share a name.
"""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from verifier.engine.object.elf import OBJECT, Elf, Section, Symbol


class Placed(NamedTuple):
    """A variable; `type_id` is what its VAR refers to: 0 for void, or where it has none.

    `declared`: it has a VAR in the DATASEC of its section.
    `private`: its symbol is local or hidden; libbpf takes both for static.
    """

    name: str
    offset: int
    size: int
    type_id: int
    declared: bool
    private: bool = False


class Variables:
    """The variables of all sections; each section's types are read once."""

    def __init__(self, elf: Elf, btf: Btf | None) -> None:
        self._btf = btf
        self._symbols: dict[int, list[Symbol]] = {}
        self._types: dict[str, _Types] = {}
        self._placed: dict[int, tuple[Placed, ...]] = {}
        for symbol in elf.symbols:
            if symbol.type == OBJECT and symbol.section > 0:
                self._symbols.setdefault(symbol.section, []).append(symbol)

    def of(self, section: Section) -> tuple[Placed, ...]:
        """Return the variables of a section that have a symbol, rising by offset."""
        found = self._placed.get(section.number)
        if found is None:
            found = self._placed[section.number] = self._place(section)
        return found

    def _place(self, section: Section) -> tuple[Placed, ...]:
        symbols = self._symbols.get(section.number, [])
        types = self._types_in(section.name) if symbols else _Types({}, {})
        placed = [_join(symbol, types.of(symbol.name, symbol.value)) for symbol in symbols]
        return tuple(sorted(placed, key=attrgetter("offset")))

    def _types_in(self, section: str) -> _Types:
        if section not in self._types:
            self._types[section] = _read_types(section, self._btf)
        return self._types[section]


class _Types(NamedTuple):
    """Types of the variables in one DATASEC; `by_place` is by name and offset."""

    by_name: dict[str, int]
    by_place: dict[tuple[str, int], int]

    def of(self, name: str, offset: int) -> int | None:
        return self.by_place.get((name, offset)) or self.by_name.get(name)


def _join(symbol: Symbol, type_id: int | None) -> Placed:
    return Placed(
        symbol.name,
        symbol.value,
        symbol.size,
        type_id or 0,
        declared=type_id is not None,
        private=symbol.local or symbol.hidden,
    )


def _read_types(section: str, btf: Btf | None) -> _Types:
    types = _Types({}, {})
    if btf is None:
        return types
    for datasec in btf.sections(section):
        for item in btf.variables(datasec):
            if btf.kind(item.type_id) is Kind.VAR:
                name, type_id = btf.name(item.type_id), btf.type_of(item.type_id)
                types.by_name.setdefault(name, type_id)
                types.by_place[name, item.offset] = type_id
    return types
