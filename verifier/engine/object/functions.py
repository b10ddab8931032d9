"""Find the functions of all executable sections: entries of programs and subprograms of .text."""

from __future__ import annotations

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
    types = _function_types(sections, btf, btf_ext)
    refusals += [
        f"program {symbol.name} in section {by_index[symbol.section].name} is static: remove "
        "`static`"
        for symbol in symbols
        if symbol.local and by_index[symbol.section].name != TEXT
    ]
    return tuple(_read_function(symbol, by_index[symbol.section], types) for symbol in symbols)


def _read_function(
    symbol: Symbol, section: Section, types: dict[tuple[str, int] | str, int]
) -> Function:
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
    type_id = types.get((section.name, start)) or types.get(symbol.name, 0)
    return Function(
        symbol.name,
        section.name,
        start,
        symbol.size // SLOT,
        _linkage(symbol, section),
        symbol.weak,
        type_id,
    )


def _linkage(symbol: Symbol, section: Section) -> Linkage:
    """Return how the function is verified; libbpf makes hidden global subprograms static."""
    if section.name != TEXT:
        return Linkage.PROGRAM
    return Linkage.STATIC if symbol.local or symbol.hidden else Linkage.GLOBAL


def _function_types(
    sections: Sections, btf: Btf | None, btf_ext: BtfExt | None
) -> dict[tuple[str, int] | str, int]:
    """Return the FUNC of (section, slot) as .BTF.ext has it, and of a name as BTF has it."""
    types: dict[tuple[str, int] | str, int] = {}
    for type_id in btf.ids_of(Kind.FUNC) if btf else ():
        types.setdefault(btf.name(type_id) if btf else "", type_id)
    for section in sections.code if btf_ext else ():
        info = btf_ext.functions.get(section.name) if btf_ext else None
        if info is not None:
            for slot, type_id in zip(info.slots, info.type_ids, strict=True):
                types[section.name, slot] = type_id
    return types
