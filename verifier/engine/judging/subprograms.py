"""What the kernel asks of a program's subprograms before it walks any of them, dead code counted.

Mirrors check_btf_func() and check_abnormal_return() of the kernel (kernel/bpf/verifier.c, in 7.3
kernel/bpf/check_btf.c), which are alike in every tree from 6.1 to 7.3: what reads a packet with
LD_ABS or LD_IND, or calls another program, may end the program, so it has to return a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.regions import TAIL_CALL
from verifier.engine.judging.static_paths import Path
from verifier.engine.object.model import Program
from verifier.engine.result import Reason

_RULE = "subprogram"
_MAX_BYTES = 8  # of an integer that counts as one (btf_type_is_small_int())
_WHAT = {"LD_ABS": "reads a packet", "tail_call": "calls another program"}


def subprogram_problems(prepared: Prepared, program: Program) -> Iterator[tuple[Path, Reason]]:
    """Return what subprograms may not do for what they return, each with the way there."""
    obj, graph = prepared.object, prepared.code.graph
    typed = obj.has_function_types
    for function, path in graph.find_paths([program.function]).items():
        what, slot = _may_end(prepared, function)
        if not what or function == program.function:
            continue
        name, type_id = obj.functions[function].name, obj.functions[function].type_id
        way = (*path, (function, slot))
        if not typed:
            text = f"{what} is not allowed in subprogs without BTF: {name} {_WHAT[what]}"
            yield way, Reason(_RULE, f"{text}, and the object was built without -g")
        elif obj.btf and type_id and not _returns_number(obj.btf, type_id):
            text = f"{what} is only allowed in functions that return 'int': {name} {_WHAT[what]}"
            yield way, Reason(_RULE, f"{text}, so let it return an int")


def _may_end(prepared: Prepared, function: int) -> tuple[str, int]:
    """Return what in a function may end the program, and its slot; "" if nothing does."""
    calls = prepared.code.graph.calls[function]
    if calls.packets:
        return "LD_ABS", calls.packets[0]
    ends = [slot for slot, number in calls.helpers if number == TAIL_CALL]
    return ("tail_call", ends[0]) if ends else ("", 0)


def _returns_number(btf: Btf, type_id: int) -> bool:
    """Return whether a function returns an integer or an enum; so too if that is not known."""
    try:
        returned = btf.type_of(btf.type_of(type_id))
        resolved = btf.resolve(returned) if returned else 0
        if not resolved:
            return False
        if btf.kind(resolved) is Kind.INT:
            return btf.size(resolved) <= _MAX_BYTES
        return btf.kind(resolved) in (Kind.ENUM, Kind.ENUM64)
    except BtfError:
        return True
