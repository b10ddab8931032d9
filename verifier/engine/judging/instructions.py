"""Instructions that a kernel's verifier does not know.

Mirrors the sanity checks of resolve_pseudo_ldimm64() (kernel/bpf/verifier.c), which looks at dead
code as well, and what check_alu_op() and check_atomic() say of code that is walked. Kernels are
told apart by functions that came with the instructions, where it is known which they have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from verifier.engine.object.model import Code, Function

INSTRUCTION_RULE = "instruction"
# Sign-extending loads and moves, swaps and signed divisions, all in 6.6: "bpf: Support new
# sign-extension load insns" and those after it. Not in 6.1.192, in 6.12.107. Long jumps (gotol)
# came with them, and were taken into 6.1 later.
_SIGNED = "coerce_reg_to_size_sx"
# may_goto came with arenas, in 6.9; not in 6.1.192, in 6.12.107.
_MAY_GOTO = "bpf_jit_supports_arena"
# "bpf: Introduce load-acquire and store-release instructions"; not in 6.12.107, in 6.17.8.
_ACQUIRE = "check_load_mem"

_LOADS = "a load that extends the sign (*(s8 *), *(s16 *), *(s32 *))"
_BY_OPCODE = {
    0x81: (_SIGNED, _LOADS, "BPF_LDX uses reserved fields"),
    0x89: (_SIGNED, _LOADS, "BPF_LDX uses reserved fields"),
    0x91: (_SIGNED, _LOADS, "BPF_LDX uses reserved fields"),
    0xD7: (_SIGNED, "bswap", "unknown opcode d7"),
    0xE5: (_MAY_GOTO, "may_goto", "unknown opcode e5"),
}
_ADVICE = {
    _SIGNED: "build it with -mcpu=v3",
    _MAY_GOTO: "use bpf_loop() or a loop with a bound",
    _ACQUIRE: "build it with -mcpu=v3",
}
_DIVISIONS = (0x34, 0x37, 0x3C, 0x3F, 0x94, 0x97, 0x9C, 0x9F)
_MOVES = (0xBC, 0xBF)
_SIGNED_MOVES = (8, 16, 32)
_ATOMICS = (0xC3, 0xCB, 0xD3, 0xDB)
_LOAD_ACQUIRE, _STORE_RELEASE = 0x100, 0x110


def _any_of(opcodes: Iterable[int]) -> re.Pattern[bytes]:
    return re.compile(b"[%s]" % b"".join(re.escape(bytes([opcode])) for opcode in opcodes))


_JUMPS = _any_of(opcode for opcode in range(256) if opcode & 7 in (5, 6))  # JMP and JMP32
_RARE = _any_of((*_BY_OPCODE, *_DIVISIONS, *_ATOMICS))  # newer or older: the rest says which
_MOVE = _any_of(_MOVES)  # newer where it has an offset


class Newer(NamedTuple):
    """An instruction that not every kernel knows: its mark, which is a function that those have
    which know it, its slot, and what to tell of one that does not.

    `even_dead`: dead code counts; `first`: whenever its function is walked, it is.
    """

    mark: str
    slot: int
    text: str
    even_dead: bool
    first: bool


def newer_instructions(function: Function, code: Code) -> Iterator[Newer]:
    """Return the instructions of a function that not every kernel knows."""
    opcodes = code.opcodes[function.start : function.start + function.count]
    offsets = code.offsets[function.start : function.start + function.count]
    rows = [match.start() for match in _RARE.finditer(opcodes)]
    rows += [row for match in _MOVE.finditer(opcodes) if offsets[row := match.start()]]
    for row in sorted(rows):
        slot = function.start + row
        mark, what, says = _find(code, slot)
        if mark:
            text = f"{says}: this kernel does not know {what}; {_ADVICE[mark]}"
            first = not _JUMPS.search(opcodes, 0, row)
            yield Newer(mark, slot, text, code.opcodes[slot] in _BY_OPCODE, first)


def _find(code: Code, slot: int) -> tuple[str, str, str]:
    """Return the mark of an instruction, what it is, and what is said of it; "" for an old one."""
    opcode, offset, immediate = code.opcodes[slot], code.offsets[slot], code.immediates[slot]
    if opcode in _BY_OPCODE:
        return _BY_OPCODE[opcode]
    if opcode in _DIVISIONS and offset == 1:
        return _SIGNED, "a signed division", "BPF_ALU uses reserved fields"
    if opcode in _MOVES and offset in _SIGNED_MOVES:
        return _SIGNED, "a move that extends the sign", "BPF_MOV uses reserved fields"
    if opcode in _ATOMICS and immediate in (_LOAD_ACQUIRE, _STORE_RELEASE):
        says = f"BPF_ATOMIC uses invalid atomic opcode {immediate:02x}"
        return _ACQUIRE, "load-acquire and store-release", says
    return "", "", ""
