"""What the kernel asks of a program's subprograms before it walks any of them, dead code counted.

Mirrors check_btf_func() and check_abnormal_return() of the kernel (kernel/bpf/verifier.c, in 7.3
kernel/bpf/check_btf.c), which are alike in every tree from 6.1 to 7.3: what reads a packet with
LD_ABS or LD_IND, or calls another program, may end the program, so it has to return a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.regions import TAIL_CALL
from verifier.engine.judging.static_paths import Path
from verifier.engine.object.model import Program
from verifier.engine.object.results import Result, find_result
from verifier.engine.result import Reason

_RULE = "subprogram"
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
        elif find_result(obj.btf, type_id) not in (Result.NUMBER, Result.UNKNOWN):
            text = f"{what} is only allowed in functions that return 'int': {name} {_WHAT[what]}"
            yield way, Reason(_RULE, f"{text}, so let it return an int")


def _may_end(prepared: Prepared, function: int) -> tuple[str, int]:
    """Return what in a function may end the program, and its slot; "" if nothing does."""
    calls = prepared.code.graph.calls[function]
    if calls.packets:
        return "LD_ABS", calls.packets[0]
    ends = [slot for slot, number in calls.helpers if number == TAIL_CALL]
    return ("tail_call", ends[0]) if ends else ("", 0)
