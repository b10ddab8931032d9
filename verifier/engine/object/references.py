"""Read what instructions refer to: externs, subprograms, maps, global variables.

Mirrors bpf_program__record_reloc and bpf_object__reloc_code of tools/lib/bpf/libbpf.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.object.code import CALL, LDDW, PSEUDO_CALL, SLOT, find_subprogram_calls
from verifier.engine.object.elf import FUNCTION, RELOCATION_TYPES, SECTION, Relocations, Symbol
from verifier.engine.object.externs import is_extern
from verifier.engine.object.model import (
    Code,
    Extern,
    ExternKind,
    Function,
    ObjectError,
    Reference,
    ReferenceKind,
)
from verifier.engine.object.sections import LEGACY_MAPS

Key = tuple[str, int]
_MAX_NOTES = 100


@dataclass(frozen=True, slots=True)
class Places:
    """What relocations can lead to.

    `functions`: number by (index of section, slot); `externs`: number by name; `maps`: number by
    offset in .maps; `data`: number by index of section; `text` and `maps_section`: their indexes.
    """

    functions: Mapping[tuple[int, int], int]
    externs: Mapping[str, int]
    extern_list: tuple[Extern, ...]
    functions_in: Mapping[str, tuple[Function, ...]]
    maps: Mapping[int, int]
    data: Mapping[int, int]
    section_names: tuple[str, ...]
    text: int
    maps_section: int


@dataclass(slots=True)
class References:
    """References found so far, by section and slot, and what could not be followed.

    `notes`: calls that lead nowhere. `refusals`: what keeps libbpf from opening the object, told
    once for each section that is referred to.
    """

    places: Places
    symbols: tuple[Symbol, ...]
    found: dict[Key, Reference] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    _refused: set[tuple[str, int]] = field(default_factory=set)

    def read_section(self, code: Code, number: int, relocations: Relocations | None) -> None:
        """Read the references of one section with code: relocated ones, then calls by distance."""
        name = code.section
        covered = _covered(code, self.places.functions_in.get(name, ()))
        if relocations is not None:
            self._read_relocations(code, covered, relocations)
        for slot in find_subprogram_calls(code):
            if covered[slot] and (name, slot) not in self.found:
                target = slot + code.immediates[slot] + 1
                self._add_call((name, slot), self.places.functions.get((number, target)))

    def _read_relocations(self, code: Code, covered: bytearray, relocations: Relocations) -> None:
        """Read relocated instructions; the same against the same symbol means the same."""
        known: dict[tuple[int, int, int, int], Reference | None] = {}
        opcodes, registers, immediates = code.opcodes, code.registers, code.immediates
        for offset, info in zip(relocations.offsets, relocations.infos, strict=True):
            slot, rest = divmod(offset, SLOT)
            if rest or slot >= len(opcodes):
                raise ObjectError(
                    f"a relocation at byte {offset} of section {code.section} is not at an "
                    "instruction: the file is damaged, build it again"
                )
            if not covered[slot]:  # the code of a weak function that another one replaced
                continue
            key = (info, opcodes[slot], registers[slot], immediates[slot])
            if key not in known:
                known[key] = self._read(code, slot, self.symbols[info >> 32], info & 0xFFFFFFFF)
            reference = known[key]
            if reference is not None:
                self.found[code.section, slot] = reference

    def _note(self, text: str) -> None:
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(text)

    def _add_call(self, key: Key, function: int | None) -> None:
        if function is None:
            self._note(f"{key[0]}, instruction {key[1]}: the call leads to no function")
        else:
            self.found[key] = Reference(ReferenceKind.CALL, function)

    def _refuse(self, what: str, symbol: Symbol, text: str) -> None:
        """Note why libbpf does not open the object, once per section and kind of reason."""
        if (what, symbol.section) not in self._refused:
            self._refused.add((what, symbol.section))
            self.refusals.append(text)

    def _read(self, code: Code, slot: int, symbol: Symbol, kind: int) -> Reference | None:
        opcode = code.opcodes[slot]
        if opcode not in (CALL, LDDW):
            word = RELOCATION_TYPES.get(kind, f"of type {kind}")
            self._refuse(
                "place",
                symbol,
                f"{code.section}, instruction {slot}: relocation {word} against "
                f"{symbol.name or 'a section'} is not at a call or a 64-bit load: build it again",
            )
            return None
        if is_extern(symbol):
            return self._extern(code, slot, symbol)
        if opcode == CALL:
            return self._call(code, slot, symbol)
        return self._address(code, slot, symbol)

    def _extern(self, code: Code, slot: int, symbol: Symbol) -> Reference:
        number = self.places.externs[symbol.name]
        if code.opcodes[slot] == CALL:
            extern = self.places.extern_list[number]
            if extern.kind != ExternKind.KFUNC and extern.declared:
                raise ObjectError(
                    f"{code.section}, instruction {slot}: calls {symbol.name}, which is not a "
                    "function: build it again"
                )
            return Reference(ReferenceKind.KFUNC, number)
        return Reference(ReferenceKind.EXTERN, number, code.immediates[slot])

    def _call(self, code: Code, slot: int, symbol: Symbol) -> Reference | None:
        if symbol.section != self.places.text or code.registers[slot] >> 4 != PSEUDO_CALL:
            self._refuse(
                "call",
                symbol,
                f"{code.section}, instruction {slot}: calls {symbol.name or 'a function'} outside "
                "of .text: programs cannot be called, move what they share into a function without "
                "SEC()",
            )
            return None
        target = symbol.value // SLOT + code.immediates[slot] + 1
        return self._function(ReferenceKind.CALL, code, slot, target)

    def _address(self, code: Code, slot: int, symbol: Symbol) -> Reference | None:
        places, addend = self.places, symbol.value + code.immediates[slot]
        if symbol.section == places.text and symbol.type in (FUNCTION, SECTION):
            return self._function(ReferenceKind.FUNCTION, code, slot, addend // SLOT)
        if symbol.section in places.data:
            return Reference(ReferenceKind.DATA, places.data[symbol.section], addend)
        if symbol.section == places.maps_section and symbol.value in places.maps:
            return Reference(ReferenceKind.MAP, places.maps[symbol.value])
        if symbol.section <= 0 or places.section_names[symbol.section] != LEGACY_MAPS:
            self._refuse("data", symbol, self._unknown_place(code, slot, symbol))
        return None

    def _unknown_place(self, code: Code, slot: int, symbol: Symbol) -> str:
        """Return what is wrong with a reference that leads to no map, no data and no function."""
        places, name = self.places, symbol.name or "something"
        where = f"{code.section}, instruction {slot}"
        if symbol.section <= 0:
            return f"{where}: refers to {name}, which is in no section: initialize the variable"
        section = places.section_names[symbol.section] or str(symbol.section)
        if section.startswith(f"{LEGACY_MAPS}/"):
            return (
                f'{where}: refers to {name} in section {section}: define the map in SEC(".maps"); '
                "libbpf 1.0 and later knows no other, though cilium/ebpf and iproute2 do"
            )
        if symbol.section == places.maps_section:
            return f"{where}: refers to {name} in .maps, where no map starts"
        return (
            f"{where}: refers to {name} in section {section}, which is neither maps nor data: name "
            "it .data.x, .rodata.x or .bss.x"
        )

    def _function(self, kind: ReferenceKind, code: Code, slot: int, target: int) -> Reference:
        number = self.places.functions.get((self.places.text, target))
        if number is None:
            raise ObjectError(
                f"{code.section}, instruction {slot}: refers to instruction {target} of .text, "
                "where no function starts: the file is damaged, build it again"
            )
        return Reference(kind, number)


def _covered(code: Code, functions: tuple[Function, ...]) -> bytearray:
    """Mark the slots that belong to a function of the section."""
    marks, end = bytearray(len(code.opcodes)), 0
    for function in functions:  # rising by start; what two of them share is marked once
        start, stop = max(end, function.start), function.start + function.count
        if stop > start:
            marks[start:stop] = b"\1" * (stop - start)
            end = stop
    return marks
