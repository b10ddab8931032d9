"""What each instruction does to the state, as far as the verifier would know it.

A handler takes the walk, the state and the instruction; it gives True where the path ends.
"""

from __future__ import annotations

from collections.abc import Callable

from verifier.engine.flow import arithmetic
from verifier.engine.flow.body import (
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_LD,
    CLASS_LDX,
    CLASS_ST,
    CLASS_STX,
    OP_CALL,
    OP_LDDW,
    Row,
)
from verifier.engine.flow.calling import call_global, call_helper, call_kfunc, call_unknown
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import LeakKind
from verifier.engine.flow.values import (
    OBJECT,
    TO_CHOICE,
    TO_CONTEXT,
    TO_DATA,
    TO_EXTERN,
    TO_FRAME,
    TO_FUNCTION,
    TO_MAP,
    TO_STACK,
    TRUSTED,
    U32,
    U64,
    UNKNOWN,
    UNKNOWN32,
    VAGUE,
    Asked,
    Given,
    Held,
    Pointer,
    Source,
    Value,
    functions_of,
    loaded,
    low_half,
)
from verifier.engine.flow.walk import Walk
from verifier.engine.object.model import ExternKind, ReferenceKind

Handler = Callable[[Walk, State, Row], bool | None]

_ACCESSES = (CLASS_LDX, CLASS_ST, CLASS_STX)
_SETS = (OP_LDDW, 0xB4, 0xB7)  # what sets a register to a constant: lddw, w = k, r = k
_ADD_64 = 0x0F
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
_MODE, _MEMSX, _ATOMIC = 0xE0, 0x80, 0xC0
_FETCH, _LOAD_ACQUIRE, _STORE_RELEASE, _COMPARE_EXCHANGE = 0x01, 0x100, 0x110, 0xF1
_ADDRESS_SPACE_CAST = 1


def run_rows(walk: Walk, state: State, rows: list[Row]) -> bool:
    """Carry out instructions that run in a row; False where the path ends inside them."""
    core_slots, handlers = walk.core_slots, _HANDLERS
    for row in rows:
        if core_slots and row[0] in core_slots:
            if _run_relocated(walk, state, row):
                return False
        elif handlers[row[1]](walk, state, row):
            return False
    return True


def _run_relocated(walk: Walk, state: State, row: Row) -> bool | None:
    """Carry out an instruction with its CO-RE value, as the loader writes it."""
    slot, opcode, registers, offset, _ = row
    if walk.inputs.fails(walk.section, slot):
        walk.note_poison(slot)
        return True
    if opcode & 7 in _ACCESSES:  # at whatever offset: nothing is known of what is there
        return _HANDLERS[opcode](walk, state, row)
    half = opcode & 7 == CLASS_ALU
    given = walk.inputs.give(Source(Asked.CORE, walk.section, slot, size=4 if half else 8))
    if given is None or opcode in _SETS:
        state.registers[registers & 15] = given or VAGUE
        return None
    row = (slot, opcode, registers, offset, walk.inputs.settle(given))
    return _HANDLERS[opcode](walk, state, row)


# moves and arithmetic


def _set_64(walk: Walk, state: State, row: Row) -> None:
    state.registers[row[2] & 15] = row[4] & U64


def _set_32(walk: Walk, state: State, row: Row) -> None:
    state.registers[row[2] & 15] = row[4] & U32


def _move_64(walk: Walk, state: State, row: Row) -> None:
    _, _, registers, offset, _ = row
    values = state.registers
    if not offset:
        values[registers & 15] = values[registers >> 4]
    elif offset == _ADDRESS_SPACE_CAST:
        values[registers & 15] = UNKNOWN
    else:
        source = walk.settle(values[registers >> 4])
        extended = arithmetic.sign_extend(source, offset & 63 or 64, 64)
        values[registers & 15] = extended


def _move_32(walk: Walk, state: State, row: Row) -> None:
    _, _, registers, offset, _ = row
    values = state.registers
    source = walk.settle(values[registers >> 4])
    if not offset:
        values[registers & 15] = low_half(source)
    else:
        values[registers & 15] = arithmetic.sign_extend(source, offset & 31 or 32, 32)


