"""What is live in one program on one kernel, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfmap.permission.verdict import Step, give_reason
from kfmap.permission.view import EXT_TYPE
from verifier.engine.flow.budget import Budget
from verifier.engine.flow.engine import Engine
from verifier.engine.flow.forks import ON_MAPS
from verifier.engine.flow.questions import Question
from verifier.engine.flow.reach import Entry, LivePoison, Reach, find_live_calls
from verifier.engine.flow.summary import LeakKind
from verifier.engine.judging.call_depth import may_nest_too_deep
from verifier.engine.judging.callbacks import CallbackJudge
from verifier.engine.judging.calls import CallJudge
from verifier.engine.judging.context_structs import is_context
from verifier.engine.judging.contexts import resolved_type
from verifier.engine.judging.evidence_only import KNOWN
from verifier.engine.judging.global_calls import GlobalJudge
from verifier.engine.judging.helper_calls import HelperJudge
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.regions import TAIL_CALL, leak_problem
from verifier.engine.judging.returns import RETURN_RULE, ReturnJudge
from verifier.engine.judging.static_paths import Path
from verifier.engine.judging.thrown import thrown_problems
from verifier.engine.result import FindingKind, Reason

# Whether something of these kinds is wrong does not depend on the regions it is in.
_ANYWHERE = frozenset(
    {
        FindingKind.MISSING,
        FindingKind.PROTOTYPE,
        FindingKind.MALFORMED_KERNEL,
        FindingKind.NOT_ALLOWED,
        FindingKind.LOAD,
        FindingKind.UNKNOWN,
    }
)
# may_access_skb() of kernel/bpf/verifier.c, alike in every tree from 6.1 to 7.3
_LOADS_PACKETS = frozenset(
    {"BPF_PROG_TYPE_SOCKET_FILTER", "BPF_PROG_TYPE_SCHED_CLS", "BPF_PROG_TYPE_SCHED_ACT"}
)
_NO_PACKETS = Objection(
    FindingKind.LOAD,
    (Reason("packet", "BPF_LD_[ABS|IND] instructions not allowed for this program type"),),
)


class Engines:
    """The two ways to walk one object on one kernel; programs share what was found."""

    def __init__(self, prepared: Prepared, kernel: Interview) -> None:
        self._prepared = prepared
        self._kernel = kernel
        self._steps = Budget(prepared.steps.joined)
        self._exact_steps = Budget(prepared.steps.exact)
        self._exact: dict[Question, Engine] = {}
        self.fast = Engine(prepared.code, kernel.inputs(), self._steps)
        self.walks = 0  # of programs, so far

    @property
    def steps_taken(self) -> float:
        """Return which part of the steps was taken, of those of which that is more."""
        return max(self._steps.part_taken, self._exact_steps.part_taken)

    def exact(self, question: Question) -> Engine:
        """Return an engine that walks path by path what may answer a question."""
        if question not in self._exact:
            inputs = self._kernel.inputs()
            self._exact[question] = Engine(
                self._prepared.code, inputs, self._steps, self._exact_steps, question, self.fast
            )
        return self._exact[question]


class Judges:
    """Those of calls, for all programs of one object in one context: what they said they know."""

    def __init__(self, prepared: Prepared, kernel: Interview, context: int) -> None:
        self.calls = CallJudge(prepared, kernel, context)
        self.helpers = HelperJudge(kernel, context, prepared.contexts[context].sleepable)
        self.callbacks = CallbackJudge(prepared, kernel)
        self.globals = GlobalJudge(
            prepared,
            kernel,
            self.calls.may_sleep,
            self.helpers.sleeps,
            self.callbacks.throw_in,
        )


class LiveJudge:
    """Walks one program and judges what is live in it."""

    def __init__(
        self, prepared: Prepared, kernel: Interview, engines: Engines, judges: Judges, program: int
    ) -> None:
        self._prepared = prepared
        self._object = prepared.object
        self._relocations = prepared.relocations.by_slot
        self._patched = bool(self._relocations or prepared.context_reads)
        self._kernel = kernel
        self._engines = engines
        self._index = program
        self._program = prepared.object.programs[program]
        self._reached = prepared.reached[program]
        self._context = prepared.context_numbers[program]
        self.judges = judges
        self._returns = ReturnJudge(prepared, kernel, program)
        # What runs later does not count; which functions do only a walk tells.
        self._may_nest = may_nest_too_deep(prepared, self._program, kernel)

    def walk(self, exactly: bool = True) -> tuple[Reach, list[Problem]]:
        """Walk fast, and exactly where that leaves open whether something wrong is live.

        Not `exactly`: what is left open is not told.
        """
        if not self._may_find():
            return Reach(), []
        self._returns.note()
        reach = self._reach(self._engines.fast)
        problems = self._problems(reach, is_last=False)
        doubted = [item for item in problems if not item.sure and self._is_told(item.kind)]
        if not doubted or not exactly:
            return reach, [problem for problem in problems if problem.sure]
        places = frozenset(problem.place for problem in doubted)
        within = any(problem.kind not in _ANYWHERE for problem in doubted)
        returned = any(problem.reasons[0].rule == RETURN_RULE for problem in doubted)
        exact = self._reach(self._engines.exact(Question(places, within, returned)))
        settled = {problem.key: problem for problem in problems if problem.sure}
        for problem in self._problems(exact, is_last=True):
            if problem.place in places:
                settled.setdefault(problem.key, problem)
        live = {(call.node.function, call.slot) for call in exact.calls}
        reach.calls = [
            call for call in reach.calls if (call.node.function, call.slot) not in places - live
        ]
        return reach, list(settled.values())

    def reach(self) -> Reach:
        """Walk fast, whatever there may be to find; return what is live."""
        return self._reach(self._engines.fast)

    def _is_told(self, kind: FindingKind) -> bool:
        """Return whether the verdict on this kernel can have a finding of a kind."""
        return kind in KNOWN or not self._kernel.is_observed()

    def _may_find(self) -> bool:
        """Return whether a walk could find anything, dead code counted: most programs without a
        kernel function have nothing to be found."""
        reached = self._reached
        if reached.calls or reached.calls_back_wrongly or reached.calls_odd:
            return True
        if reached.loads_packets and (reached.calls_back or not self._may_load_packets):
            return True
        if reached.calls_back and (TAIL_CALL in reached.helpers or self._may_nest):
            return True
        return self._may_fail() or self._may_object() or self._returns.may_object()

    def _may_fail(self) -> bool:
        """Return whether there is code that becomes invalid for what the kernel lacks."""
        kernel, reached = self._kernel, self._reached
        if self._patched and kernel.may_fail() and any(map(kernel.fails, reached.functions)):
            return True
        return any(map(kernel.lacks_variable, reached.variables))

    def _may_object(self) -> bool:
        """Return whether the kernel may object to a call of a helper, wherever it is made."""
        kernel, context = self._kernel, self._context
        helpers, map_types = self._reached.helpers, self._reached.map_types
        if not helpers:
            return False
        if kernel.may_object(context, helpers):
            return True
        if any(kernel.may_lack(number) for number in helpers if number in ON_MAPS):
            return True
        if not map_types or not kernel.may_refuse(context, helpers, map_types):
            return False
        return kernel.may_be_given(self._index)

    @property
    def _may_load_packets(self) -> bool:
        """Return whether the program's type may use LD_ABS; so too if it is not known."""
        kind = resolved_type(self._program)
        return kind is None or kind in _LOADS_PACKETS

    def _reach(self, engine: Engine) -> Reach:
        entry = Entry(
            self._program.function,
            self._program.kind.sleepable,
            self._program.exception_callback,
            timers_sleep=lambda: self._kernel.holds("timers_never_sleep") is False,
            globals_in_context=lambda: self._kernel.holds("globals_per_context") is True,
            takes_context=self._takes_context,
            verified=self._verified(),
        )
        self._engines.walks += 1
        given = engine.begin_log()
        reach = find_live_calls(engine, entry)
        self._kernel.note_given(given)
        return reach

    @property
    def _takes_context(self) -> bool:
        program, types = self._program, self._object.btf
        if program.kind.program_type != EXT_TYPE:
            return True
        type_id = self._object.functions[program.function].type_id
        if types is None or not type_id or not program.replaces:
            return False
        return is_context(types, type_id, program.replaces) is True

    def _verified(self) -> Mapping[int, Path]:
        """Return the global functions that the kernel verifies even where nothing calls them."""
        found = self._reached.globals
        return found if found and self._kernel.verifies_called_globals() is False else {}

    def _problems(self, reach: Reach, is_last: bool) -> list[Problem]:
        """Judge all of it; of several ways to one instruction the surest counts."""
        found: dict[object, Problem] = {}
        for problem in self._all_problems(reach, is_last):
            if problem.key not in found or (problem.sure and not found[problem.key].sure):
                found[problem.key] = problem
        return list(found.values())

    def _all_problems(self, reach: Reach, is_last: bool) -> Iterator[Problem]:
        for call in reach.calls:
            problem = self.judges.calls.judge(call)
            if problem:
                yield problem
        for helper in reach.helpers:
            problem = self.judges.helpers.judge(helper)
            if problem:
                yield problem
        yield from self._map_problems(reach)
        yield from self.judges.globals.problems(reach)
        yield from self.judges.callbacks.problems(reach)
        for leak in reach.leaks:
            held = leak_problem(leak, leak.kind == LeakKind.EXIT, self._kernel)
            if held.text:
                reasons = (give_reason("region", held.text),)
                found = Objection(FindingKind.REGION, reasons, held.certain, held.advice)
                yield path_problem(found, "", leak.node, leak.slot, leak.sure)
        yield from self._packet_problems(reach)
        yield from self._returns.problems(reach, is_last)
        yield from thrown_problems(self._prepared, self._kernel, self._index, reach)
        yield from map(self._poison_problem, reach.poisons)

    def _packet_problems(self, reach: Reach) -> Iterator[Problem]:
        """Return the surest load from a packet where the program may not have any."""
        loads = [leak for leak in reach.leaks if leak.kind == LeakKind.PACKET]
        if loads and not self._may_load_packets:
            first = max(loads, key=lambda leak: leak.sure)
            yield path_problem(_NO_PACKETS, "", first.node, first.slot, first.sure)

    def _map_problems(self, reach: Reach) -> Iterator[Problem]:
        """What the maps lack that live calls are given."""
        for helper in reach.helpers:
            number, maps = helper.number, helper.maps
            found = self._kernel.helper_lack(number, maps) if number in ON_MAPS else None
            if maps and not found:
                found = self._kernel.map_refusal(self._context, number, maps)
            if found:
                yield path_problem(found, "", helper.node, helper.slot, helper.sure)
        for call in reach.calls:
            name = self._object.externs[call.extern].kernel_name
            found = self._kernel.kfunc_lack(name, call.maps) if call.maps else None
            if found:
                yield path_problem(found, name, call.node, call.slot, call.sure)

    def _poison_problem(self, poison: LivePoison) -> Problem:
        """A live access to what the kernel lacks, by CO-RE or in the context.

        A module may have a type that the kernel itself lacks.
        """
        section = self._object.functions[poison.node.function].section
        if missing := self._kernel.missing_word(section, poison.slot):
            found = Objection(FindingKind.LOAD, (Reason(Step.CONTEXT, missing),))
            return path_problem(found, "", poison.node, poison.slot, poison.sure)
        if (section, poison.slot) not in self._relocations:
            found = Objection(FindingKind.LOAD, (Reason("extern", self._null_text()),))
            return path_problem(found, "", poison.node, poison.slot, poison.sure)
        resolution = self._kernel.core(section, poison.slot)
        text = resolution.reason if resolution else ""
        is_sure = resolution is None or bool(resolution.candidates)
        kind = FindingKind.LOAD if is_sure else FindingKind.UNKNOWN
        if not is_sure:
            text += " itself, and what its loaded modules have is not known"
        found = Objection(kind, (Reason("core", text),))
        return path_problem(found, "", poison.node, poison.slot, poison.sure)

    def _null_text(self) -> str:
        """Return the finding that the address of a variable is read which this kernel lacks."""
        names = ", ".join(
            self._object.externs[extern].kernel_name
            for extern in self._reached.variables
            if self._lacks(extern)
        )
        return (
            f"invalid mem access 'scalar': this kernel lacks {names}, so the address that is read "
            "is 0: ask bpf_ksym_exists() first"
        )

    def _lacks(self, extern: int) -> bool:
        return self._kernel.lacks_variable(extern)
