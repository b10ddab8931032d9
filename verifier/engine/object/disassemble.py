"""Print instructions as the kernel's verifier log does (kernel/bpf/disasm.c), with names.

What only a loaded program has is printed by name instead: kfuncs, subprograms, maps and variables
stand for the numbers and addresses of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kfmap.permission.helper_names import helper_name
from verifier.engine.object.code import CALL, LDDW, PSEUDO_CALL
from verifier.engine.object.model import BpfObject, Code, Reference, ReferenceKind

# the low three bits of the opcode: BPF_LD, ...
_LD, _LDX, _ST, _STX, _ALU, _JMP, _JMP32, _ALU64 = range(8)
_SOURCE = 0x08  # BPF_X: a register, not a constant
_ABS, _IND, _MEM, _MEMSX, _ATOMIC = 0x20, 0x40, 0x60, 0x80, 0xC0

_SIZES = {0x00: "u32", 0x08: "u16", 0x10: "u8", 0x18: "u64"}
_SIGNED_SIZES = {0x00: "s32", 0x08: "s16", 0x10: "s8"}
_ALU_SIGNS = {
    0x00: "+=",
    0x10: "-=",
    0x20: "*=",
    0x30: "/=",
    0x40: "|=",
    0x50: "&=",
    0x60: "<<=",
    0x70: ">>=",
    0x90: "%=",
    0xA0: "^=",
    0xB0: "=",
    0xC0: "s>>=",
}
_SIGNED_ALU_SIGNS = {0x30: "s/=", 0x90: "s%="}
_NEG, _MOV, _END = 0x80, 0xB0, 0xD0
_SIGN_EXTENSIONS = {8: "(s8)", 16: "(s16)", 32: "(s32)"}
_JUMP_SIGNS = {
    0x10: "==",
    0x20: ">",
    0x30: ">=",
    0x40: "&",
    0x50: "!=",
    0x60: "s>",
    0x70: "s>=",
    0xA0: "<",
    0xB0: "<=",
    0xC0: "s<",
    0xD0: "s<=",
}
_JA, _JA32, _JA_REGISTER, _MAY_GOTO = 0x05, 0x06, 0x0D, 0xE5
_CALL_REGISTER, _EXIT = 0x8D, 0x95

# immediates of atomic operations
_LOCKED = {0x00: "+=", 0x40: "|=", 0x50: "&=", 0xA0: "^="}
_FETCHING = {0x01: "fetch_add", 0x41: "fetch_or", 0x51: "fetch_and", 0xA1: "fetch_xor"}
_XCHG, _CMPXCHG, _LOAD_ACQUIRE, _STORE_RELEASE = 0xE1, 0xF1, 0x100, 0x110


def disassemble(
    code: Code, start: int, count: int, names: Mapping[int, str] | None = None
) -> Iterator[tuple[int, str]]:
    """Return (slot, text) of each instruction; `names`: what a slot's instruction refers to."""
    slot, end = start, min(start + count, len(code.opcodes))
    while slot < end:
        yield slot, print_instruction(code, slot, names.get(slot) if names else None)
        slot += 2 if code.opcodes[slot] == LDDW else 1


def disassemble_around(
    object: BpfObject, section: str, slot: int, before: int = 3, after: int = 2
) -> tuple[str, ...]:
    """Return an instruction with its neighbours in the same function, as lines `slot: text`."""
    code = object.code[section]
    first, last = _bounds(object, section, slot)
    start = max(first, slot - 2 * before)
    if code.opcodes[start] == 0:  # no opcode: the second slot of lddw
        start += 1
    end = min(last, slot + 2 * after + 2)
    names = {at: name for at in range(start, end) if (name := reference_name(object, section, at))}
    rows = list(disassemble(code, start, end - start, names))
    middle = next((number for number, (at, _) in enumerate(rows) if at >= slot), len(rows))
    return tuple(f"{at}: {text}" for at, text in rows[max(0, middle - before) : middle + after + 1])


def _bounds(object: BpfObject, section: str, slot: int) -> tuple[int, int]:
    for function in object.functions:
        if function.section == section and 0 <= slot - function.start < function.count:
            return function.start, function.start + function.count
    return 0, len(object.code[section].opcodes)


def reference_name(object: BpfObject, section: str, slot: int) -> str | None:
    """Return the name of what an instruction refers to, None if it refers to nothing."""
    reference = object.references.get((section, slot))
    if reference is None:
        return None
    if reference.kind in (ReferenceKind.KFUNC, ReferenceKind.EXTERN):
        return object.externs[reference.index].name + _plus(reference.addend)
    if reference.kind in (ReferenceKind.CALL, ReferenceKind.FUNCTION):
        return object.functions[reference.index].name
    if reference.kind == ReferenceKind.MAP:
        return object.maps[reference.index].name
    return _variable_name(object, reference)


def _variable_name(object: BpfObject, reference: Reference) -> str:
    for variable in object.variables:
        distance = reference.addend - variable.offset
        if variable.section == reference.index and 0 <= distance < variable.size:
            return variable.name + _plus(distance)
    return object.data[reference.index].name + _plus(reference.addend)


def _plus(distance: int) -> str:
    return f"{distance:+d}" if distance else ""


def print_instruction(code: Code, slot: int, name: str | None = None) -> str:
    """Print one instruction, with its opcode in front; `name` is what it refers to."""
    opcode = code.opcodes[slot]
    text = _PRINTERS[opcode & 7](code, slot, name)
    return f"({opcode:02x}) {text or 'unknown'}"


