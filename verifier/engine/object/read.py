"""Read a compiled BPF object: bytes → `BpfObject`, the same for every kernel."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

from kfmap.btf.read import BtfError
from verifier.engine.object.code import check_instructions, read_code
from verifier.engine.object.data import read_data, read_variables
from verifier.engine.object.elf import Elf, read_elf
from verifier.engine.object.externs import read_externs
from verifier.engine.object.functions import read_functions
from verifier.engine.object.limits import Limits
from verifier.engine.object.maps import Maps, read_maps, refused_arenas
from verifier.engine.object.model import (
    BpfObject,
    Code,
    Extern,
    Function,
    Linkage,
    ObjectError,
    Reference,
)
from verifier.engine.object.programs import read_programs
from verifier.engine.object.references import Places, References
from verifier.engine.object.sections import TEXT, Sections, refused_sections, sort_sections
from verifier.engine.object.struct_ops import note_made_maps, read_struct_ops
from verifier.engine.object.type_info import read_object_btf, read_object_btf_ext
from verifier.engine.object.variables import Variables

DEFAULT_LIMITS = Limits()
_MAX_REFUSALS = 10  # more say nothing new: each of them is enough


def read_object(data: bytes, limits: Limits = DEFAULT_LIMITS) -> BpfObject:
    """Read a `.bpf.o`; what is not one raises ObjectError.

    An object that can be read and that libbpf does not open says so in its `refusals`.
    """
    try:
        return _read(data, limits)
    except BtfError as error:
        raise ObjectError(f"the object's BTF is damaged: {error}") from error


def _read(data: bytes, limits: Limits) -> BpfObject:
    elf = read_elf(data, limits)
    sections = sort_sections(elf)
    notes: list[str] = []
    btf = read_object_btf(sections, notes)
    btf_ext = read_object_btf_ext(sections, btf, notes)
    check_instructions(sections.code, limits)
    code = {item.name: read_code(item, elf.little_endian) for item in sections.code}
    refusals = refused_sections(elf)
    functions = read_functions(elf, sections, btf, btf_ext, refusals, limits)
    starts = _starts(sections, functions)
    externs = read_externs(elf, btf, refusals)
    variables = Variables(elf, btf)
    programs = {
        place: number
        for place, number in starts.items()
        if functions[number].linkage == Linkage.PROGRAM
    }
    maps = read_maps(elf, sections.maps, btf, variables, programs, refusals, limits)
    refusals += refused_arenas(sections, maps.maps)
    by_start = {place: functions[number] for place, number in starts.items()}
    struct_ops = (
        read_struct_ops(elf, sections.struct_ops, btf, variables, by_start, limits) if btf else ()
    )
    notes += note_made_maps(struct_ops)
    places = _places(elf, sections, functions, starts, externs, maps)
    references = _read_references(elf, sections, code, places, (notes, refusals))
    return BpfObject(
        size=len(data),
        little_endian=elf.little_endian,
        license=_license(sections),
        code=code,
        functions=functions,
        programs=read_programs(functions, struct_ops, btf, limits),
        externs=externs,
        references=references,
        maps=maps.maps,
        struct_ops_maps=struct_ops,
        data=read_data(sections, variables),
        variables=read_variables(sections, variables, limits),
        btf=btf,
        btf_ext=btf_ext,
        notes=tuple(notes),
        refusals=tuple(refusals[:_MAX_REFUSALS]),
        has_function_types=bool(btf_ext and btf_ext.functions),
    )


def _license(sections: Sections) -> str:
    section = sections.by_name.get("license")
    text = bytes(section.contents).partition(b"\0")[0] if section else b""
    return text[:63].decode("utf-8", "backslashreplace")


def _starts(sections: Sections, functions: tuple[Function, ...]) -> dict[tuple[int, int], int]:
    """Return the number of the function that starts at (index of section, slot)."""
    index = {section.name: section.number for section in sections.code}
    return {
        (index[function.section], function.start): number
        for number, function in enumerate(functions)
    }


def _places(
    elf: Elf,
    sections: Sections,
    functions: tuple[Function, ...],
    starts: dict[tuple[int, int], int],
    externs: tuple[Extern, ...],
    maps: Maps,
) -> Places:
    text = next((item.number for item in sections.code if item.name == TEXT), 0)
    return Places(
        functions=starts,
        externs={extern.name: number for number, extern in enumerate(externs)},
        extern_list=externs,
        functions_in={
            section: tuple(found)
            for section, found in groupby(functions, key=attrgetter("section"))
        },
        maps=maps.at,
        data={section.number: number for number, section in enumerate(sections.data)},
        section_names=tuple(section.name for section in elf.sections),
        text=text,
        maps_section=sections.maps.number if sections.maps else 0,
    )


def _read_references(
    elf: Elf,
    sections: Sections,
    code: dict[str, Code],
    places: Places,
    told: tuple[list[str], list[str]],
) -> dict[tuple[str, int], Reference]:
    notes, refusals = told
    references = References(places, elf.symbols, notes=notes, refusals=refusals)
    for section in sections.code:
        relocations = elf.relocations.get(section.number)
        references.read_section(code[section.name], section.number, relocations)
    return references.found
