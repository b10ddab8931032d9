"""Read what an object asks of the kernel: undefined symbols that are kfuncs, ksyms or kconfig."""

from __future__ import annotations

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import EXTERN, Kind
from kfmap.btf.read import Btf
from verifier.engine.object.elf import NO_TYPE, Elf, Symbol
from verifier.engine.object.model import Extern, ObjectError

KFUNC, KSYM, KCONFIG = "kfunc", "ksym", "kconfig"
_KSYMS_SECTION, _KCONFIG_SECTION = ".ksyms", ".kconfig"


def is_extern(symbol: Symbol) -> bool:
    """Return whether a symbol is one that the loader has to find."""
    undefined = symbol.section == 0 and symbol.type == NO_TYPE
    return undefined and not symbol.local and bool(symbol.name)


def read_externs(elf: Elf, btf: Btf | None) -> tuple[Extern, ...]:
    """Return the externs in the order of the symbol table; without BTF all count as kfuncs."""
    symbols = [symbol for symbol in elf.symbols if is_extern(symbol)]
    if btf is None:
        return tuple(
            Extern(symbol.name, essential_name(symbol.name), KFUNC, symbol.weak, 0)
            for symbol in symbols
        )
    places = _extern_places(btf) if symbols else {}
    types = {name: btf.find(name, Kind.VAR, Kind.FUNC) for name in {item.name for item in symbols}}
    return tuple(_read_extern(item, types[item.name], btf, places) for item in symbols)


def _extern_places(btf: Btf) -> dict[int, str]:
    """Return the DATASEC name of each VAR or FUNC that is in one of the two extern sections."""
    places: dict[int, str] = {}
    for name in (_KSYMS_SECTION, _KCONFIG_SECTION):
        for datasec in btf.find_all(name, Kind.DATASEC):
            places.update((item.type_id, name) for item in btf.variables(datasec))
    return places


def _read_extern(symbol: Symbol, type_id: int | None, btf: Btf, places: dict[int, str]) -> Extern:
    name = symbol.name
    if type_id is None or btf.linkage(type_id) != EXTERN or type_id not in places:
        raise ObjectError(
            f"{name} is undefined and declared neither __ksym nor __kconfig, so libbpf does not "
            "open the object: link it with the object that defines it (bpftool gen object)"
        )
    is_function = btf.kind(type_id) is Kind.FUNC
    if places[type_id] == _KCONFIG_SECTION:
        if is_function:
            raise ObjectError(f"function {name} is declared __kconfig: declare it __ksym")
        return Extern(name, name, KCONFIG, symbol.weak, type_id)
    kind = KFUNC if is_function else KSYM
    return Extern(name, essential_name(name), kind, symbol.weak, type_id)
