"""Calls of other functions: where they may not be made, above all of global ones.

Mirrors check_func_call() and, for code that may be dead, mark_subprog_might_sleep() and
mark_subprog_might_throw() of the kernel, which verifies global functions apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kfmap.permission.helper_names import helper_name
from kfmap.permission.verdict import give_reason
from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.reach import Circumstances, GlobalCall, Node, Reach
from verifier.engine.flow.regions import LOCK, PREEMPT, REGION_NAMES, Regions
from verifier.engine.judging.calls import asleep
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Path, Problem, extend, path_to_call, place_of_call
from verifier.engine.judging.regions import THROW, variants
from verifier.engine.object.results import Result
from verifier.engine.result import FindingKind

GLOBAL_RULE = "global"  # of a reason: it is the call of a global function that is refused


@dataclass(frozen=True, slots=True)
class GlobalJudge:
    """Judges calls of functions in one program; `may_sleep` tells it of an extern, `helper_sleeps`
    of a helper, `throw_in` of a function how it could throw."""

    prepared: Prepared
    kernel: Interview
    may_sleep: Callable[[int], bool]
    helper_sleeps: Callable[[int], bool]
    throw_in: Callable[[int], Path]

    def problems(self, reach: Reach) -> Iterator[Problem]:
        """Look at every live call, the sure ones first."""
        for call in sorted(reach.globals, key=lambda item: not item.sure):
            yield from self._result(call)
            yield from self._in_region(call)
            yield from self._sleeping(call)
            yield from self._throwing(call)
        for call in reach.statics_under_lock:
            yield from self._static_under_lock(call)

    def _result(self, call: GlobalCall) -> Iterator[Problem]:
        """Mirror btf_prepare_func_args() of kernel/bpf/btf.c, which looks at what is called."""
        result = self.prepared.code.graph.odd_globals.get(call.node.function)
        if result is None:
            return
        # "return value not void or scalar" of 7.1.13 was "doesn't return scalar" until 6.19.6.
        takes_nothing = self.kernel.has_function("subprog_returns_void")
        if result == Result.NOTHING and takes_nothing:
            return
        known = result != Result.NOTHING or takes_nothing is not None
        returns = "nothing" if result == Result.NOTHING else "what is no number"
        name = self._name(call)
        text = f"global function {name} returns {returns}: return an int, or make it static"
        path = path_to_call(call.node)
        yield self._problem(FindingKind.LOAD, "", path, call.node, call.sure and known, text)

    def _in_region(self, call: GlobalCall) -> Iterator[Problem]:
        name = self._name(call)
        for region in (LOCK, PREEMPT):
            depth = call.regions.depths()[region]
            if depth and (region == LOCK or self.kernel.holds("globals_need_preemption")):
                text = f"global function {name} is called within {REGION_NAMES[region]}"
                path = path_to_call(call.node)
                sure = call.sure and depth > 0
                yield self._problem(
                    FindingKind.REGION, "", path, call.node, sure, f"{text}: make it static"
                )

    def _static_under_lock(self, call: GlobalCall) -> Iterator[Problem]:
        if self.kernel.holds("static_calls_under_lock") is False:
            text = f"{self._name(call)} is called while a lock is held: no function may be"
            yield self._problem(
                FindingKind.REGION, "", path_to_call(call.node), call.node, call.sure, text
            )

    def _sleeping(self, call: GlobalCall) -> Iterator[Problem]:
        """Newer kernels mark what may sleep, and ask at the call whether the caller may."""
        where, certain = _asleep_at(call.regions, call.circumstances)
        if not where or not self.kernel.holds("sleepable_globals_marked"):
            return
        found = self._sleeper_in(call.node.function)
        if found is None:
            return
        kfunc, what, inner = found
        text = f"global function {self._name(call)} may sleep ({what}), dead code counted; {where}"
        path = extend(path_to_call(call.node), inner)
        yield self._problem(
            FindingKind.NOT_SLEEPABLE, kfunc, path, call.node, call.sure and certain, text
        )

    def _throwing(self, call: GlobalCall) -> Iterator[Problem]:
        held = [each.held() for each in variants(call.regions)]
        told = [name for name in held if name]
        if not told or not self.kernel.holds("globals_throw"):
            return
        thrown = self.throw_in(call.node.function)
        if thrown:
            text = f"global function {self._name(call)} may throw, and this is within {told[0]}"
            path = extend(path_to_call(call.node), thrown)
            sure = call.sure and len(told) == len(held)
            yield self._problem(FindingKind.REGION, THROW, path, call.node, sure, text)

    def _sleeper_in(self, function: int) -> tuple[str, str, Path] | None:
        """Find what sleeps in a function: a kfunc by its name, or a helper."""
        externs = self.prepared.object.externs
        for extern, path in self.prepared.calls_in(function).items():
            if self.may_sleep(extern):
                name = externs[extern].kernel_name
                return name, name, path
        for number, path in self.prepared.helpers_in(function).items():
            if self.helper_sleeps(number):
                return "", helper_name(number) or "", path
        return None

    def _name(self, call: GlobalCall) -> str:
        return self.prepared.object.functions[call.node.function].name

    def _problem(
        self, kind: FindingKind, kfunc: str, path: Path, node: Node, sure: bool, text: str
    ) -> Problem:
        reasons = (give_reason(GLOBAL_RULE, text),)
        return Problem(kind, kfunc, path, sure, reasons, place_of_call(node))


def _asleep_at(regions: Regions, how: Circumstances) -> tuple[str, bool]:
    where, certain = asleep(regions, how, program_sleeps=False)
    return where.replace("this program may not", "its caller may not"), certain
