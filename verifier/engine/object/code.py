"""Read instructions as columns (struct bpf_insn, include/uapi/linux/bpf.h), never one by one."""

from __future__ import annotations

import re
import sys
from array import array
from hashlib import sha256
from typing import Literal

from verifier.engine.object.elf import Section
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import Code, Function, ObjectError

SLOT = 8  # bytes of an instruction slot

CALL = 0x85  # BPF_JMP | BPF_CALL
LDDW = 0x18  # BPF_LD | BPF_DW | BPF_IMM, two slots
PSEUDO_CALL = 1  # BPF_PSEUDO_CALL in src: a subprogram

_NUMBERED = re.compile(rb"[\x85\x18]")  # CALL and LDDW
_IS_CALL = bytes(opcode == CALL for opcode in range(256))
_IS_PSEUDO_CALL = bytes(registers >> 4 == PSEUDO_CALL for registers in range(256))
_SWAPPED = bytes(registers >> 4 | (registers & 15) << 4 for registers in range(256))


def read_code(section: Section, little_endian: bool) -> Code:
    """Read the instructions of an executable section; big-endian ones have dst and src swapped.

    Raises ObjectError where it does not hold whole instructions.
    """
    if section.size % SLOT:
        raise ObjectError(
            f"section {section.name} of {section.size} bytes does not hold whole instructions "
            f"of {SLOT} bytes: the file is damaged, build it again"
        )
    data = bytes(section.contents)
    opcodes, registers = data[0::SLOT], data[1::SLOT]
    if not little_endian:
        registers = registers.translate(_SWAPPED)
    offsets = _numbers(data, "h", little_endian)[1::4]
    immediates = _numbers(data, "i", little_endian)[1::2]
    return Code(section.name, opcodes, registers, offsets, immediates)


def _numbers(data: bytes, kind: Literal["h", "i"], little_endian: bool) -> memoryview[int]:
    """See the bytes as numbers of the object's byte order."""
    if little_endian == (sys.byteorder == "little"):
        return memoryview(data).cast(kind)
    numbers = array(kind)
    numbers.frombytes(data)
    numbers.byteswap()
    return memoryview(numbers)


def check_instructions(sections: tuple[Section, ...], limits: Limits) -> None:
    """Refuse an object with too many instructions before they are read."""
    check_limit("instructions", sum(item.size for item in sections) // SLOT, limits.instructions)


def hash_function(code: Code, function: Function) -> bytes:
    """Return a hash of what a function does, but for the numbers that the linker gave to what it
    calls and refers to: they change with every symbol that comes or goes."""
    slots = slice(function.start, function.start + function.count)
    opcodes, registers = code.opcodes[slots], code.registers[slots]
    offsets, immediates = array("h", code.offsets[slots]), array("i", code.immediates[slots])
    last = function.count - 1
    for found in _NUMBERED.finditer(opcodes):
        at = found.start()
        if opcodes[at] == LDDW:
            immediates[at] = immediates[min(at + 1, last)] = 0
        elif registers[at] >> 4:  # calls of helpers keep their number
            immediates[at] = 0
    digest = sha256()
    for column in (opcodes, registers, offsets, immediates):
        digest.update(column)
    return digest.digest()


def find_subprogram_calls(code: Code) -> list[int]:
    """Return the slots of all calls of subprograms, found by comparing columns as long numbers."""
    calls = int.from_bytes(code.opcodes.translate(_IS_CALL), "little")
    pseudo = int.from_bytes(code.registers.translate(_IS_PSEUDO_CALL), "little")
    marks = (calls & pseudo).to_bytes(len(code.opcodes), "little")
    found, at = [], marks.find(1)
    while at >= 0:
        found.append(at)
        at = marks.find(1, at + 1)
    return found