def _operands(code: Code, slot: int) -> tuple[int, int, int, int, int]:
    """Return opcode, dst, src, off, imm."""
    registers = code.registers[slot]
    return (
        code.opcodes[slot],
        registers & 15,
        registers >> 4,
        code.offsets[slot],
        code.immediates[slot],
    )


def _print_alu(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, src, off, imm = _operands(code, slot)
    operation, letter = opcode & 0xF0, "w" if opcode & 7 == _ALU else "r"
    if operation == _END:
        if opcode & 7 == _ALU64:
            return f"r{dst} = bswap{imm} r{dst}"
        return f"r{dst} = {'be' if opcode & _SOURCE else 'le'}{imm} r{dst}"
    if operation == _NEG:
        return f"{letter}{dst} = -{letter}{dst}"
    if opcode == _ALU64 | _MOV | _SOURCE and off == 1:
        return f"r{dst} = addr_space_cast(r{src}, {imm >> 16 & 0xFFFF}, {imm & 0xFFFF})"
    signs = _SIGNED_ALU_SIGNS if off == 1 and operation in _SIGNED_ALU_SIGNS else _ALU_SIGNS
    sign = signs.get(operation)
    if sign is None:
        return None
    if not opcode & _SOURCE:
        return f"{letter}{dst} {sign} {imm}"
    extension = _SIGN_EXTENSIONS.get(off, "") if operation == _MOV else ""
    return f"{letter}{dst} {sign} {extension}{letter}{src}"


def _print_jump(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, src, off, imm = _operands(code, slot)
    if opcode == CALL:
        return _print_call(src, imm, name)
    if opcode == _CALL_REGISTER:
        return f"callx r{dst}"
    if opcode == _EXIT:
        return "exit"
    if opcode == _JA:
        return f"goto pc{off:+d}"
    if opcode == _JA32:
        return f"gotol pc{imm:+d}"
    if opcode == _JA_REGISTER:
        return f"gotox r{dst}"
    if opcode == _MAY_GOTO:
        return f"may_goto pc{off:+d}"
    sign = _JUMP_SIGNS.get(opcode & 0xF0)
    if sign is None:
        return None
    letter = "w" if opcode & 7 == _JMP32 else "r"
    other = f"{letter}{src}" if opcode & _SOURCE else f"0x{imm & 0xFFFFFFFF:x}"
    return f"if {letter}{dst} {sign} {other} goto pc{off:+d}"


def _print_call(src: int, imm: int, name: str | None) -> str:
    if name is not None:
        return f"call {name}"
    if src == PSEUDO_CALL:
        return f"call pc{imm:+d}"
    return f"call {(helper_name(imm) if src == 0 else None) or 'unknown'}#{imm}"


def _print_stx(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, src, off, imm = _operands(code, slot)
    size, mode = _SIZES[opcode & 0x18], opcode & 0xE0
    place = f"*({size} *)(r{dst} {off:+d})"
    if mode == _MEM:
        return f"{place} = r{src}"
    if mode != _ATOMIC:
        return None
    if imm in _LOCKED:
        return f"lock {place} {_LOCKED[imm]} r{src}"
    wide, inner = "64" if size == "u64" else "", place.replace("*(", "(", 1)
    if imm in _FETCHING:
        return f"r{src} = atomic{wide}_{_FETCHING[imm]}({inner}, r{src})"
    if imm == _CMPXCHG:
        return f"r0 = atomic{wide}_cmpxchg({inner}, r0, r{src})"
    if imm == _XCHG:
        return f"r{src} = atomic{wide}_xchg({inner}, r{src})"
    if imm == _LOAD_ACQUIRE:
        return f"r{dst} = load_acquire(({size} *)(r{src} {off:+d}))"
    if imm == _STORE_RELEASE:
        return f"store_release({inner}, r{src})"
    return None


def _print_st(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, _, off, imm = _operands(code, slot)
    if opcode & 0xE0 != _MEM:
        return None
    return f"*({_SIZES[opcode & 0x18]} *)(r{dst} {off:+d}) = {imm}"


def _print_ldx(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, src, off, _ = _operands(code, slot)
    sizes = {_MEM: _SIZES, _MEMSX: _SIGNED_SIZES}.get(opcode & 0xE0, {})
    size = sizes.get(opcode & 0x18)
    return f"r{dst} = *({size} *)(r{src} {off:+d})" if size else None


def _print_ld(code: Code, slot: int, name: str | None) -> str | None:
    opcode, dst, src, _, imm = _operands(code, slot)
    if opcode == LDDW:
        return f"r{dst} = {_address(code, slot) if name is None else f'&{name}'}"
    size = _SIZES[opcode & 0x18]
    if opcode & 0xE0 == _ABS:
        return f"r0 = *({size} *)skb[{imm}]"
    if opcode & 0xE0 == _IND:
        return f"r0 = *({size} *)skb[r{src} + {imm}]"
    return None


def _address(code: Code, slot: int) -> str:
    """Print the 64-bit constant of lddw; its second slot may be cut off."""
    low = code.immediates[slot] & 0xFFFFFFFF
    high = code.immediates[slot + 1] if slot + 1 < len(code.opcodes) else 0
    return f"0x{(high & 0xFFFFFFFF) << 32 | low:x}"


_PRINTERS: dict[int, Callable[[Code, int, str | None], str | None]] = {
    _LD: _print_ld,
    _LDX: _print_ldx,
    _ST: _print_st,
    _STX: _print_stx,
    _ALU: _print_alu,
    _JMP: _print_jump,
    _JMP32: _print_jump,
    _ALU64: _print_alu,
}
