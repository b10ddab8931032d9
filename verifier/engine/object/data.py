"""Read global variables: their sections as bytes, and where in them each one is."""

from __future__ import annotations

from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import DataSection, Variable
from verifier.engine.object.sections import Sections, is_frozen
from verifier.engine.object.variables import Variables


def read_data(sections: Sections, variables: Variables) -> tuple[DataSection, ...]:
    """Return the data sections; those of zeroes (.bss) have no bytes, only a size."""
    return tuple(
        DataSection(
            section.name,
            bytes(section.contents),
            is_frozen(section),
            section.size,
            any(not item.private for item in variables.of(section)),
        )
        for section in sections.data
    )


def read_variables(
    sections: Sections, variables: Variables, limits: Limits
) -> tuple[Variable, ...]:
    """Return the variables of all data sections, in the order of `read_data`, rising by offset."""
    found = tuple(
        Variable(item.name, number, item.offset, item.size, item.type_id)
        for number, section in enumerate(sections.data)
        for item in variables.of(section)
    )
    check_limit("variables", len(found), limits.variables)
    return found
