"""What each instruction does to the state, as far as the verifier would know it.

A handler takes the walk, the state and the instruction, and says whether the path goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from verifier.flow import arithmetic
from verifier.flow.body import (
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_LDX,
    CLASS_ST,
    CLASS_STX,
    OP_CALL,
    OP_LDDW,
    Block,
    Row,
)
from verifier.flow.calling import call_global, call_helper, call_kfunc, call_unknown
from verifier.flow.inputs import POISON
from verifier.flow.state import State
from verifier.flow.values import (
    OBJECT,
    TRUSTED,
    U32,
    U64,
    UNKNOWN,
    VAGUE,
    Pointer,
    Value,
    loaded,
    low_half,
)
from verifier.flow.walk import Walk

Handler = Callable[[Walk, State, Row], bool]

_SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
_MODE, _MEMSX, _ATOMIC = 0xE0, 0x80, 0xC0
_FETCH, _LOAD_ACQUIRE, _STORE_RELEASE, _COMPARE_EXCHANGE = 0x01, 0x100, 0x110, 0xF1
_ADDRESS_SPACE_CAST = 1


def run_block(walk: Walk, state: State, block: Block) -> bool:
    """Carry out the instructions of a block; False where the path ends inside it."""
    core_slots = walk.core_slots
    for instruction in block.instructions:
        if instruction.slot in core_slots:
            patched = _patch(walk, instruction)
            if patched is None:
                return False
            instruction = patched
        if not _HANDLERS[instruction.opcode](walk, state, instruction):
            return False
    return True


def _patch(walk: Walk, row: Row) -> Row | None:
    """Write the CO-RE value into an instruction, as the loader does."""
    patch = walk.inputs.core(walk.section, instruction.slot)
    if patch.outcome == POISON:
        walk.note_poison(instruction.slot)
        return None
    kind = instruction.opcode & 7
    if kind in (CLASS_ALU, CLASS_ALU64):
        return instruction._replace(immediate=(patch.value & U32) - ((patch.value & 1 << 31) << 1))
    if instruction.opcode == OP_LDDW:
        return instruction._replace(immediate=patch.value)
    return instruction


# moves and arithmetic


def _move_64(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, registers, offset, immediate = row
    dst, src = registers & 15, registers >> 4
    if not opcode & 8:
        state.registers[dst] = immediate & U64
    elif not offset:
        state.registers[dst] = state.registers[src]
    elif offset == _ADDRESS_SPACE_CAST:
        state.registers[dst] = UNKNOWN
    else:
        value = state.registers[src]
        state.registers[dst] = arithmetic.sign_extend(value, offset & 63 or 64, 64)
    return True


def _move_32(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, registers, offset, immediate = row
    dst, src = registers & 15, registers >> 4
    if not opcode & 8:
        state.registers[dst] = immediate & U32
    elif not offset:
        state.registers[dst] = low_half(state.registers[src])
    else:
        state.registers[dst] = arithmetic.sign_extend(state.registers[src], offset & 31 or 32, 32)
    return True


def _arithmetic(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, registers, offset, immediate = row
    dst, src = registers & 15, registers >> 4
    bits = 64 if opcode & 7 == CLASS_ALU64 else 32
    operand: Value = state.registers[src] if opcode & 8 else immediate & U64
    operation = opcode & 0xF0
    if operation == arithmetic.NEG:
        left: Value = 0
        operation, operand = arithmetic.SUB, state.registers[dst]
    else:
        left = state.registers[dst]
    result = arithmetic.apply(operation, left, operand, bits, offset == 1)
    state.registers[dst] = result if bits == 64 else low_half(result)
    return True


def _byte_swap(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, dst, _, _, immediate, _ = instruction
    size = immediate // 8 if immediate in (16, 32, 64) else 8
    to_little = not opcode & 8
    swapped = opcode & 7 == CLASS_ALU64 or to_little != walk.object.little_endian
    state.registers[dst] = arithmetic.swap(state.registers[dst], size, swapped)
    return True


# loads and stores


def _load(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, dst, src, offset, _, _ = instruction
    is_signed = opcode & _MODE == _MEMSX
    size = _SIZES[opcode & 0x18]
    state.registers[dst] = _read(walk, state, state.registers[src], offset, size, is_signed)
    return True


def _read(walk: Walk, state: State, base: Value, offset: int, size: int, is_signed: bool) -> Value:
    if base is VAGUE:
        return VAGUE
    if not isinstance(base, Pointer):
        return loaded(size, is_signed)
    kind, index, start = base
    if kind == "stack":
        return state.load(start + offset, size, is_signed)
    if kind == "data":
        return walk.read_data(index, start + offset, size, is_signed)
    if kind == "extern":
        return walk.read_kconfig(index, start + offset, size, is_signed)
    if kind == "frame":
        return VAGUE
    return TRUSTED if kind == "context" and size == 8 else loaded(size, is_signed)


def _store_immediate(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, dst, _, offset, immediate, _ = instruction
    _write(state, state.registers[dst], offset, _SIZES[opcode & 0x18], immediate & U64)
    return True


def _store(walk: Walk, state: State, row: Row) -> bool:
    _, opcode, dst, src, offset, _, _ = instruction
    size = _SIZES[opcode & 0x18]
    if opcode & _MODE == _ATOMIC:
        _atomic(walk, state, instruction, size)
    else:
        _write(state, state.registers[dst], offset, size, state.registers[src])
    return True


def _write(state: State, base: Value, offset: int, size: int, value: Value) -> None:
    if isinstance(base, Pointer) and base.kind == "stack":
        state.store(base.offset + offset, size, value)
    elif base is VAGUE:
        state.doubt_from(-(1 << 16))


def _atomic(walk: Walk, state: State, row: Row, size: int) -> None:
    _, _, dst, src, offset, immediate, _ = instruction
    if immediate == _LOAD_ACQUIRE:
        state.registers[dst] = _read(walk, state, state.registers[src], offset, size, False)
        return
    value = state.registers[src] if immediate == _STORE_RELEASE else UNKNOWN
    _write(state, state.registers[dst], offset, size, value)
    if immediate == _COMPARE_EXCHANGE:
        state.registers[0] = loaded(size, False)
    elif immediate != _STORE_RELEASE and immediate & _FETCH:
        state.registers[src] = loaded(size, False)


def _load_wide(walk: Walk, state: State, row: Row) -> bool:
    """Load a 64-bit constant, or the address of what a relocation names."""
    reference = instruction.reference
    if reference is None:
        value: Value = instruction.immediate & U64
    elif reference.kind == "data":
        value = Pointer("data", reference.index, reference.addend)
    elif reference.kind == "function":
        value = Pointer("function", reference.index)
        walk.note_passed(reference.index, instruction.slot)
    elif reference.kind in ("extern", "kfunc"):
        value = _extern_address(walk, reference.kind, reference.index)
    else:
        value = Pointer("map", reference.index)
    state.registers[instruction.dst] = value
    return True


def _extern_address(walk: Walk, kind: str, index: int) -> Value:
    if walk.object.externs[index].kind == "kconfig":
        return Pointer("extern", index)
    if kind == "kfunc" or walk.object.externs[index].kind == "kfunc":
        return OBJECT if walk.inputs.kfunc(index).found else 0
    return walk.inputs.address(index)


def _load_packet(walk: Walk, state: State, row: Row) -> bool:
    """LD_ABS and LD_IND: the value of a packet; the program may end here, which changes nothing."""
    state.registers[0:6] = [UNKNOWN] * 6
    return True


def _call(walk: Walk, state: State, row: Row) -> bool:
    slot, _, _, src, _, immediate, reference = instruction
    if reference is not None and reference.kind == "kfunc":
        return call_kfunc(walk, state, slot, reference.index)
    if reference is not None and reference.kind == "call":
        return call_global(walk, state, slot, reference.index)
    if src == 0 and reference is None:
        return call_helper(walk, state, slot, immediate)
    return call_unknown(walk, state, slot)


def _ignore(walk: Walk, state: State, row: Row) -> bool:
    """An instruction that no compiler makes: whatever it writes is not known."""
    if instruction.dst < 10:
        state.registers[instruction.dst] = VAGUE
    return True


def _pick_handler(opcode: int) -> Handler:
    kind = opcode & 7
    if kind in (CLASS_ALU, CLASS_ALU64):
        operation = opcode & 0xF0
        if operation == arithmetic.MOV:
            return _move_64 if kind == CLASS_ALU64 else _move_32
        if operation == arithmetic.END:
            return _byte_swap
        return _arithmetic if operation < arithmetic.END else _ignore
    if opcode == OP_LDDW:
        return _load_wide
    if opcode == OP_CALL:
        return _call
    by_class = {CLASS_LDX: _load, CLASS_ST: _store_immediate, CLASS_STX: _store}
    if kind in by_class:
        return by_class[kind]
    return _load_packet if opcode & 7 == 0 else _ignore


_HANDLERS = tuple(_pick_handler(opcode) for opcode in range(256))
