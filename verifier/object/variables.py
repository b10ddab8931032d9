"""Join ELF symbols with BTF: name, place and type of the variables of a section.

clang leaves size and offsets in a DATASEC zero, so they come from the symbols; bpftool gen object
fills them in, and then static variables of several files may share a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from verifier.object.elf import OBJECT, Elf, Section, Symbol


class Placed(NamedTuple):
    """A variable; `type_id` is what its VAR refers to, 0 if BTF does not know it."""

    name: str
    offset: int
    size: int
    type_id: int


def objects_by_section(elf: Elf) -> dict[int, list[Symbol]]:
    """Give the variable symbols by the index of their section, in file order."""
    found: dict[int, list[Symbol]] = {}
    for symbol in elf.symbols:
        if symbol.type == OBJECT and symbol.section > 0:
            found.setdefault(symbol.section, []).append(symbol)
    return found


def place_variables(
    section: Section, symbols: Iterable[Symbol], btf: Btf | None
) -> tuple[Placed, ...]:
    """Give the variables of a section that have a symbol, rising by offset."""
    types = _Types(section.name, btf)
    placed = [
        Placed(symbol.name, symbol.value, symbol.size, types.of(symbol.name, symbol.value))
        for symbol in symbols
    ]
    return tuple(sorted(placed, key=lambda variable: variable.offset))


class _Types:
    """Types of the variables in one DATASEC."""

    def __init__(self, section: str, btf: Btf | None) -> None:
        self._by_name: dict[str, int] = {}
        self._by_place: dict[tuple[str, int], int] = {}
        if btf is None:
            return
        for datasec in btf.find_all(section, Kind.DATASEC):
            for item in btf.variables(datasec):
                if btf.kind(item.type_id) is Kind.VAR:
                    name, type_id = btf.name(item.type_id), btf.type_of(item.type_id)
                    self._by_name.setdefault(name, type_id)
                    self._by_place[name, item.offset] = type_id

    def of(self, name: str, offset: int) -> int:
        return self._by_place.get((name, offset)) or self._by_name.get(name, 0)
