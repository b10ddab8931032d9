"""What the code of a program leaves open of what it and its callbacks return; no kernel is asked.

Mirrors retval_range_within() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Collection

from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.flow.returned import Returned
from verifier.engine.flow.values import (
    TO_CONTEXT,
    TO_DATA,
    TO_FRAME,
    TO_FUNCTION,
    TO_MAP,
    TO_STACK,
    U64,
    OneOf,
    Pointer,
    Range,
    Value,
    as_range,
    signed,
)
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.reached import Reached
from verifier.engine.judging.return_rules import Bounds
from verifier.engine.object.model import Program

_ADDRESSES = (TO_STACK, TO_FRAME, TO_DATA, TO_MAP, TO_FUNCTION, TO_CONTEXT)


def note_own(prepared: Prepared, program: int) -> None:
    """Have walks note what a program returns, from now on: kernels share what they find."""
    for function in _own(prepared.object.programs[program]):
        prepared.code.note_returned(function)


def note_callbacks(prepared: Prepared, program: int) -> None:
    """Have walks note what the callbacks of a program return, as `note_own`."""
    for function in _callbacks(prepared.code, prepared.reached[program]):
        prepared.code.note_returned(function)


def leaves_open(prepared: Prepared, program: int, bounds: Bounds) -> bool:
    """Return whether the code leaves it open, dead or not, that a program returns what it may
    not."""
    for function in _own(prepared.object.programs[program]):
        found = prepared.code.find_returned(function)
        if found is None or not all(shows(item, bounds) for item in found.values()):
            return True
    return False


def may_call_back_oddly(prepared: Prepared, program: int) -> bool:
    """Return whether a callback of a program, dead or not, may return anything but 0, which every
    callback may."""
    callbacks = _callbacks(prepared.code, prepared.reached[program])
    return any(not _returns_zero(prepared.code, function) for function in callbacks)


def _own(program: Program) -> tuple[int, ...]:
    """Return the functions that return for a program."""
    callback = program.exception_callback
    return (program.function,) if callback is None else (program.function, callback)


def _callbacks(code: ObjectCode, reached: Reached) -> Collection[int]:
    """Return the functions that a program may hand on."""
    if not reached.calls_back:
        return ()
    calls = code.graph.calls
    return {at for function in reached.functions for _, at in calls[function].passed}


def _returns_zero(code: ObjectCode, function: int) -> bool:
    found = code.find_returned(function)
    return found is not None and all(
        not item.has_others and item.constants <= {0} for item in found.values()
    )


def shows(returned: Returned, bounds: Bounds) -> bool:
    """Return whether only constants in range reach an exit."""
    return not returned.has_others and all(
        _is_taken(value, bounds, returned) for value in returned.constants
    )


def lies_within(value: Value, bounds: Bounds, returned: Returned) -> bool | None:
    """Return whether the verifier takes what is returned at an exit, None where that is not
    known.

    A verifier that is not precise may take the state for one that it has seen, with another number
    that it took: so where the same number is not written on all ways, it may take any.
    """
    answer = _is_taken(value, bounds, returned)
    if answer is False and not bounds.precise and not _is_same_for_all(returned, bounds):
        return None
    return answer


def _is_same_for_all(returned: Returned, bounds: Bounds) -> bool:
    if returned.has_others:
        return returned.is_plain and returned.writes == 1
    return not any(_is_taken(value, bounds, returned) for value in returned.constants)


def _is_taken(value: Value, bounds: Bounds, returned: Returned) -> bool | None:
    bits = 32 if bounds.low_half else 64
    if isinstance(value, int):
        return bounds.minimum <= signed(value & U64, bits) <= bounds.maximum
    if isinstance(value, Range):
        known = as_range(value, bits)
        if bounds.minimum <= known.smin and known.smax <= bounds.maximum:
            return True
        return False if returned.is_plain else None
    is_address = isinstance(value, Pointer) and value.kind in _ADDRESSES
    return False if is_address or isinstance(value, OneOf) else None


def describe(value: Value | None, bounds: Bounds) -> str:
    """Return what R0 has, in words; None stands for what is not known."""
    bits = 32 if bounds.low_half else 64
    if value is None:
        return "has a value that is not known here"
    if isinstance(value, int):
        return f"has {signed(value, bits)}"
    if isinstance(value, Range):
        known = as_range(value, bits)
        if known.smax - known.smin == (1 << bits) - 1:
            return "may have any value"
        return f"may be anything from {known.smin} to {known.smax}"
    return "is an address"
