"""The code of one function as basic blocks of decoded instructions, the same on every kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from verifier.object.model import BpfObject, Function, Reference

CLASS_LD, CLASS_LDX, CLASS_ST, CLASS_STX, CLASS_ALU, CLASS_JMP, CLASS_JMP32, CLASS_ALU64 = range(8)
OP_LDDW, OP_JA, OP_JA32, OP_CALL, OP_EXIT = 0x18, 0x05, 0x06, 0x85, 0x95
OP_MAY_GOTO, OP_GOTOX = 0xE5, 0x0D
PSEUDO_CALL, PSEUDO_FUNC = 1, 4


class Instruction(NamedTuple):
    """One decoded instruction. `immediate` is that of both slots for lddw (u64), else s32."""

    slot: int
    opcode: int
    dst: int
    src: int
    offset: int
    immediate: int
    reference: Reference | None


@dataclass(slots=True)
class Block:
    """Instructions that run in a row, and how they end.

    `end`: "next", "jump", "branch", "exit", "call" (of a static function), "stop".
    `target` and `next` are block indexes, -1 where the code leaves the function.
    """

    start: int
    instructions: list[Instruction] = field(default_factory=list)
    end: str = "next"
    last: Instruction | None = None
    target: int = -1
    next: int = -1

    def successors(self) -> list[int]:
        ways = {
            "next": (self.next,),
            "call": (self.next,),
            "jump": (self.target,),
            "branch": (self.target, self.next),
        }.get(self.end, ())
        return [way for way in ways if way >= 0]


@dataclass(slots=True)
class Body:
    """A function's blocks, the entry first; not `understood` where jumps cannot be followed."""

    function: Function
    blocks: list[Block]
    order: list[int]  # position of each block in reverse postorder
    understood: bool


IsStatic = Callable[[int], bool]


def build_body(
    obj: BpfObject, index: int, is_static: IsStatic, locate: Callable[[str, int], int | None]
) -> Body:
    """Decode a function.

    `is_static` tells whether the verifier follows a call of a function, `locate` gives the function
    at a slot.
    """
    function = obj.functions[index]
    instructions = _decode(obj, function, locate)
    starts = _find_starts(function, instructions, is_static)
    blocks: list[Block] = []
    at = {}
    for instruction in instructions:
        if instruction.slot in starts or not blocks:
            at[instruction.slot] = len(blocks)
            blocks.append(Block(instruction.slot))
        blocks[-1].instructions.append(instruction)
    for position, block in enumerate(blocks):
        _close(block, position, len(blocks), at, is_static)
    understood = not any(item.opcode == OP_GOTOX for item in instructions)
    return Body(function, blocks, _reverse_postorder(blocks), understood)


def _decode(
    obj: BpfObject, function: Function, locate: Callable[[str, int], int | None]
) -> list[Instruction]:
    code = obj.code[function.section]
    references, section = obj.references, function.section
    end = function.start + function.count
    instructions = []
    slot = function.start
    while slot < end:
        opcode, registers = code.opcodes[slot], code.registers[slot]
        immediate = code.immediates[slot]
        reference = references.get((section, slot))
        if reference is None and opcode in (OP_CALL, OP_LDDW):
            reference = _plain_reference(section, slot, opcode, registers >> 4, immediate, locate)
        if opcode == OP_LDDW and slot + 1 < end:
            immediate = immediate & 0xFFFFFFFF | (code.immediates[slot + 1] & 0xFFFFFFFF) << 32
        instructions.append(
            Instruction(
                slot,
                opcode,
                registers & 15,
                registers >> 4,
                code.offsets[slot],
                immediate,
                reference,
            )
        )
        slot += 2 if opcode == OP_LDDW else 1
    return instructions


def _plain_reference(
    section: str,
    slot: int,
    opcode: int,
    pseudo: int,
    immediate: int,
    locate: Callable[[str, int], int | None],
) -> Reference | None:
    """Calls and addresses of functions of the same section may have no relocation."""
    wanted = PSEUDO_CALL if opcode == OP_CALL else PSEUDO_FUNC
    if pseudo != wanted:
        return None
    callee = locate(section, slot + immediate + 1)
    return (
        None if callee is None else Reference("call" if opcode == OP_CALL else "function", callee)
    )


def _jump_target(instruction: Instruction) -> int | None:
    """Give the slot a jump leads to."""
    if instruction.opcode == OP_JA32:
        return instruction.slot + 1 + instruction.immediate
    kind = instruction.opcode & 7
    if kind in (CLASS_JMP, CLASS_JMP32) and instruction.opcode not in (
        OP_CALL,
        OP_EXIT,
        OP_GOTOX,
        0x8D,
    ):
        return instruction.slot + 1 + instruction.offset
    return None


def _is_static_call(instruction: Instruction, is_static: IsStatic) -> bool:
    reference = instruction.reference
    return (
        instruction.opcode == OP_CALL
        and reference is not None
        and reference.kind == "call"
        and is_static(reference.index)
    )


def _find_starts(
    function: Function, instructions: list[Instruction], is_static: IsStatic
) -> set[int]:
    starts = {function.start}
    for instruction in instructions:
        if instruction.opcode & 7 not in (CLASS_JMP, CLASS_JMP32):
            continue
        target = _jump_target(instruction)
        if target is not None:
            starts.add(target)
        ends = target is not None or instruction.opcode in (OP_EXIT, OP_GOTOX)
        if ends or _is_static_call(instruction, is_static):
            starts.add(instruction.slot + 1)
    return starts


def _close(
    block: Block, position: int, count: int, at: dict[int, int], is_static: IsStatic
) -> None:
    """Find out how a block ends."""
    last = block.instructions[-1]
    block.next = position + 1 if position + 1 < count else -1
    target = _jump_target(last)
    if last.opcode in (OP_EXIT, OP_GOTOX):
        block.end = "exit" if last.opcode == OP_EXIT else "stop"
    elif target is not None:
        block.end = "jump" if last.opcode in (OP_JA, OP_JA32) else "branch"
        block.target = at.get(target, -1)
    elif _is_static_call(last, is_static):
        block.end = "call"
    else:
        return
    block.last = block.instructions.pop()


def _reverse_postorder(blocks: list[Block]) -> list[int]:
    """Give the position of every block so that all but loops come after what leads to them."""
    order = [len(blocks)] * len(blocks)
    state = bytearray(len(blocks))
    place = len(blocks)
    stack = [(0, iter(blocks[0].successors()))] if blocks else []
    if blocks:
        state[0] = 1
    while stack:
        block, ways = stack[-1]
        way = next(ways, None)
        if way is None:
            place -= 1
            order[block] = place
            stack.pop()
        elif not state[way]:
            state[way] = 1
            stack.append((way, iter(blocks[way].successors())))
    return order
