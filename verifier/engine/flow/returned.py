"""What a function returns, as far as its code shows that without being walked.

Compilers load a constant into r0 just before most exits. From each exit the code is followed back,
over jumps as well, to whatever wrote r0 last; dead code counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.body import (
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_JMP,
    CLASS_JMP32,
    CLASS_LD,
    CLASS_LDX,
    CLASS_STX,
    JUMPS,
    OP_CALL,
    OP_CALLX,
    OP_EXIT,
    OP_GOTOX,
    OP_JA,
    OP_JA32,
)
from verifier.engine.object.model import Code, Function

_SET_64, _SET_32 = 0xB7, 0xB4  # r = k, w = k
_MOVE, _MOVE_32 = 0xBF, 0xBC  # r = r, w = w
_COPIES = (_MOVE, _MOVE_32)
_LAST_SCRATCHED = 5  # calls leave nothing in r0 to r5
_AND, _AND_32 = 0x57, 0x54  # r &= k, w &= k
_ATOMIC = 0xC0
_FRAME = 10
_U32, _U64 = (1 << 32) - 1, (1 << 64) - 1
_MAX_STEPS = 50_000  # back from all exits of a function

Constants = Callable[[int], Collection[int] | None]


@dataclass(slots=True)
class Returned:
    """What reaches one exit in r0: constants, and whether anything else does; how many instructions
    write it.

    `is_plain`: that is the result of a call or a load, perhaps its low bits, or a register that had
    it. The verifier may know more than a walk of what is calculated, copied otherwise (comparing
    the copy tells it of the other, sync_linked_regs() of kernel/bpf/verifier.c), or compared by its
    low half.
    """

    constants: set[int] = field(default_factory=set)
    has_others: bool = False
    is_plain: bool = True
    writes: int = 0


def find_returned(
    code: Code,
    function: Function,
    relocated: Container[int],
    entered: Mapping[int, int],
    constants: Constants,
) -> Mapping[int, Returned] | None:
    """Return what each exit of a function returns, by slot; None where jumps cannot be followed.

    `relocated`: slots whose constants a kernel gives; `entered`: the static functions that are
    called, by slot. `constants` gives all that such a function returns, None where that is not only
    constants.
    """
    way = _find_jumps(code, function)
    if way is None:
        return None
    led_from, exits = way
    search = _Search(code, function.start, led_from, relocated, entered, constants)
    return _search_from(search, exits, 0)


def find_given(
    code: Code,
    function: Function,
    slots: Iterable[int],
    relocated: Container[int],
) -> Mapping[int, Returned] | None:
    """Return what calls at some slots of a function are given in r1, as `find_returned` does; of
    that only `constants` and `has_others` count."""
    way = _find_jumps(code, function)
    if way is None:
        return None
    search = _Search(code, function.start, way[0], relocated, {}, lambda _: None)
    return _search_from(search, slots, 1)


def _search_from(
    search: _Search, slots: Iterable[int], register: int
) -> Mapping[int, Returned] | None:
    found = {}
    for at in slots:
        returned = search.back_from(at, register)
        if returned is None:
            return None
        found[at] = returned
    return found


def _find_jumps(code: Code, function: Function) -> tuple[dict[int, list[int]], list[int]] | None:
    """Return from where jumps lead to a slot, and the exits; None where they cannot be followed."""
    start, end = function.start, function.start + function.count
    led_from: dict[int, list[int]] = {}
    exits = []
    for match in JUMPS.finditer(code.opcodes, start, end):
        at = match.start()
        opcode = code.opcodes[at]
        if opcode == OP_GOTOX:
            return None
        if opcode == OP_EXIT:
            exits.append(at)
        else:
            offset = code.immediates[at] if opcode == OP_JA32 else code.offsets[at]
            led_from.setdefault(at + 1 + offset, []).append(at)
    return led_from, exits


class _Search:
    def __init__(
        self,
        code: Code,
        start: int,
        led_from: Mapping[int, list[int]],
        relocated: Container[int],
        entered: Mapping[int, int],
        constants: Constants,
    ) -> None:
        self._code = code
        self._start = start
        self._led_from = led_from
        self._relocated = relocated
        self._entered = entered
        self._constants = constants
        self._steps = 0
        self._found = Returned()
        self._compared = self._moved = 0  # registers, as bits: beside r0, and into it

    def back_from(self, at: int, register: int) -> Returned | None:
        """Return what reaches an exit, or a call, in a register; None where that takes too long."""
        found = self._found = Returned()
        self._compared = self._moved = 0
        waiting, seen = [(at, register, _U64)], {(at, register, _U64)}
        while waiting:
            here, register, mask = waiting.pop()
            if here == self._start and (register or here not in self._led_from):
                found.has_others = True
                found.is_plain &= not register
            for slot in self._before(here):
                self._steps += 1
                if self._steps > _MAX_STEPS:
                    return None
                if (slot, register, mask) not in seen:
                    seen.add((slot, register, mask))
                    followed = self._follow(slot, register, mask)
                    if followed is not None:
                        waiting.append((slot, *followed))
        found.is_plain &= not self._compared & self._moved
        return found

    def _before(self, slot: int) -> Iterator[int]:
        yield from self._led_from.get(slot, ())
        if slot > self._start and self._code.opcodes[slot - 1] not in (OP_JA, OP_JA32, OP_EXIT):
            yield slot - 1

    def _follow(self, slot: int, register: int, mask: int) -> tuple[int, int] | None:
        """Note what an instruction does with a register that is returned, by the bits of a mask.

        Return the register that has it before, and the bits; None where it comes from nowhere else.
        """
        code, found = self._code, self._found
        opcode, registers = code.opcodes[slot], code.registers[slot]
        kind, target, source = opcode & 7, registers & 15, registers >> 4
        if opcode in (OP_CALL, OP_CALLX):
            if register > _LAST_SCRATCHED:
                return register, mask
            self._call(slot, opcode, register, mask)
            return None
        if kind in (CLASS_JMP, CLASS_JMP32):
            self._compare(kind, register, target, source if opcode & 8 else target)
            return register, mask
        if (opcode in _COPIES or kind == CLASS_STX) and source == register:
            found.is_plain = False
        if kind == CLASS_STX and opcode & 0xE0 == _ATOMIC:  # it fetches: the source, or r0
            if register not in (0, source):
                return register, mask
            found.has_others, found.is_plain = True, False
            found.writes += 1
            return None
        writes = opcode and kind in (CLASS_ALU, CLASS_ALU64, CLASS_LD, CLASS_LDX)
        if not writes or target != register:
            return register, mask
        if opcode in _COPIES and not code.offsets[slot]:
            return self._copy(opcode, register, source, mask)
        return self._define(slot, opcode, register, source, mask)

    def _call(self, slot: int, opcode: int, register: int, mask: int) -> None:
        """Note what a call leaves in a register; a static function may return what it is given."""
        found, callee = self._found, self._entered.get(slot)
        found.writes += 1
        found.is_plain &= not register and opcode == OP_CALL and callee is None
        constants = None if register or callee is None else self._constants(callee)
        if constants is None:
            found.has_others = True
        else:
            found.constants.update(number & mask for number in constants)

    def _copy(self, opcode: int, register: int, source: int, mask: int) -> tuple[int, int]:
        if opcode == _MOVE_32 or register:
            self._found.is_plain = False
        self._moved |= 1 << source
        return source, mask & _U32 if opcode == _MOVE_32 else mask

    def _compare(self, kind: int, register: int, target: int, source: int) -> None:
        if register == 0:
            self._compared |= 1 << target | 1 << source
        if kind == CLASS_JMP32 and register in (target, source):
            self._found.is_plain = False

    def _define(
        self, slot: int, opcode: int, register: int, source: int, mask: int
    ) -> tuple[int, int] | None:
        found, immediate = self._found, self._code.immediates[slot]
        if opcode in (_SET_64, _SET_32) and slot not in self._relocated:
            found.constants.add(immediate & mask & (_U64 if opcode == _SET_64 else _U32))
            found.writes += 1
            return None
        found.has_others = True
        if opcode in (_AND, _AND_32) and _is_low_bits(immediate):
            return register, mask
        found.is_plain &= opcode & 7 == CLASS_LDX and source != _FRAME
        found.writes += 1
        return None


def _is_low_bits(mask: int) -> bool:
    return mask > 0 and not mask & (mask + 1)
