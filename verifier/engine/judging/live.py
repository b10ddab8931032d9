"""What is live in one program on one kernel, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from kfmap.permission.context import Context
from kfmap.permission.verdict import give_reason
from verifier.engine.flow.engine import Engine
from verifier.engine.flow.reach import Entry, LivePoison, Reach, find_live_calls
from verifier.engine.flow.summary import EXIT
from verifier.engine.judging.calls import CallJudge
from verifier.engine.judging.externs import FOUND
from verifier.engine.judging.global_calls import GlobalJudge
from verifier.engine.judging.helper_calls import HelperJudge
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.maps import MapJudge
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem, path_problem, path_to
from verifier.engine.judging.regions import leak_problem
from verifier.engine.object.model import Program
from verifier.engine.result import FindingKind, Reason


class Engines:
    """The two ways to walk one object on one kernel; programs share what was found."""

    def __init__(self, prepared: Prepared, loaded: Loaded) -> None:
        self._prepared = prepared
        self._loaded = loaded
        self.fast = Engine(prepared.code, loaded.inputs(), prepared.steps.joined)

    @cached_property
    def exact(self) -> Engine:
        """Walks path by path; made only where the fast walk leaves something open."""
        steps = self._prepared.steps
        return Engine(self._prepared.code, self._loaded.inputs(), steps.joined, steps.exact)


class LiveJudge:
    """Walks one program and judges what is live in it."""

    def __init__(
        self,
        prepared: Prepared,
        loaded: Loaded,
        engines: Engines,
        program: Program,
        context: Context,
        maps: MapJudge,
    ) -> None:
        kernel = loaded.kernel
        self._loaded = loaded
        self._engines = engines
        self._program = program
        self.calls = CallJudge(loaded, context)
        self._helpers = HelperJudge(kernel)
        self._maps = maps
        self._globals = GlobalJudge(prepared, kernel, self.calls.may_sleep, self._is_there)

    def walk(self) -> tuple[Reach, list[Problem]]:
        """Walk fast, and exactly where that leaves open whether something wrong is live."""
        reach = self._reach(self._engines.fast)
        problems = self._problems(reach)
        if all(problem.sure for problem in problems):
            return reach, problems
        sure = {problem.key for problem in problems if problem.sure}
        exact = self._reach(self._engines.exact)
        found = self._problems(exact)
        return exact, [problem.made_sure(problem.key in sure) for problem in found]

    def _reach(self, engine: Engine) -> Reach:
        rules = self._loaded.kernel.rules
        entry = Entry(
            self._program.function,
            self._program.sleepable,
            self._program.exception_callback,
            timers_sleep=rules.holds("timers_never_sleep") is False,
            globals_in_context=rules.holds("globals_per_context") is True,
        )
        return find_live_calls(engine, entry)

    def _problems(self, reach: Reach) -> list[Problem]:
        """Judge all of it; of several ways to one instruction the surest counts."""
        found: dict[object, Problem] = {}
        for problem in self._all_problems(reach):
            if problem.key not in found or (problem.sure and not found[problem.key].sure):
                found[problem.key] = problem
        return list(found.values())

    def _all_problems(self, reach: Reach) -> Iterator[Problem]:
        for call in reach.calls:
            problem = self.calls.judge(call)
            if problem:
                yield problem
        for helper in reach.helpers:
            problem = self._helpers.judge(helper)
            if problem:
                yield problem
        yield from self._map_problems(reach)
        yield from self._globals.problems(reach)
        for leak in reach.leaks:
            held = leak_problem(leak, leak.kind == EXIT, self._loaded.kernel)
            if held.text:
                reasons = (give_reason("region", held.text),)
                found = Objection(FindingKind.REGION, reasons, held.certain, held.advice)
                yield path_problem(found, "", leak.node, leak.slot, leak.sure)
        yield from map(self._poison_problem, reach.poisons)

    def _map_problems(self, reach: Reach) -> Iterator[Problem]:
        """What the maps lack that live calls are given."""
        for helper in reach.helpers:
            found = self._maps.helper_objection(helper.number, helper.maps)
            if found:
                yield path_problem(found, "", helper.node, helper.slot, helper.sure)
        for call in reach.calls:
            name = self._loaded.object.externs[call.extern].kernel_name
            found = self._maps.kfunc_objection(name, call.maps)
            if found:
                yield path_problem(found, name, call.node, call.slot, call.sure)

    def _poison_problem(self, poison: LivePoison) -> Problem:
        """A live CO-RE access to what the kernel lacks; a module may have a type that it lacks."""
        section = self._loaded.object.functions[poison.node.function].section
        resolution = self._loaded.core(section, poison.slot)
        text = resolution.reason if resolution else ""
        is_sure = resolution is None or bool(resolution.candidates)
        kind = FindingKind.LOAD if is_sure else FindingKind.UNKNOWN
        if not is_sure:
            text += " itself, and what its loaded modules have is not known"
        path = path_to(poison.node, poison.slot)
        return Problem(kind, "", path, poison.sure, (Reason("core", text),))

    def _is_there(self, extern: int) -> bool:
        return self._loaded.kfunc(extern).outcome == FOUND
