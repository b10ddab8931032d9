"""What a function returns, as far as its code shows that without being walked.

Compilers load a constant into r0 just before most exits. From each exit the code is followed back,
over jumps as well, to whatever wrote r0 last; dead code counts.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.body import (
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_JMP32,
    CLASS_LD,
    CLASS_LDX,
    CLASS_STX,
    JUMPS,
    OP_CALL,
    OP_EXIT,
    OP_GOTOX,
    OP_JA,
    OP_JA32,
)
from verifier.engine.object.model import Code, Function

_SET_64, _SET_32 = 0xB7, 0xB4  # r = k, w = k
_COPIES = (0xBF, 0xBC)  # r = r, w = w
_AND, _AND_32 = 0x57, 0x54  # r &= k, w &= k
_ATOMIC = 0xC0
_FRAME = 10
_U32, _U64 = (1 << 32) - 1, (1 << 64) - 1
_MAX_STEPS = 50_000  # back from all exits of a function


@dataclass(slots=True)
class Returned:
    """What reaches one exit in r0: constants, and whether anything else does.

    `is_plain`: that is the result of a call or a load, perhaps its low bits. The verifier may know
    more than a walk of what is calculated, copied (comparing the copy tells it of the other,
    sync_linked_regs() of kernel/bpf/verifier.c), or compared by its low half.
    """

    constants: set[int] = field(default_factory=set)
    has_others: bool = False
    is_plain: bool = True


def find_returned(
    code: Code, function: Function, relocated: Container[int], entered: Container[int]
) -> Mapping[int, Returned] | None:
    """Return what each exit of a function returns, by slot; None where jumps cannot be followed.

    `relocated`: slots whose constants a kernel gives; `entered`: of calls of static functions,
    which may return what they are given.
    """
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
    search = _Search(code, start, led_from, relocated, entered)
    found = {}
    for at in exits:
        returned = search.back_from(at)
        if returned is None:
            return None
        found[at] = returned
    return found


class _Search:
    def __init__(
        self,
        code: Code,
        start: int,
        led_from: Mapping[int, list[int]],
        relocated: Container[int],
        entered: Container[int],
    ) -> None:
        self._code = code
        self._start = start
        self._led_from = led_from
        self._relocated = relocated
        self._entered = entered
        self._steps = 0

    def back_from(self, at: int) -> Returned | None:
        """Return what reaches an exit, None where that takes too long."""
        found = Returned()
        waiting, seen = [at], {at}
        while waiting:
            here = waiting.pop()
            if here == self._start and here not in self._led_from:
                found.has_others = True
            for before in self._before(here):
                self._steps += 1
                if self._steps > _MAX_STEPS:
                    return None
                if before not in seen and not self._ends_at(before, found):
                    waiting.append(before)
                seen.add(before)
        return found

    def _before(self, slot: int) -> Iterator[int]:
        yield from self._led_from.get(slot, ())
        if slot > self._start and self._code.opcodes[slot - 1] not in (OP_JA, OP_JA32, OP_EXIT):
            yield slot - 1

    def _ends_at(self, slot: int, found: Returned) -> bool:
        """Note what an instruction does with r0; return whether it writes it."""
        code, opcode = self._code, self._code.opcodes[slot]
        kind, registers = opcode & 7, code.registers[slot]
        if opcode == OP_CALL:
            found.has_others = True
            found.is_plain &= slot not in self._entered
            return True
        target, source = registers & 15, registers >> 4
        if opcode in _COPIES or kind == CLASS_STX:
            found.is_plain &= source != 0
        elif kind == CLASS_JMP32:
            found.is_plain &= target != 0 and (not opcode & 8 or source != 0)
        if kind == CLASS_STX:
            fetches = opcode & 0xE0 == _ATOMIC  # into the source, or into r0
            found.has_others |= fetches
            found.is_plain &= not fetches
            return fetches
        if not opcode or kind not in (CLASS_ALU, CLASS_ALU64, CLASS_LD, CLASS_LDX) or target:
            return False
        if opcode in (_SET_64, _SET_32) and slot not in self._relocated:
            found.constants.add(code.immediates[slot] & (_U64 if opcode == _SET_64 else _U32))
            return True
        found.has_others = True
        if opcode in (_AND, _AND_32) and _is_low_bits(code.immediates[slot]):
            return False
        found.is_plain &= kind == CLASS_LDX and source != _FRAME
        return True


def _is_low_bits(mask: int) -> bool:
    return mask > 0 and not mask & (mask + 1)
