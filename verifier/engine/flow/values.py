"""What a register may hold, as far as the kernel's verifier knows it (struct bpf_reg_state).

A value is an int (a known scalar, as u64), a `Range` (a scalar within bounds), a `Pointer`, or
VAGUE: the verifier may know more than we do, so a branch on it is taken both ways without being
sure of either. A register may also hold what a kernel gave, as long as nothing is made of it.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple

U32 = (1 << 32) - 1
U64 = (1 << 64) - 1
S32_MIN, S32_MAX = -(1 << 31), (1 << 31) - 1
S64_MIN, S64_MAX = -(1 << 63), (1 << 63) - 1


class Vague(Enum):
    """The type of VAGUE."""

    VAGUE = 0

    __hash__ = object.__hash__  # states and operands are hashed all the time: Enum's is in Python


VAGUE = Vague.VAGUE


class Range(NamedTuple):
    """A scalar within unsigned and signed bounds.

    `width` 64: bounds of the whole; 32: of the low half, the upper is zero; 0: of the low half, the
    upper is unknown.
    """

    width: int
    umin: int
    umax: int
    smin: int
    smax: int


class PointerKind(StrEnum):
    """What a pointer points to; `target` and `offset` are those of the Pointer."""

    STACK = "stack"  # the own frame, at `offset` from its end
    FRAME = "frame"  # the stack of a caller, `target` frames up, at `offset` from that one's end
    DATA = "data"  # data section `target`
    EXTERN = "extern"  # a kconfig variable
    MAP = "map"
    FUNCTION = "function"
    CONTEXT = "context"
    OBJECT = "object"  # anything else
    VALUE = "value"  # an element of map `target` (or NO_MAP), looked up or made at slot `offset`
    ELEMENT = "element"  # the same before it is known not to be null
    TURN = "turn"  # an element that a callback gets; otherwise as VALUE
    CHOICE = "choice"  # one of those or of data; `offset`: where ways with different ones met
    TRUSTED = "trusted"  # 64 bits; only the verifier knows if they are a pointer that is not null


# Compared in every step of a walk, where Python 3.11 takes five times as long to look up a member
TO_STACK = PointerKind.STACK
TO_FRAME = PointerKind.FRAME
TO_DATA = PointerKind.DATA
TO_EXTERN = PointerKind.EXTERN
TO_MAP = PointerKind.MAP
TO_FUNCTION = PointerKind.FUNCTION
TO_CONTEXT = PointerKind.CONTEXT
TO_OBJECT = PointerKind.OBJECT
TO_VALUE = PointerKind.VALUE
TO_ELEMENT = PointerKind.ELEMENT
TO_TURN = PointerKind.TURN
TO_CHOICE = PointerKind.CHOICE
TO_TRUSTED = PointerKind.TRUSTED

NO_MAP = -1  # the target of an object that was made, or of an element of a map that is not known


class Pointer(NamedTuple):
    """An address that is not null; PointerKind says what `target` and `offset` are.

    `kept`: what may hold a lock on the stack of a caller that it points to, each with its offset
    from the end of that.
    """

    kind: PointerKind
    target: int = 0
    offset: int = 0
    kept: tuple[tuple[int, Pointer], ...] = ()


class OneOf(NamedTuple):
    """The address of one of some functions: which one is decided at run time."""

    functions: tuple[int, ...]


class Asked(StrEnum):
    """What a kernel is asked for."""

    CORE = "core"  # what a CO-RE relocation writes, by section and slot
    FAILS = "fails"  # whether that relocation cannot be done
    KFUNC = "kfunc"  # by extern, as all that follow
    ADDRESS = "address"
    KCONFIG = "kconfig"
    EMPTY_LOOPS = "empty loops"  # whether the callback of a loop of no turns is walked
    SURE_LOOKUPS = "sure lookups"  # whether an array surely has an element at a constant in it


class Source(NamedTuple):
    """Where a kernel is asked for a number: CORE (section, slot), or `size` bytes at `offset` of a
    variable, KCONFIG (extern)."""

    kind: Asked
    at: int | str
    slot: int = 0
    offset: int = 0
    size: int = 0
    is_signed: bool = False


class Given(NamedTuple):
    """A number that a kernel gives. Another kernel may give another: what was found out holds for
    both as far as branches turn out alike."""

    source: Source
    value: int


Value = int | Range | Pointer | OneOf | Vague
Held = Value | Given

UNKNOWN = Range(64, 0, U64, S64_MIN, S64_MAX)
UNKNOWN32 = Range(32, 0, U32, S32_MIN, S32_MAX)
PLACED = (TO_STACK, TO_DATA, TO_EXTERN)  # pointers whose offset matters
ELEMENTS = (TO_VALUE, TO_TURN)
OBJECT = Pointer(TO_OBJECT)
TRUSTED = Pointer(TO_TRUSTED)

_LOADED = {
    (1, False): Range(32, 0, 0xFF, 0, 0xFF),
    (2, False): Range(32, 0, 0xFFFF, 0, 0xFFFF),
    (4, False): UNKNOWN32,
    (8, False): UNKNOWN,
    (1, True): Range(64, 0, U64, -(1 << 7), (1 << 7) - 1),
    (2, True): Range(64, 0, U64, -(1 << 15), (1 << 15) - 1),
    (4, True): Range(64, 0, U64, S32_MIN, S32_MAX),
}


def loaded(size: int, signed: bool) -> Range:
    """Return what a load of `size` bytes from unknown memory is known to be."""
    return _LOADED.get((size, signed), UNKNOWN)


def signed(value: int, bits: int) -> int:
    """Read the low `bits` of a number as signed."""
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)


def extend(value: int, size: int, is_signed: bool) -> int:
    """Return what a register holds after loading a known value of `size` bytes."""
    if is_signed:
        return signed(value, 8 * size) & U64
    return value & ((1 << 8 * size) - 1)


def join(first: Held, second: Held) -> Value:
    """Return one value for two ways into a block: what both agree on, else VAGUE."""
    if first == second and not isinstance(first, Given):
        return first
    mine, its = functions_of(first), functions_of(second)
    return OneOf(tuple(sorted({*mine, *its}))) if mine and its else VAGUE


def functions_of(value: Held) -> tuple[int, ...]:
    """Return the functions whose address a value may be."""
    if isinstance(value, OneOf):
        return value.functions
    return (value.target,) if isinstance(value, Pointer) and value.kind == TO_FUNCTION else ()


def make_range(width: int, umin: int, umax: int, smin: int, smax: int) -> Value | None:
    """Make a range, its signed and unsigned bounds deduced from each other; None if it is empty."""
    bits = 64 if width == 64 else 32
    half, full = 1 << (bits - 1), 1 << bits
    if smin >= 0:
        umin, umax = max(umin, smin), min(umax, smax)
    elif smax < 0:
        umin, umax = max(umin, smin + full), min(umax, smax + full)
    if umax < half:
        smin, smax = max(smin, umin), min(smax, umax)
    elif umin >= half:
        smin, smax = max(smin, umin - full), min(smax, umax - full)
    if umin > umax or smin > smax:
        return None
    if width and umin == umax:
        return umin
    return Range(width, umin, umax, smin, smax)


def as_range(value: Value, bits: int) -> Range:
    """Return a scalar as a range of 64 bits, or of its low half (width 32)."""
    if isinstance(value, int):
        value &= (1 << bits) - 1
        return Range(bits, value, value, signed(value, bits), signed(value, bits))
    if not isinstance(value, Range):
        return UNKNOWN if bits == 64 else UNKNOWN32
    if bits == 64:
        return _to_64(value)
    if value.width != 64:
        return Range(32, *value[1:])
    if value.umax <= U32:
        made = make_range(32, value.umin, value.umax, S32_MIN, S32_MAX)
    elif value.smin >= S32_MIN and value.smax <= S32_MAX:
        made = make_range(32, 0, U32, value.smin, value.smax)
    else:
        return UNKNOWN32
    return made if isinstance(made, Range) else UNKNOWN32


def _to_64(value: Range) -> Range:
    if value.width == 32:
        return Range(64, value.umin, value.umax, value.umin, value.umax)
    return value if value.width else UNKNOWN


def low_half(value: Value) -> Value:
    """Return the value of a 32-bit move: the low half, zero-extended."""
    if isinstance(value, int):
        return value & U32
    if isinstance(value, Range):
        half = as_range(value, 32)
        return half.umin if half.umin == half.umax else half
    return VAGUE if value is VAGUE else UNKNOWN32