def _arithmetic(walk: Walk, state: State, row: Row) -> None:
    _, opcode, registers, offset, immediate = row
    values, dst = state.registers, registers & 15
    bits = 64 if opcode & 7 == CLASS_ALU64 else 32
    left, operand = values[dst], values[registers >> 4] if opcode & 8 else immediate & U64
    if isinstance(left, Given):
        left = walk.settle(left)
    if isinstance(operand, Given):
        if opcode == _ADD_64 and arithmetic.absorbs(left):
            return
        operand = walk.settle(operand)
    result = arithmetic.apply(opcode & 0xF0, left, operand, bits, offset == 1)
    values[dst] = result if bits == 64 else low_half(result)


def _negate(walk: Walk, state: State, row: Row) -> None:
    values, dst = state.registers, row[2] & 15
    bits = 64 if row[1] & 7 == CLASS_ALU64 else 32
    result = arithmetic.apply(arithmetic.SUB, 0, walk.settle(values[dst]), bits, False)
    if not isinstance(result, int) and result not in (UNKNOWN, UNKNOWN32):
        result = VAGUE  # newer kernels keep bounds (6.18 does), older ones none
    values[dst] = result if bits == 64 else low_half(result)


def _byte_swap(walk: Walk, state: State, row: Row) -> None:
    _, opcode, registers, _, immediate = row
    size = immediate // 8 if immediate in (16, 32, 64) else 8
    to_little = not opcode & 8
    swapped = opcode & 7 == CLASS_ALU64 or to_little != walk.object.little_endian
    dst = registers & 15
    state.registers[dst] = arithmetic.swap(walk.settle(state.registers[dst]), size, swapped)


# loads and stores


def _load(walk: Walk, state: State, row: Row) -> bool | None:
    slot, opcode, registers, offset, _ = row
    values = state.registers
    is_signed = opcode & _MODE == _MEMSX
    size = _SIZES[opcode & 0x18]
    base = values[registers >> 4]
    if isinstance(base, Pointer) and base.kind == TO_STACK and registers >> 4 != 10:
        walk.reads_stack_indirectly = True
    elif base == 0 and walk.may_lack_variables:
        walk.note_poison(slot)
        return True
    values[registers & 15] = _read(walk, state, base, offset, size, is_signed)
    return None


def _read(walk: Walk, state: State, base: Held, offset: int, size: int, is_signed: bool) -> Held:
    if base is VAGUE:
        return VAGUE
    if not isinstance(base, Pointer):
        return loaded(size, is_signed)
    kind, target, start, kept = base
    if kind == TO_STACK:
        return state.load(start + offset, size, is_signed)
    if kind == TO_DATA:
        return walk.read_data(target, start + offset, size, is_signed)
    if kind == TO_EXTERN:
        return walk.read_kconfig(target, start + offset, size, is_signed)
    if kind == TO_CHOICE:
        return VAGUE
    if kind == TO_FRAME:
        walk.reads_stack_indirectly |= bool(kept)
        return next((held for at, held in kept if at == start + offset and size == 8), VAGUE)
    return TRUSTED if kind == TO_CONTEXT and size == 8 else loaded(size, is_signed)


def _store_immediate(walk: Walk, state: State, row: Row) -> None:
    _, opcode, registers, offset, immediate = row
    base = state.registers[registers & 15]
    _write(state, base, offset, _SIZES[opcode & 0x18], immediate & U64)


def _store(walk: Walk, state: State, row: Row) -> None:
    _, opcode, registers, offset, _ = row
    values, size = state.registers, _SIZES[opcode & 0x18]
    if opcode & _MODE == _ATOMIC:
        _atomic(walk, state, row, size)
    else:
        value = walk.settle(values[registers >> 4])
        if walk.passes_functions and (value is VAGUE or functions_of(value)):
            walk.note_kept_function(values[registers & 15], value)
        _write(state, values[registers & 15], offset, size, value)


def _write(state: State, base: Held, offset: int, size: int, value: Value) -> None:
    if isinstance(base, Pointer):
        if base.kind == TO_STACK:
            state.store(base.offset + offset, size, value)
        elif base.kind == TO_FRAME:
            state.store_kept(base, offset, size, value)
    elif base is VAGUE:
        state.doubt_all()


