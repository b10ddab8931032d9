"""Find the functions of all executable sections: entries of programs and subprograms of .text."""

from __future__ import annotations

from functools import cached_property

from kfmap.btf.ext import BtfExt
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from verifier.engine.object.code import SLOT
from verifier.engine.object.elf import FUNCTION, Elf, Section, Symbol
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import Function, Linkage, ObjectError
from verifier.engine.object.sections import TEXT, Sections


def read_functions(
    elf: Elf,
    sections: Sections,
    btf: Btf | None,
    btf_ext: BtfExt | None,
    refusals: list[str],
    limits: Limits,
) -> tuple[Function, ...]:
    """Return all functions by section and place; what libbpf does not open is in `refusals`."""
    by_index = {section.number: section for section in sections.code}
    symbols = [
        symbol for symbol in elf.symbols if symbol.type == FUNCTION and symbol.section in by_index
    ]
    check_limit("functions", len(symbols), limits.functions)
    symbols.sort(key=lambda symbol: (symbol.section, symbol.value))
    types = _FunctionTypes(btf, btf_ext)
    refusals += [
        f"program {symbol.name} in section {by_index[symbol.section].name} is static: remove "
        "`static`"
        for symbol in symbols
        if symbol.local and by_index[symbol.section].name != TEXT
    ]
    return tuple(_read_function(symbol, by_index[symbol.section], types) for symbol in symbols)


def _read_function(symbol: Symbol, section: Section, types: _FunctionTypes) -> Function:
    if symbol.value % SLOT or symbol.size % SLOT or not symbol.size:
        raise ObjectError(
            f"function {symbol.name} in section {section.name} (bytes {symbol.value} to "
            f"{symbol.value + symbol.size}) does not hold whole instructions: build it again"
        )
    if symbol.value + symbol.size > section.size:
        raise ObjectError(
            f"function {symbol.name} (bytes {symbol.value} to {symbol.value + symbol.size}) ends "
            f"after its section {section.name} of {section.size} bytes: build it again"
        )
    start = symbol.value // SLOT
    return Function(
        symbol.name,
        section.name,
        start,
        symbol.size // SLOT,
        _linkage(symbol, section, types.are_known),
        symbol.weak,
        types.of(symbol.name, section.name, start),
    )


def _linkage(symbol: Symbol, section: Section, is_typed: bool) -> Linkage:
    """Return how the function is verified; libbpf makes hidden global subprograms static.

    Where .BTF.ext does not say which function is which, the kernel takes all subprograms for static
    (subprog_is_global() of kernel/bpf/verifier.c).
    """
    if section.name != TEXT:
        return Linkage.PROGRAM
    is_static = symbol.local or symbol.hidden or not is_typed
    return Linkage.STATIC if is_static else Linkage.GLOBAL


class _FunctionTypes:
    """The FUNC of each function: as .BTF.ext has it by place, else as BTF has it by name."""

    def __init__(self, btf: Btf | None, btf_ext: BtfExt | None) -> None:
        self.are_known = bool(btf_ext and btf_ext.functions)
        self._btf = btf
        self._at = {
            section: dict(zip(info.slots, info.type_ids, strict=True))
            for section, info in (btf_ext.functions.items() if btf_ext else ())
        }

    def of(self, name: str, section: str, start: int) -> int:
        """Return 0 where neither has it."""
        return self._at.get(section, {}).get(start) or self._by_name.get(name, 0)

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return self._btf.first_of(Kind.FUNC) if self._btf else {}
