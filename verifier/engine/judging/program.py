"""One program on one kernel: its verdict, with a finding for everything that decides it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial

from kfmap.btf.core_value import may_poison
from kfmap.permission.verdict import give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.flow.reach import Circumstances, LiveCall, Node, Reach
from verifier.engine.flow.regions import NO_REGIONS
from verifier.engine.judging.call_depth import call_depth_objection
from verifier.engine.judging.callbacks import exception_objection
from verifier.engine.judging.evidence import Path, Reporter
from verifier.engine.judging.externs import FOUND, MALFORMED
from verifier.engine.judging.global_calls import GLOBAL_RULE
from verifier.engine.judging.instructions import INSTRUCTION_RULE
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.licences import (
    LICENCE_RULE,
    is_gpl_compatible,
    licence_objection,
    licence_text,
)
from verifier.engine.judging.live import Engines, Judges, LiveJudge
from verifier.engine.judging.loader import UNTYPED
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem
from verifier.engine.judging.returns import RETURN_RULE
from verifier.engine.judging.subprograms import subprogram_problems
from verifier.engine.object.model import Program
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    PASSES,
    Finding,
    FindingKind,
    ProgramVerdict,
    Reason,
    find_word,
)

_MAX_FINDINGS = 100  # a program; more say nothing new
_MAX_UNKNOWNS = 3
_NOT_SURE = Reason(
    "flow", "it could not be decided whether the verifier of this kernel walks this call"
)
_NOT_SURE_WHAT = Reason(
    "flow",
    "it could not be decided whether the verifier of this kernel takes what is returned here",
)
_DEAD = Reason(
    "flow",
    "the verifier of this kernel never reaches this call, so it does not check it; if it did:",
)


class ObjectJudge:
    """Judges the programs of one object on one kernel."""

    def __init__(self, prepared: Prepared, kernel: Interview) -> None:
        self.prepared = prepared
        self.kernel = kernel
        self.engines = Engines(prepared, kernel)
        self._judges: dict[int, Judges] = {}

    def judges_in(self, context: int) -> Judges:
        """Return those of calls in a context."""
        judges = self._judges.get(context)
        if judges is None:
            judges = self._judges[context] = Judges(self.prepared, self.kernel, context)
        return judges

    def judge(self, program: int) -> ProgramVerdict:
        """Return the verdict on a program."""
        return _ProgramJudge(self, program).judge()


class _ProgramJudge:
    def __init__(self, judge: ObjectJudge, index: int) -> None:
        self._prepared = judge.prepared
        self._kernel = judge.kernel
        self._object = judge.prepared.object
        self._index = index
        self._program: Program = self._object.programs[index]
        self._reached = judge.prepared.reached[index]
        self._static = self._reached.calls
        self._context = judge.prepared.context_numbers[index]
        self._judge = judge
        self._problems = judge.kernel.problems()

    @cached_property
    def _reporter(self) -> Reporter:
        return Reporter(self._prepared.evidence, partial(self._kernel.advice, self._context))

    @cached_property
    def _live(self) -> LiveJudge:
        judge = self._judge
        judges = judge.judges_in(self._context)
        return LiveJudge(judge.prepared, judge.kernel, judge.engines, judges, self._index)

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
        reach, problems = self._live.walk(exactly=not self._problems)
        findings += self._call_findings(problems)
        live = {self._name(call.extern) for call in reach.calls}
        findings += self._depth_findings(reach)
        findings += self._dead_findings(reach)
        if find_word(item.kind for item in findings) in (PASSES, FAILS_AT_RUN_TIME):
            findings += self._untyped_findings()
        return self._verdict(findings, tuple(sorted(live)))

    def _find_stop(self, is_told: bool) -> Objection | None:
        """Return what keeps the kernel from looking at the code at all.

        `is_told`: something that keeps the whole object from loading was found before.
        """
        if self._kernel.is_observed():
            return None  # nobody knows but from rules, and the calls were asked about
        is_member = self._program.struct_ops or self._program.kind.program_type == STRUCT_OPS_TYPE
        obstacle = self._kernel.obstacle(self._index, is_told) if is_member else None
        return obstacle or next((item for item in self._objections if item.certain), None)

    @cached_property
    def _objections(self) -> tuple[Objection, ...]:
        """Return what the kernel says to the program before it looks at its code, in its order."""
        program = self._program
        found = (
            *self._kernel.place_objections(self._prepared.first_placed[self._index]),
            *self._attach_objections(),
            licence_objection(program, self._object.license),
            exception_objection(self._prepared, program, self._kernel),
        )
        return tuple(objection for objection in found if objection)

    def _attach_objections(self) -> tuple[Objection, ...]:
        if self._index not in self._prepared.targets:
            return ()
        return self._kernel.attach_objections(self._index)

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
        if not self._problems:
            return
        by_name = {self._name(extern): path for extern, path in self._static.items()}
        for problem in self._problems:
            path = by_name.get(problem.kfunc, ()) if problem.kfunc else ()
            yield self._finding(problem.kind, problem.kfunc, path, (problem.reason,))

    def _findings_before_walking(self) -> Iterator[Finding]:
        """The kernel looks up every kfunc of a program first, those in dead code as well."""
        found = [item for item in self._static if self._kernel.kfunc(item).outcome == FOUND]
        if found and not is_gpl_compatible(self._object.license):
            text = licence_text("programs that call kfuncs", self._object.license)
            yield self._finding(
                FindingKind.LOAD, "", self._static[found[0]], (Reason(LICENCE_RULE, text),)
            )
        for path, reason in subprogram_problems(self._prepared, self._program):
            yield self._finding(FindingKind.LOAD, "", path, (reason,))
        yield from self._instruction_findings()
        yield from self._map_findings()
        for extern in found:
            resolved, name = self._kernel.kfunc(extern), self._name(extern)
            path = self._static[extern]
            if not resolved.loads:
                reason = give_reason(MALFORMED, resolved.text, resolved.place)
                yield self._finding(MALFORMED, name, path, (reason,))
            if self._kernel.is_device_bound(extern):
                text = "metadata kfuncs require a device-bound program"
                yield self._finding(
                    FindingKind.DEVICE_BOUND, name, path, (Reason("device_bound", text),)
                )

    def _instruction_findings(self) -> Iterator[Finding]:
        """Report the first instruction that the kernel does not know; of one that only counts where
        it is walked, no more than that it is there."""
        prepared = self._prepared
        doubt: Finding | None = None
        for function, way in prepared.code.graph.find_paths([self._program.function]).items():
            for item in prepared.newer_in(function):
                if not self._kernel.lacks_instruction(item.mark):
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
        if not self._reached.maps and not self._reached.data:
            return
        first = self._prepared.first_with_maps[self._index]
        for is_data, index, objection in self._kernel.map_objections(first):
            path = (self._reached.data if is_data else self._reached.maps)[index]
            yield self._finding(objection.kind, "", path, objection.reasons)

    # what is found on the way

    def _call_findings(self, problems: list[Problem]) -> Iterator[Finding]:
        """Return findings on problems but for what is said of the object or surely elsewhere."""
        told = {problem.kfunc for problem in self._problems if problem.kfunc}
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
                doubt = _NOT_SURE_WHAT if reasons[0].rule == RETURN_RULE else _NOT_SURE
                kind, reasons = FindingKind.UNKNOWN, (*reasons, doubt, *self._unknowns)
            yield self._reporter.report(kind, kfunc, problem.path, reasons, problem.advice)

    def _depth_findings(self, reach: Reach) -> Iterator[Finding]:
        """Report calls that nest too deep, which the kernel looks at when all is walked."""
        found = call_depth_objection(self._prepared, self._program, self._kernel, reach.later)
        if found:
            path, objection = found
            yield self._reporter.report(
                objection.kind, "", path, objection.reasons, objection.advice
            )

    @cached_property
    def _unknowns(self) -> tuple[Reason, ...]:
        """Return what is not known of this kernel and may be why something could not be decided."""
        texts = self._kernel.unknowns()[:_MAX_UNKNOWNS]
        return tuple(Reason("flow", f"it is not known {text}") for text in texts)

    def _untyped_findings(self) -> Iterator[Finding]:
        """Report that a kernel whose types are not known may lack what is read by CO-RE.

        Dead code counts: it is CO-RE, too, that tells which code is.
        """
        if self._kernel.has_types():
            return
        prepared = self._prepared
        for function, way in prepared.code.graph.find_paths([self._program.function]).items():
            section = self._object.functions[function].section
            for slot in prepared.code.core_slots_of(function):
                relocation = prepared.relocations.by_slot.get((section, slot))
                if relocation is not None and may_poison(relocation.kind):
                    reason = Reason("core", f"it is not known {UNTYPED}")
                    path = (*way, (function, slot))
                    yield self._finding(FindingKind.UNKNOWN, "", path, (reason,))
                    return

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
            is_absent = self._kernel.kfunc(extern).outcome != FOUND
            if problem and (is_absent or problem.kind == FindingKind.NOT_ALLOWED):
                reasons = (_DEAD, *problem.reasons)
                yield self._finding(FindingKind.DEAD, self._name(extern), path, reasons)
