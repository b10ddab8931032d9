"""Sort the sections of an object by what libbpf makes of them, once."""

from __future__ import annotations

from kfmap.btf.elf_headers import NO_BITS
from kfmap.quick_dataclass import dataclass
from verifier.engine.object.elf import PROGRAM, STRINGS, Elf, Section
from verifier.engine.object.model import ObjectError

TEXT = ".text"
ARENA = ".addr_space.1"
JUMP_TABLES = ".jumptables"
STRUCT_OPS = (".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link")
LEGACY_MAPS = "maps"  # and `maps/x`, as loaders before libbpf 1.0 took them
_VERSION_SIZE = 4
_DATA = (".data", ".rodata", ".bss", ".percpu")
_DATA_PREFIXES = tuple(f"{name}." for name in _DATA)


@dataclass(frozen=True, slots=True)
class Sections:
    """`by_name` has the BTF sections and license; of several with one name the last, as libbpf."""

    code: tuple[Section, ...]
    data: tuple[Section, ...]
    struct_ops: tuple[Section, ...]
    maps: Section | None
    by_name: dict[str, Section]


def sort_sections(elf: Elf) -> Sections:
    """Sort sections; two with code must not share a name, for .BTF.ext knows them by name.

    Raises ObjectError where they do.
    """
    code: dict[str, Section] = {}
    data, struct_ops = [], []
    named: dict[str, Section] = {}
    for section in elf.sections:
        name = section.name
        if section.type != PROGRAM:
            if is_data(section):
                data.append(section)
        elif section.executable and section.size:
            if name in code:
                raise ObjectError(
                    f"sections {code[name].number} and {section.number} with code are both called "
                    f"{name}: link the object with bpftool gen object"
                )
            code[name] = section
        elif name in STRUCT_OPS:
            struct_ops.append(section)
        elif is_data(section):
            data.append(section)
        else:
            named[name] = section
    return Sections(tuple(code.values()), tuple(data), tuple(struct_ops), named.get(".maps"), named)


def refused_sections(elf: Elf) -> list[str]:
    """Return which sections keep libbpf from opening an object, whatever is in them."""
    told = []
    for section in elf.sections:
        if section.name == LEGACY_MAPS and section.type != STRINGS:
            told.append(
                "section maps holds legacy map definitions, which libbpf 1.0 and later does not "
                'take, though cilium/ebpf and iproute2 do: define maps in SEC(".maps")'
            )
        elif section.name == "version" and section.size != _VERSION_SIZE:
            told.append(
                f"section version has {section.size} bytes, not {_VERSION_SIZE}: leave it out"
            )
    return told


def is_data(section: Section) -> bool:
    """Return whether a section becomes a map of global variables."""
    name = section.name
    if section.type == NO_BITS:
        return name == ".bss" or name.startswith(".bss.")
    return section.type == PROGRAM and (
        name in _DATA or name in (ARENA, JUMP_TABLES) or name.startswith(_DATA_PREFIXES)
    )


def is_frozen(section: Section) -> bool:
    """Return whether the verifier may take what is in the section for constants."""
    return section.name == ".rodata" or section.name.startswith(".rodata.")
