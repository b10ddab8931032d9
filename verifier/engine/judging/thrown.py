"""What a program gives to bpf_throw(): it returns that, unless it has a function for exceptions.

Mirrors check_kfunc_call() of kernel/bpf/verifier.c, which asks check_return_code() of r1, alike in
every tree that has bpf_throw(), in the program and in static functions below it; of global ones,
which are verified apart, it asks for no more than a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.permission.verdict import give_reason
from verifier.engine.flow.reach import LiveCall, Reach
from verifier.engine.flow.returned import Returned
from verifier.engine.flow.values import signed
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.regions import THROW
from verifier.engine.judging.return_rules import Bounds
from verifier.engine.judging.returns import RETURN_RULE
from verifier.engine.object.model import BpfObject, Linkage
from verifier.engine.result import FindingKind


def thrown_problems(
    prepared: Prepared, kernel: Interview, program: int, reach: Reach
) -> Iterator[Problem]:
    """Look at every live exception that makes a program return what is thrown."""
    if THROW not in prepared.reached[program].names:
        return
    obj = prepared.object
    context = prepared.context_numbers[program]
    calls = [call for call in reach.calls if _returns(obj, call)]
    if not calls or obj.programs[program].exception_callback is not None:
        return
    bounds = kernel.return_bounds(context)
    if bounds is None:
        return
    for call in calls:
        given = prepared.code.find_given(call.node.function, [call.slot])
        found = _objection(given[call.slot], bounds, kernel, context) if given else None
        if found is not None:
            yield path_problem(found, "", call.node, call.slot, call.sure)


def _returns(obj: BpfObject, call: LiveCall) -> bool:
    """Return whether a call throws what the program returns then."""
    if obj.externs[call.extern].kernel_name != THROW or call.circumstances.later:
        return False
    return all(obj.functions[at].linkage != Linkage.GLOBAL for at, _ in call.node.path())


def _objection(
    given: Returned, bounds: Bounds, kernel: Interview, context: int
) -> Objection | None:
    bits = 32 if bounds.low_half else 64
    numbers = {signed(number, bits) for number in given.constants}
    wrong = {number for number in numbers if not bounds.minimum <= number <= bounds.maximum}
    if not wrong and not given.has_others:
        return None
    is_sure = wrong == numbers and not given.has_others
    what = f"has {min(wrong)}" if is_sure else "has a value that is not known here"
    text = (
        f"At program exit the register R1 {what} and should have been in "
        f"[{bounds.minimum}, {bounds.maximum}]: what is given to bpf_throw() is what the program "
        "returns"
    )
    place = kernel.return_place(context, None)
    return Objection(FindingKind.LOAD, (give_reason(RETURN_RULE, text, place),), is_sure)