def _atomic(walk: Walk, state: State, row: Row, size: int) -> None:
    _, _, registers, offset, immediate = row
    values, dst, src = state.registers, registers & 15, registers >> 4
    if immediate == _LOAD_ACQUIRE:
        values[dst] = _read(walk, state, values[src], offset, size, False)
        return
    value = walk.settle(values[src]) if immediate == _STORE_RELEASE else UNKNOWN
    _write(state, values[dst], offset, size, value)
    if immediate == _COMPARE_EXCHANGE:
        values[0] = loaded(size, False)
    elif immediate != _STORE_RELEASE and immediate & _FETCH:
        values[src] = loaded(size, False)


def _load_wide(walk: Walk, state: State, row: Row) -> None:
    """Load a 64-bit constant, or the address of what a relocation names."""
    slot, _, registers, _, immediate = row
    reference = walk.reference(slot)
    if reference is None:
        value: Value = immediate & U32 | (walk.second_immediate(slot) & U32) << 32
    elif reference.kind == ReferenceKind.DATA:
        value = Pointer(TO_DATA, reference.index, reference.addend)
    elif reference.kind == ReferenceKind.FUNCTION:
        value = Pointer(TO_FUNCTION, reference.index)
        walk.note_passed(reference.index, slot)
    elif reference.kind in (ReferenceKind.EXTERN, ReferenceKind.KFUNC):
        value = _extern_address(walk, reference.index)
    else:
        value = Pointer(TO_MAP, reference.index)
    state.registers[registers & 15] = value


def _extern_address(walk: Walk, index: int) -> Value:
    kind = walk.object.externs[index].kind
    if kind == ExternKind.KCONFIG:
        return Pointer(TO_EXTERN, index)
    if kind == ExternKind.KFUNC:
        return OBJECT if walk.inputs.kfunc(index).found else 0
    return walk.inputs.address(index)


def _load_packet(walk: Walk, state: State, row: Row) -> None:
    """LD_ABS and LD_IND: the value of a packet; the program may end here."""
    walk.note_leak(LeakKind.PACKET, row[0], state.regions)
    state.registers[0:6] = [UNKNOWN] * 6


def _call(walk: Walk, state: State, row: Row) -> bool | None:
    slot, _, registers, _, immediate = row
    reference = walk.reference(slot)
    if reference is not None and reference.kind == ReferenceKind.KFUNC:
        return call_kfunc(walk, state, slot, reference.index)
    if reference is not None and reference.kind == ReferenceKind.CALL:
        call_global(walk, state, slot, reference.index)
    elif reference is None and not registers >> 4:
        call_helper(walk, state, slot, immediate)
    else:
        call_unknown(walk, state)
    return None


def _skip(walk: Walk, state: State, row: Row) -> None:
    """The second slot of lddw."""


def _doubt(walk: Walk, state: State, row: Row) -> None:
    """An instruction that no compiler makes: whatever it writes is not known."""
    if row[2] & 15 < 10:
        state.registers[row[2] & 15] = VAGUE


def _pick_handler(opcode: int) -> Handler:
    kind = opcode & 7
    if kind in (CLASS_ALU, CLASS_ALU64):
        return _pick_arithmetic(opcode & 0xF0, kind == CLASS_ALU64, bool(opcode & 8))
    if opcode in (0, OP_LDDW, OP_CALL):
        return {0: _skip, OP_LDDW: _load_wide, OP_CALL: _call}[opcode]
    by_class: dict[int, Handler] = {
        CLASS_LD: _load_packet,
        CLASS_LDX: _load,
        CLASS_ST: _store_immediate,
        CLASS_STX: _store,
    }
    return by_class.get(kind, _doubt)


def _pick_arithmetic(operation: int, is_wide: bool, by_register: bool) -> Handler:
    if operation == arithmetic.MOV and by_register:
        return _move_64 if is_wide else _move_32
    if operation == arithmetic.MOV:
        return _set_64 if is_wide else _set_32
    if operation == arithmetic.NEG:
        return _negate
    if operation == arithmetic.END:
        return _byte_swap
    return _arithmetic if operation < arithmetic.END else _doubt


_HANDLERS = tuple(_pick_handler(opcode) for opcode in range(256))
