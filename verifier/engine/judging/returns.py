"""What a program and its callbacks return, against what the kernel lets them return.

Mirrors check_return_code() and prepare_func_exit() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.permission.verdict import give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.flow.body import OP_CALL
from verifier.engine.flow.reach import LiveEnding, Node, Reach
from verifier.engine.flow.values import VAGUE, Value
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.return_rules import LSM_TYPE, Bounds, runs_later
from verifier.engine.judging.return_values import (
    describe,
    leaves_open,
    lies_within,
    may_call_back_oddly,
    note_callbacks,
    note_own,
    shows,
)
from verifier.engine.object.model import ReferenceKind
from verifier.engine.result import FindingKind, Reason

RETURN_RULE = "return"


class ReturnJudge:
    """Judges what one program returns on one kernel."""

    def __init__(self, prepared: Prepared, kernel: Interview, program: int) -> None:
        self._prepared = prepared
        self._code = prepared.code
        self._kernel = kernel
        self._index = program
        self._program = prepared.object.programs[program]
        self._context = prepared.context_numbers[program]

    def may_object(self) -> bool:
        """Return whether the kernel may object to what is returned, dead code counted."""
        return self._may_return_oddly() or self._may_call_back_oddly()

    def _may_return_oddly(self) -> bool:
        bounds = self._kernel.return_bounds(self._context)
        return bounds is not None and leaves_open(self._prepared, self._index, bounds)

    def _may_call_back_oddly(self) -> bool:
        return may_call_back_oddly(self._prepared, self._index) and self._kernel.bounds_callbacks()

    def note(self) -> None:
        """Have walks note what is returned where the kernel may object to it."""
        if self._may_return_oddly():
            note_own(self._prepared, self._index)
        if self._may_call_back_oddly():
            note_callbacks(self._prepared, self._index)

    def problems(self, reach: Reach, is_last: bool) -> Iterator[Problem]:
        """Look at every live exit; not `is_last`: what is not known may come out yet."""
        for ending in reach.endings:
            found = self._objection(ending, is_last)
            if found:
                yield path_problem(found, "", ending.node, ending.slot, ending.sure)

    def _objection(self, ending: LiveEnding, is_last: bool) -> Objection | None:
        node = ending.node
        taken_by = self._taken_by(node)
        if node.slot is not None and taken_by is None:
            return None  # returned to a function that calls it
        bounds = self._bounds(node, taken_by)
        returned = (self._code.returned(node.function) or {}).get(ending.slot)
        if bounds is None or returned is None or shows(returned, bounds):
            return None
        answer = lies_within(ending.value, bounds, returned)
        comes_out = ending.value is VAGUE and not is_last
        if answer or not (
            isinstance(ending.value, int) or comes_out or not self._may_differ(bounds)
        ):
            return None
        reason = self._reason(ending.value if answer is False else None, bounds, taken_by)
        return Objection(FindingKind.LOAD, (reason,), answer is False)

    def _bounds(self, node: Node, taken_by: int | str | None) -> Bounds | None:
        if taken_by is not None:
            return self._kernel.callback_bounds(taken_by)
        # Trees differ in what callbacks for exceptions may return for ops that return pointers.
        if node.before is not None and self._program.kind.program_type == STRUCT_OPS_TYPE:
            return None
        return self._kernel.return_bounds(self._context)

    def _taken_by(self, node: Node) -> int | str | None:
        """Return which helper, by its number, or kfunc a function is given to as a callback."""
        if node.slot is None or node.before is None:
            return None
        section = self._code.object.functions[node.before.function].section
        code = self._code.object.code[section]
        if code.opcodes[node.slot] != OP_CALL:
            return None
        reference = self._code.graph.references(section).get(node.slot)
        if reference is None:
            return code.immediates[node.slot]
        if reference.kind != ReferenceKind.KFUNC:
            return None
        return self._code.object.externs[reference.index].kernel_name

    def _may_differ(self, bounds: Bounds) -> bool:
        """Return whether a program may return what is no constant, and the verifier knows it.

        In place of a pointer, an object that the program acquired. In an LSM program, what the hook
        was about to return: it reads that word of its context, or another function may.
        """
        if self._program.kind.program_type != LSM_TYPE:
            return bounds.or_object
        calls = self._code.graph.calls[self._program.function].functions
        if any(self._code.is_static(callee) for _, callee in calls):
            return True
        return self._kernel.reads_result(self._index)

    def _reason(self, value: Value | None, bounds: Bounds, taken_by: int | str | None) -> Reason:
        where, whose = "program exit", "programs of its type and attach type"
        if taken_by is not None:
            where, whose = "callback return", "such a callback"
            if runs_later(taken_by):
                where = "async callback return"
        text = (
            f"At {where} the register R0 {describe(value, bounds)} and should have been in "
            f"[{bounds.minimum}, {bounds.maximum}], which is all that {whose} may return"
        )
        place = self._kernel.return_place(self._context, taken_by)
        return give_reason(RETURN_RULE, text, place)
