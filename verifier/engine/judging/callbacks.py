"""What no callback may do, nor any function below it: throw, call another program, read a packet.
And what a callback may not be: global, or of an object without types.

Mirrors check_max_stack_depth_subprog() of kernel/bpf/verifier.c, which looks at all code of a
function that was walked as a callback, dead or not; and what is said of exception callbacks there
and in btf_find_decl_tag_value() and do_check_common().
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from kfmap.permission.verdict import give_reason
from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.reach import LiveCallback, Reach
from verifier.engine.judging.externs import FOUND
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import (
    Objection,
    Path,
    Problem,
    extend,
    path_to_call,
    place_of_call,
)
from verifier.engine.judging.regions import TAIL_CALL, THROW
from verifier.engine.object.model import Linkage, Program
from verifier.engine.object.programs import exception_callbacks
from verifier.engine.result import FindingKind

_RULE = "callback"
_SCALARS = (Kind.INT, Kind.ENUM, Kind.ENUM64)


@dataclass(frozen=True, slots=True)
class CallbackJudge:
    """Judges the live callbacks of programs of one object on one kernel."""

    prepared: Prepared
    kernel: Interview

    def problems(self, reach: Reach) -> Iterator[Problem]:
        """Look at every function that is live as a callback."""
        for callback in reach.callbacks:
            function = callback.node.function
            yield from self._linkage(callback)
            yield from self._object(callback, THROW, self.throw_in(function), THROW)
            calls = self.prepared.helpers_in(function).get(TAIL_CALL, ())
            if calls and self.kernel.holds("callbacks_never_tail_call"):
                yield from self._object(callback, "bpf_tail_call", calls)
            loads = self.prepared.packets_in(function)
            if loads and self.kernel.holds("callbacks_never_load_packets"):
                yield from self._object(callback, "a load from the packet", loads)

    def _linkage(self, callback: LiveCallback) -> Iterator[Problem]:
        """Mirror check_ld_imm(), alike in 6.1 to 7.3; what is for exceptions has other rules."""
        obj, node = self.prepared.object, callback.node
        if node.slot is None:
            return
        name = obj.functions[node.function].name
        text = ""
        if not obj.has_function_types:
            text = f"missing btf func_info: {name} is a callback, and the object has no BTF"
        elif obj.functions[node.function].linkage == Linkage.GLOBAL:
            text = f"callback function not static: declare {name} static"
        if text:
            reasons, place = (give_reason(_RULE, text),), place_of_call(node)
            path = path_to_call(node)
            yield Problem(FindingKind.LOAD, "", path, callback.sure, reasons, place)

    def throw_in(self, function: int) -> Path:
        """Return the way to the first exception that a function could throw, dead code counted."""
        for extern, path in self.prepared.calls_in(function).items():
            is_throw = self.prepared.object.externs[extern].kernel_name == THROW
            if is_throw and self.kernel.kfunc(extern).outcome == FOUND:
                return path
        return ()

    def _object(
        self, callback: LiveCallback, what: str, inner: Path, kfunc: str = ""
    ) -> Iterator[Problem]:
        if inner:
            text = f"{what} may not be called from a callback, dead code counted"
            if not kfunc and what.startswith("a "):
                text = f"{what} may not be made in a callback, dead code counted"
            path = extend(path_to_call(callback.node), inner)
            reasons = (give_reason(_RULE, text),)
            place = place_of_call(callback.node)
            yield Problem(FindingKind.REGION, kfunc, path, callback.sure, reasons, place)


def exception_objection(
    prepared: Prepared, program: Program, kernel: Interview
) -> Objection | None:
    """Return what is wrong with the function that a program declares for its exceptions."""
    text, callback = "", program.exception_callback
    if callback is None:
        text = _absence(_declared(prepared, program), prepared)
    elif kernel.has_kfunc(THROW):
        text = _fault(prepared, program, callback)
    return Objection(FindingKind.LOAD, (give_reason(_RULE, text),)) if text else None


def _declared(prepared: Prepared, program: Program) -> list[str]:
    """Return the names of the functions that a program declares for its exceptions."""
    obj = prepared.object
    return exception_callbacks(obj.functions[program.function].type_id, obj.btf)


def _absence(declared: list[str], prepared: Prepared) -> str:
    """Return why libbpf does not find the declared function (bpf_prog_assign_exc_cb())."""
    if not declared:
        return ""
    if any(function.name == declared[0] for function in prepared.object.functions):
        return f"{declared[0]}, which is for exceptions, must be global and not hidden"
    return f"cannot find exception callback {declared[0]!r}: the object has no such function"


def _fault(prepared: Prepared, program: Program, callback: int) -> str:
    obj, graph = prepared.object, prepared.code.graph
    name = obj.functions[callback].name
    if len(_declared(prepared, program)) > 1:
        return f"{program.name} declares more than one function for its exceptions"
    if obj.btf and not _takes_one_number(obj.btf, obj.functions[callback].type_id):
        return f"{name}, which is for exceptions, has to take one integer and to return one"
    for function in graph.find_paths([program.function, callback]):
        if any(callee == callback for _, callee in graph.calls[function].functions):
            return f"{name}, which is for exceptions, may not be called like other functions"
    return ""


def _takes_one_number(btf: Btf, type_id: int) -> bool:
    """Return whether a function takes one integer and returns one; so too if that is not known."""
    if not type_id:
        return True
    try:
        prototype = btf.type_of(type_id)
        numbers = [btf.type_of(prototype), *(item.type_id for item in btf.params(prototype))]
        return len(numbers) == 2 and all(
            number and btf.kind(btf.resolve(number)) in _SCALARS for number in numbers
        )
    except BtfError:
        return True
