"""Read what an object asks of the kernel: undefined symbols that are kfuncs, ksyms or kconfig."""

from __future__ import annotations

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import EXTERN, Kind
from kfmap.btf.read import Btf
from verifier.engine.object.elf import NO_TYPE, Elf, Symbol
from verifier.engine.object.model import Extern, ExternKind

_KSYMS_SECTION, _KCONFIG_SECTION = ".ksyms", ".kconfig"


def is_extern(symbol: Symbol) -> bool:
    """Return whether a symbol is one that the loader has to find."""
    undefined = symbol.section == 0 and symbol.type == NO_TYPE
    return undefined and not symbol.local and bool(symbol.name)


def read_externs(elf: Elf, btf: Btf | None, refusals: list[str]) -> tuple[Extern, ...]:
    """Return the externs in the order of the symbol table.

    What libbpf does not open is in `refusals`. Without BTF all count as kfuncs, by name alone.
    """
    symbols = [symbol for symbol in elf.symbols if is_extern(symbol)]
    if btf is None:
        if symbols:
            refusals.append(f"it needs {symbols[0].name} and has no BTF: build it with -g")
        return tuple(
            Extern(symbol.name, essential_name(symbol.name), ExternKind.KFUNC, symbol.weak, 0)
            for symbol in symbols
        )
    places = _extern_places(btf) if symbols else {}
    types = btf.first_of(Kind.VAR, Kind.FUNC) if symbols else {}
    return tuple(
        _read_extern(item, types.get(item.name), btf, places, refusals) for item in symbols
    )


def _extern_places(btf: Btf) -> dict[int, str]:
    """Return the DATASEC name of each VAR or FUNC that is in one of the two extern sections."""
    places: dict[int, str] = {}
    for name in (_KSYMS_SECTION, _KCONFIG_SECTION):
        for datasec in btf.sections(name):
            places.update((item.type_id, name) for item in btf.variables(datasec))
    return places


def _read_extern(
    symbol: Symbol,
    type_id: int | None,
    btf: Btf,
    places: dict[int, str],
    refusals: list[str],
) -> Extern:
    """Read an extern; what is not declared to libbpf counts as what its type says."""
    name = symbol.name
    if type_id is not None and btf.linkage(type_id) != EXTERN:
        type_id = None
    is_function = type_id is not None and btf.kind(type_id) is Kind.FUNC
    kind = ExternKind.KFUNC if is_function else ExternKind.KSYM
    place = places.get(type_id or 0)
    if place == _KCONFIG_SECTION and not is_function:
        return Extern(name, name, ExternKind.KCONFIG, symbol.weak, type_id or 0)
    if place == _KCONFIG_SECTION:
        refusals.append(f"function {name} is declared __kconfig: declare it __ksym")
    declared = place is not None
    # libbpf asks for a function without its last `___suffix`, for a variable by its whole name.
    asked = essential_name(name) if is_function else name
    return Extern(name, asked, kind, symbol.weak, type_id or 0, declared)
