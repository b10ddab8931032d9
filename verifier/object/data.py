"""Read global variables: their sections as bytes, and where in them each one is."""

from __future__ import annotations

from kfmap.btf.read import Btf
from verifier.object.elf import Elf
from verifier.object.limits import Limits, check_limit
from verifier.object.model import DataSection, Variable
from verifier.object.sections import Sections, is_frozen
from verifier.object.variables import objects_by_section, place_variables


def read_data(sections: Sections) -> tuple[DataSection, ...]:
    """Give the data sections; those of zeroes (.bss) have no bytes, only a size."""
    return tuple(
        DataSection(section.name, bytes(section.contents), is_frozen(section), section.size)
        for section in sections.data
    )


def read_variables(
    elf: Elf, sections: Sections, btf: Btf | None, limits: Limits
) -> tuple[Variable, ...]:
    """Give the variables of all data sections, in the order of `read_data`, rising by offset."""
    symbols = objects_by_section(elf)
    check_limit("variables", sum(map(len, symbols.values())), limits.variables)
    return tuple(
        Variable(item.name, number, item.offset, item.size, item.type_id)
        for number, section in enumerate(sections.data)
        for item in place_variables(section, symbols.get(section.number, ()), btf)
    )
