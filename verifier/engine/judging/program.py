"""One program on one kernel: its verdict, with a finding for everything that decides it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from kfmap.permission.verdict import give_reason
from verifier.engine.flow.reach import Circumstances, LiveCall, Node, Reach
from verifier.engine.flow.regions import NO_REGIONS
from verifier.engine.judging.advice import Adviser
from verifier.engine.judging.callbacks import exception_objection
from verifier.engine.judging.evidence import Path, Reporter
from verifier.engine.judging.evidence_only import keep_what_is_known
from verifier.engine.judging.externs import FOUND, MALFORMED
from verifier.engine.judging.global_calls import GLOBAL_RULE
from verifier.engine.judging.instructions import (
    INSTRUCTION_RULE,
    lacks_instructions,
)
from verifier.engine.judging.kernel import ContextAnswers
from verifier.engine.judging.licences import (
    LICENCE_RULE,
    is_gpl_compatible,
    licence_objection,
    licence_text,
)
from verifier.engine.judging.live import Engines, Judges, LiveJudge
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.map_arguments import MapArguments
from verifier.engine.judging.maps import MapJudge
from verifier.engine.judging.object_wide import ObjectProblem, find_object_problems
from verifier.engine.judging.places import place_objections
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem
from verifier.engine.judging.struct_ops import (
    lacks_member,
    optional_map_problem,
    program_problem,
)
from verifier.engine.judging.struct_ops_maps import left_out
from verifier.engine.judging.subprograms import subprogram_problems
from verifier.engine.object.model import Program
from verifier.engine.result import Finding, FindingKind, ProgramVerdict, Reason, find_word

_MAX_FINDINGS = 100  # a program; more say nothing new
_MAX_UNKNOWNS = 3
_NOT_SURE = Reason(
    "flow", "it could not be decided whether the verifier of this kernel walks this call"
)
_DEAD = Reason(
    "flow",
    "the verifier of this kernel never reaches this call, so it does not check it; if it did:",
)


class ObjectJudge:
    """Judges the programs of one object on one kernel."""

    def __init__(self, prepared: Prepared, loaded: Loaded) -> None:
        self.prepared = prepared
        self.loaded = loaded
        self.maps = MapJudge(prepared.object, prepared.fields, loaded.kernel)
        self.map_arguments = MapArguments(prepared.code, loaded.kernel)
        self.problems: tuple[ObjectProblem, ...] = find_object_problems(loaded, self.maps)
        self.engines = Engines(prepared, loaded)
        self.lacking = lacks_instructions(loaded.kernel)
        self._judges: dict[ContextAnswers, Judges] = {}

    def judges_in(self, answers: ContextAnswers) -> Judges:
        """Return those of calls in a context."""
        judges = self._judges.get(answers)
        if judges is None:
            judges = self._judges[answers] = Judges(self.prepared, self.loaded, answers)
        return judges

    def judge(self) -> tuple[ProgramVerdict, ...]:
        """Return the verdicts in the order of the programs."""
        verdicts = tuple(
            _ProgramJudge(self, index).judge()
            for index in range(len(self.prepared.object.programs))
        )
        if self.loaded.kernel.facts.is_observed:
            return tuple(keep_what_is_known(verdict) for verdict in verdicts)
        return verdicts


class _ProgramJudge:
    def __init__(self, judge: ObjectJudge, index: int) -> None:
        self._judge = judge
        self._loaded = judge.loaded
        self._object = judge.prepared.object
        self._program: Program = self._object.programs[index]
        self._reached = judge.prepared.reached[index]
        self._static = self._reached.calls
        self._answers = self._loaded.kernel.answers_in(self._reached.context)

    @cached_property
    def _reporter(self) -> Reporter:
        adviser = Adviser(self._loaded.kernel, self._answers)
        return Reporter(self._judge.prepared.evidence, adviser)

    @cached_property
    def _live(self) -> LiveJudge:
        judge = self._judge
        return LiveJudge(
            self._loaded,
            judge.engines,
            self._program,
            self._reached,
            judge.judges_in(self._answers),
            judge.maps,
            judge.map_arguments,
        )

    def judge(self) -> ProgramVerdict:
        findings = [*self._object_findings()]
        stop = self._find_stop(bool(findings))
        if stop:
            findings += [
                self._reporter.report(stop.kind, "", (), (reason,), stop.advice)
                for reason in stop.reasons
            ]
            return self._verdict(findings, ())
        for objection in self._open_objections():
            findings.append(self._finding(objection.kind, "", (), objection.reasons))
        findings += self._findings_before_walking()
        # An object that is refused whole needs no exact walk: its programs are refused anyway.
        reach, problems = self._live.walk(exactly=not self._judge.problems)
        findings += self._call_findings(problems)
        live = {self._name(call.extern) for call in reach.calls}
        findings += self._dead_findings(reach)
        return self._verdict(findings, tuple(sorted(live)))

    def _find_stop(self, is_told: bool) -> Objection | None:
        """Return what keeps the kernel from looking at the code at all.

        `is_told`: something that keeps the whole object from loading was found before.
        """
        if self._loaded.kernel.facts.is_observed:
            return None  # nobody knows but from rules, and the calls were asked about
        absent = left_out(self._program, self._loaded)
        if absent:
            return Objection(FindingKind.LEFT_OUT, (absent,))
        if is_told and lacks_member(self._program, self._loaded.kernel):
            return Objection(FindingKind.STRUCT_OPS, ())
        broken = optional_map_problem(self._program, self._loaded) or program_problem(
            self._program, self._loaded.kernel
        )
        if broken:
            return Objection(broken.kind, (broken.reason,))
        return next((item for item in self._objections if item.certain), None)

    @cached_property
    def _objections(self) -> tuple[Objection, ...]:
        """Return what the kernel says to the program before it looks at its code, in its order."""
        program, kernel = self._program, self._loaded.kernel
        found = (
            *place_objections(program, self._answers, kernel),
            licence_objection(program, self._object.license),
            exception_objection(self._judge.prepared, program, kernel),
        )
        return tuple(objection for objection in found if objection)

    def _open_objections(self) -> Iterator[Objection]:
        """Return what is not known of the place that the program is for."""
        yield from (objection for objection in self._objections if not objection.certain)

    def _verdict(self, findings: list[Finding], live: tuple[str, ...]) -> ProgramVerdict:
        word = find_word(item.kind for item in findings)
        told = tuple(findings[:_MAX_FINDINGS])
        return ProgramVerdict(self._program.name, word, told, live, self._reached.names)

    def _name(self, extern: int) -> str:
        return self._object.externs[extern].kernel_name

    def _finding(
        self, kind: FindingKind, kfunc: str, path: Path, reasons: tuple[Reason, ...]
    ) -> Finding:
        return self._reporter.report(kind, kfunc, path, reasons)

    # what is checked before the code is walked

    def _object_findings(self) -> Iterator[Finding]:
        """Repeat what keeps the whole object from loading, with a path of this program if any."""
        if not self._judge.problems:
            return
        by_name = {self._name(extern): path for extern, path in self._static.items()}
        for problem in self._judge.problems:
            path = by_name.get(problem.kfunc, ()) if problem.kfunc else ()
            yield self._finding(problem.kind, problem.kfunc, path, (problem.reason,))

    def _findings_before_walking(self) -> Iterator[Finding]:
        """The kernel looks up every kfunc of a program first, those in dead code as well."""
        found = [item for item in self._static if self._loaded.kfunc(item).outcome == FOUND]
        if found and not is_gpl_compatible(self._object.license):
            text = licence_text("programs that call kfuncs", self._object.license)
            yield self._finding(
                FindingKind.LOAD, "", self._static[found[0]], (Reason(LICENCE_RULE, text),)
            )
        for path, reason in subprogram_problems(self._judge.prepared, self._program):
            yield self._finding(FindingKind.LOAD, "", path, (reason,))
        yield from self._instruction_findings()
        yield from self._map_findings()
        for extern in found:
            resolved, name = self._loaded.kfunc(extern), self._name(extern)
            path = self._static[extern]
            if not resolved.loads:
                reason = give_reason(MALFORMED, resolved.text, resolved.place)
                yield self._finding(MALFORMED, name, path, (reason,))
            known = self._loaded.kernel.decider.find_kfunc(name)
            if known and known.device_bound:
                text = "metadata kfuncs require a device-bound program"
                yield self._finding(
                    FindingKind.DEVICE_BOUND, name, path, (Reason("device_bound", text),)
                )

    def _instruction_findings(self) -> Iterator[Finding]:
        """Report the first instruction that the kernel does not know; of one that only counts where
        it is walked, no more than that it is there."""
        prepared, lacking = self._judge.prepared, self._judge.lacking
        if not lacking:
            return
        doubt: Finding | None = None
        for function, way in prepared.code.graph.find_paths([self._program.function]).items():
            for item in prepared.newer_in(function):
                if item.mark not in lacking:
                    continue
                path = (*way, (function, item.slot))
                reasons = (Reason(INSTRUCTION_RULE, item.text),)
                if item.even_dead or (item.first and not way):
                    yield self._finding(FindingKind.LOAD, "", path, reasons)
                    return
                if doubt is None:
                    doubt = self._finding(FindingKind.UNKNOWN, "", path, (*reasons, _NOT_SURE))
        if doubt is not None:
            yield doubt

    def _map_findings(self) -> Iterator[Finding]:
        """The kernel looks at every map that the code names, dead code included."""
        judge = self._judge.maps
        for index, path in self._reached.maps.items():
            objection = judge.map_objection(self._program, index)
            if objection:
                yield self._finding(objection.kind, "", path, objection.reasons)
        for index, objection in judge.second_storages(self._reached.maps):
            path = self._reached.maps[index]
            yield self._finding(objection.kind, "", path, objection.reasons)
        for index, path in self._reached.data.items():
            objection = judge.data_objection(self._program, index)
            if objection:
                yield self._finding(objection.kind, "", path, objection.reasons)

    # what is found on the way

    def _call_findings(self, problems: list[Problem]) -> Iterator[Finding]:
        """Return findings on problems but for what is said of the object or surely elsewhere."""
        told = {problem.kfunc for problem in self._judge.problems if problem.kfunc}
        certain = {(item.kind, item.kfunc) for item in problems if item.sure}
        asleep: set[str] = set()
        for problem in problems:
            kind, kfunc = problem.kind, problem.kfunc
            if kfunc and kfunc in told and kind != FindingKind.NOT_ALLOWED:
                continue
            if not problem.sure and kfunc and (kind, kfunc) in certain:
                continue
            if kind == FindingKind.NOT_SLEEPABLE and kfunc:  # once, with and without a global
                if problem.reasons[0].rule == GLOBAL_RULE and kfunc in asleep:
                    continue
                asleep.add(kfunc)
            reasons = problem.reasons
            if not problem.sure:
                kind, reasons = FindingKind.UNKNOWN, (*reasons, _NOT_SURE, *self._unknowns)
            yield self._reporter.report(kind, kfunc, problem.path, reasons, problem.advice)

    @cached_property
    def _unknowns(self) -> tuple[Reason, ...]:
        """Return what is not known of this kernel and may be why something could not be decided."""
        texts = list(self._loaded.unknowns())[:_MAX_UNKNOWNS]
        return tuple(Reason("flow", f"it is not known {text}") for text in texts)

    def _dead_findings(self, reach: Reach) -> Iterator[Finding]:
        """Return findings on calls that only their being dead saves."""
        live = {call.extern for call in reach.calls}
        for extern, path in self._static.items():
            if extern in live or not path:
                continue
            function, slot = path[-1]
            assert slot is not None
            here = Node(function, None, None)
            call = LiveCall(extern, slot, here, True, NO_REGIONS, Circumstances(None))
            problem = self._live.judges.calls.judge(call)
            is_absent = self._loaded.kfunc(extern).outcome != FOUND
            if problem and (is_absent or problem.kind == FindingKind.NOT_ALLOWED):
                reasons = (_DEAD, *problem.reasons)
                yield self._finding(FindingKind.DEAD, self._name(extern), path, reasons)
