"""Whether a program may attach to, or replace, a function of a BPF program of another object.

Mirrors libbpf_find_prog_btf_id() of tools/lib/bpf/libbpf.c, which looks for the function in the
BTF of the program, and bpf_check_attach_target() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from kfmap.btf.function_match import find_mismatch
from kfmap.btf.kinds import GLOBAL
from kfmap.btf.read import BtfError
from kfmap.kernel.facts import Place
from kfmap.permission.helper_names import helper_name
from kfmap.permission.hook_table import COMMON_HOOK
from kfmap.permission.verdict import ALLOWED, give_reason
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE
from kfmap.quick_dataclass import dataclass
from verifier.engine.judging.context_structs import (
    PROJECTION_MARK,
    context_struct,
    is_context_alone,
)
from verifier.engine.judging.context_words import may_miss
from verifier.engine.judging.helpers_given import HelpersGiven
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.licences import is_gpl_compatible
from verifier.engine.judging.prepared import Prepared, Target
from verifier.engine.judging.problem import Objection
from verifier.engine.object.model import BpfObject, Linkage, Program
from verifier.engine.result import FAILS_AT_RUN_TIME, PASSES, REFUSED, FindingKind, ProgramVerdict

_RULE = "hook"
_SLEEPABLE = "KF_SLEEPABLE"
_TRACING = "BPF_PROG_TYPE_TRACING"


@dataclass(frozen=True, slots=True)
class LoadedTarget:
    """The verdict on a target, and whether its function is live: None where that is not known."""

    verdict: ProgramVerdict
    is_live: bool | None


def attach_objections(
    own: Prepared, number: int, kernel: KernelUnderTest, loaded: LoadedTarget
) -> Iterator[Objection]:
    """Return what stands between a program of an object and its target, in the kernel's order.

    `loaded`: what becomes of the target, which has to be loaded before.
    """
    target = own.targets[number]
    found = _Attaching(own, number, target, kernel, loaded.is_live)
    yield from _loading(target, loaded.verdict)
    yield from found.objections()


def _loading(target: Target, verdict: ProgramVerdict) -> Iterator[Objection]:
    if verdict.verdict in (PASSES, FAILS_AT_RUN_TIME):
        return
    name, why = target.to.program.name, ""
    for finding in verdict.findings[:1]:
        why = f": {finding.reasons[0].text}" if finding.reasons else ""
    if verdict.verdict == REFUSED:
        yield _refused(f"{name}, which it attaches to, does not load on this kernel{why}")
    else:
        yield _unknown(f"it is not known whether {name}, which it attaches to, loads{why}")


@dataclass(frozen=True)
class _Attaching:
    """A program, its target and a kernel."""

    own: Prepared
    number: int
    target: Target
    kernel: KernelUnderTest
    is_live: bool | None

    @property
    def _program(self) -> Program:
        return self.own.object.programs[self.number]

    @property
    def _object(self) -> BpfObject:
        return self.target.to.object

    @cached_property
    def _replaces(self) -> bool:
        return self._program.kind.program_type == EXT_TYPE

    def objections(self) -> Iterator[Objection]:
        """Return what libbpf says, then what the kernel does."""
        name = self.target.name
        if not name:
            word = f"{self._program.name}=OBJECT:{self.target.to.program.name}:FUNCTION"
            yield _unknown(
                f"which function of {self.target.to.program.name} it attaches to is known to its "
                f"loader only: name it with --target {word}"
            )
        elif self._object.btf is None:
            yield _refused(f"The target program doesn't have BTF: build {name} with -g")
        elif not self.target.type_id:
            yield _refused(
                f"the target program has no function {name}: {name} is not found in prog's BTF"
            )
        elif self.target.function is None:
            yield _refused(
                f"Subprog {name} doesn't exist: {self.target.to.program.name} does not call it"
            )
        else:
            yield from self._liveness()
            yield from self._of_kernel(self.target.function)

    def _liveness(self) -> Iterator[Objection]:
        """The kernel takes away functions that are called in dead code alone."""
        name, program = self.target.name, self.target.to.program.name
        gone = f"Subprog {name} doesn't exist: what calls it in {program} is dead on this kernel"
        if self.is_live is None:
            yield _unknown(f"it could not be decided whether {program} calls {name} in live code")
        elif not self.is_live and any(item.frozen for item in self._object.data):
            yield _unknown(f"{gone} as the object stands, and its loader may set constants")
        elif not self.is_live:
            yield _refused(gone)

    def _of_kernel(self, function: int) -> Iterator[Objection]:
        """Mirror bpf_check_attach_target() from where the function is found."""
        to, holds = self.target.to.program, self.kernel.rules.holds
        is_op = function == to.function and to.kind.program_type == STRUCT_OPS_TYPE
        if is_op and holds("arena_contexts_stay"):
            yield _unknown(
                f"it is not known whether {to.name} takes pointers into an arena: nothing may "
                "attach to such a program"
            )
        if function == to.exception_callback and holds("exception_callbacks_stay") is not False:
            kind = "Extension" if self._replaces else "Tracing"
            text = f"{kind} programs cannot attach to exception callback {self.target.name}"
            yield _refused(text, self._place("exception_callbacks_stay"))
        if self._replaces:
            yield from self._trusted(function)
            yield from self._effects(function)
            yield from self._types(function)
            return
        yield from self._reads()
        if to.kind.program_type == self._program.kind.program_type == _TRACING:
            nests = holds("tracing_nests")
            text = "Cannot recursively attach: this kernel lets no tracing program trace another"
            if nests is False:
                yield _refused(text, self._place("tracing_nests"))
            elif nests is None:
                yield _unknown(
                    "it is not known whether this kernel lets tracing programs be traced"
                )

    def _reads(self) -> Iterator[Objection]:
        """Name a word of the context that is there or not, by what the verifier makes of BTF."""
        for read in self.own.context_reads.values():
            if read.program == self._program and read.traced and may_miss(read):
                yield _unknown(
                    f"it is not known whether {self.target.name} has word {read.offset // 8 + 1}, "
                    "which the program reads: the verifier may not go by its BTF"
                )
                return

    def _trusted(self, function: int) -> Iterator[Objection]:
        """Look at what the verifier makes of the BTF of the program's own entry."""
        program = self.target.to.program
        if function != program.function or self._object.btf is None:
            return
        type_id, kind = self._object.functions[function].type_id, program.kind.program_type
        projections = self.kernel.has_function(PROJECTION_MARK)
        known = is_context_alone(self._object.btf, type_id, kind, projections)
        if known is False:
            struct = context_struct(kind)
            takes = f"it does not take a struct {struct} * alone"
            if not struct:
                takes = "what programs of its type take is no struct of a name"
            yield _refused(
                f"Cannot replace static functions: {program.name} counts as one: {takes}"
            )
        elif known is None:
            yield _unknown(
                f"it is not known whether this kernel takes the argument of {program.name} for its "
                "context, without which it cannot be replaced"
            )

    def _types(self, function: int) -> Iterator[Objection]:
        """Mirror btf_check_type_match()."""
        mine = self.own.object.functions[self._program.function]
        theirs = self._object.functions[function]
        own, types = self.own.object.btf, self._object.btf
        if own is None or not mine.type_id or not self.own.object.has_function_types:
            yield _refused("Program extension requires BTF: build the object with -g")
            return
        assert types is not None
        try:
            for btf, item in ((own, mine), (types, theirs)):
                if item.linkage == Linkage.STATIC or btf.linkage(item.type_id) != GLOBAL:
                    how = "neither static nor __hidden"
                    yield _refused(f"{item.name}() is not a global function: declare it {how}")
                    return
            told = find_mismatch(own, mine.type_id, types, theirs.type_id)
        except BtfError:
            return
        if told:
            yield _refused(told)

    def _effects(self, function: int) -> Iterator[Objection]:
        """Ask whether the new function does what callers of the old one do not reckon with, dead
        code counted."""
        rules = self.kernel.rules
        if rules.holds("replacing_keeps_packets"):
            what = self._changes_packets(self.own, self._program.function, with_kfuncs=False)
            if what and not self._changes_packets(self.target.prepared, function):
                text = "Extension program changes packet data, while original does not"
                place = self._place("replacing_keeps_packets")
                yield _refused(f"{text}: {what} does, dead code counted", place)
        if rules.holds("replacing_keeps_sleep"):
            what = self._common_sleeper()
            if what and not self._may_sleep(function):
                text = "Extension program may sleep, while original does not"
                place = self._place("replacing_keeps_sleep")
                yield _refused(f"{text}: {what} may, dead code counted", place)

    def _changes_packets(self, prepared: Prepared, function: int, with_kfuncs: bool = True) -> str:
        """Return what in a function may change a packet. The verifier looks before it knows what
        kfuncs the new program may call, so that none of its counts."""
        holds = self.kernel.rules.holds
        for number in prepared.helpers_in(function):
            name = helper_name(number) or ""
            if holds(f"packet_helper:{name.removeprefix('bpf_')}"):
                return name
        externs = prepared.object.externs
        for extern in prepared.calls_in(function) if with_kfuncs else ():
            if holds(f"packet_kfunc:{externs[extern].kernel_name}"):
                return externs[extern].kernel_name
        return ""

    def _common_sleeper(self) -> str:
        """Return a kfunc of the program that may sleep, of those that all types may call: as for
        packets, the verifier knows of no others yet."""
        externs = self.own.object.externs
        for extern in self.own.calls_in(self._program.function):
            name = externs[extern].kernel_name
            listed = self.kernel.decider.find_listed(name, COMMON_HOOK)
            if any(_SLEEPABLE in item.entry.flags for item in listed):
                return name
        return ""

    def _may_sleep(self, function: int) -> bool:
        """Return whether a function of the target may sleep."""
        prepared = self.target.prepared
        answers = self.kernel.answers_in(prepared.reached[self.target.to.number].context)
        given = HelpersGiven(self.kernel, answers, is_gpl_compatible(self._object.license))
        if any(given.sleeps(number) for number in prepared.helpers_in(function)):
            return True
        decided = (
            answers.decide(self._object.externs[extern].kernel_name)
            for extern in prepared.calls_in(function)
        )
        return any(item.verdict == ALLOWED and _SLEEPABLE in item.flags for item in decided)

    def _place(self, rule: str) -> Place | None:
        return self.kernel.rules.place(rule)


def _refused(text: str, place: Place | None = None) -> Objection:
    return Objection(FindingKind.LOAD, (give_reason(_RULE, text, place),))


def _unknown(text: str) -> Objection:
    return Objection(FindingKind.UNKNOWN, (give_reason(_RULE, text),), certain=False)
