"""Which map the code gives to a helper, as far as it shows without being walked.

Compilers load the address of a map into the register of an argument just before the call, or into
a register that is kept. Where ways meet between, the last write counts; walks that join these ways
know no map there at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from verifier.engine.flow.body import CLASS_ALU, CLASS_ALU64, CLASS_LD, CLASS_LDX, OP_CALL
from verifier.engine.object.model import Code, Reference, ReferenceKind

_MOVE = 0xBF  # BPF_ALU64 | BPF_MOV | BPF_X
_WRITES = (CLASS_LD, CLASS_LDX, CLASS_ALU, CLASS_ALU64)
_LAST_SCRATCHED = 5  # calls leave nothing in r0 to r5
_FETCHES = (0xDB, 0xC3)  # BPF_STX | BPF_ATOMIC, of 8 and 4 bytes, which may write the source


def find_given_map(
    code: Code, start: int, slot: int, register: int, references: Mapping[int, Reference]
) -> int | None:
    """Return the map in a register at a slot of a function that begins at `start`, None where the
    code does not show it."""
    opcodes, registers = code.opcodes, code.registers
    for at in range(slot - 1, start - 1, -1):
        opcode = opcodes[at]
        if opcode == OP_CALL and register <= _LAST_SCRATCHED:
            return None
        if opcode in _FETCHES and registers[at] >> 4 == register:
            return None
        # The second slot of lddw has opcode 0, a load of nothing into r0.
        if opcode & 7 not in _WRITES or registers[at] & 15 != register or not opcode:
            continue
        if opcode == _MOVE and not code.offsets[at]:
            register = registers[at] >> 4
            continue
        reference = references.get(at)
        is_map = reference is not None and reference.kind == ReferenceKind.MAP
        return reference.index if is_map and reference else None
    return None
