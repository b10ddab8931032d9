"""Objects with one program that makes one call, and what the engine of `verify` says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.helper_bits import HelperColumns
from kfmap.permission.outcome_bits import OutcomeColumns
from kfmap.permission.section_names import ProgramKind, render_section_name
from kfmap.permission.view import EXT_TYPE
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.object.model import BpfObject, Program, StructOpsMap, StructOpsUse
from verifier.engine.result import FindingKind, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object, prepare_object

# What each outcome is to the engine, where nothing else is needed.
EXPECTED = {
    "allowed": "passes",
    "only_if_sleepable": "refused",
    "will_not_load": "refused",
    "refused": "refused",
    "fails_at_run_time": "fails_at_run_time",
    "unknown": "unknown",
    "not_on_this_kernel": "refused",
}
# What a program of one call cannot bring: a device, a lock that is held, the end of a region.
_NEEDS = {FindingKind.DEVICE_BOUND, FindingKind.REGION}
# Helpers that no program can call alone: a lock to give back, a map of programs to go on with.
_NOT_ALONE = ("bpf_spin_lock", "bpf_spin_unlock", "bpf_tail_call")
# Attach targets for contexts that leave theirs open: ones that sleepable programs may have, too.
_TARGETS = {
    "BPF_TRACE_FENTRY": "bpf_fentry_test1",
    "BPF_TRACE_FEXIT": "bpf_fentry_test1",
    "BPF_TRACE_FSESSION": "bpf_fentry_test1",
    "BPF_MODIFY_RETURN": "bpf_fentry_test1",
    "BPF_TRACE_RAW_TP": "btf_trace_sys_enter",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A cell of which the outcome and the engine say different things."""

    context: str
    kfunc: str
    outcome: str
    verdict: str
    findings: tuple[str, ...]


def make_object(context: Context, kfuncs: Sequence[str]) -> BpfObject:
    """Make an object of programs in one context, each of which makes one call and returns 0.

    Of struct_ops programs each is in a map of its own.
    """
    made = _make_calls(tuple(kfuncs))
    programs = tuple(_put(program, context) for program in made.programs)
    maps = tuple(_put_in_map(program, context) for program in programs if program.struct_ops)
    return replace(made, programs=programs, struct_ops_maps=maps)


@cache
def _make_calls(kfuncs: tuple[str, ...]) -> BpfObject:
    """Make the programs without their context: the same for each context of a kernel."""
    text = (f"p{n}: program; call {kfunc}; r0 = 0; exit" for n, kfunc in enumerate(kfuncs))
    return assemble("; ".join(text))


def _put(program: Program, context: Context) -> Program:
    uses: tuple[StructOpsUse, ...] = ()
    if context.struct_ops and context.member:
        uses = (StructOpsUse(context.struct_ops, context.member, f"map_{program.name}"),)
    target = context.target or _find_target(context)
    return replace(
        program,
        section=render_section_name(context),
        kind=ProgramKind(
            context.program_type, context.attach_type, target, target, context.sleepable, False
        ),
        struct_ops=uses,
        replaces=context.replaces,
        on_program=context.program_type == EXT_TYPE,
    )


def _put_in_map(program: Program, context: Context) -> StructOpsMap:
    [use] = program.struct_ops
    callbacks = ((use.member, program.name),)
    return StructOpsMap(use.map, ".struct_ops", use.type, use.type, 0, False, callbacks, (), b"")


def _find_target(context: Context) -> str | None:
    """Return a target for a context that leaves it open; None where it needs none."""
    target = _TARGETS.get(context.attach_type or "")
    if context.attach_type == "BPF_MODIFY_RETURN" and not context.sleepable:
        return "security_file_open"
    return target


def check(kernel: KernelUnderTest, context: Context, kfuncs: Sequence[str]) -> list[ProgramVerdict]:
    """Return what the engine says of each program."""
    prepared = prepare_object(make_object(context, kfuncs))
    return list(check_object(prepared, kernel).programs)


def list_contexts(kernel: KernelUnderTest) -> list[Context]:
    """Return the contexts of a kernel, and the sleepable form of those that libbpf has one for.

    Without the names of its functions nothing is known of attach targets that have to be made up.
    """
    own = [
        context
        for context in build_contexts(kernel.facts)
        if kernel.functions or context.target or not _find_target(context)
    ]
    asleep = [replace(context, sleepable=True) for context in own]
    named = [context for context in asleep if render_section_name(context)]
    return list(dict.fromkeys((*own, *named)))


def compare(
    kernel: KernelUnderTest, context: Context, kfuncs: Sequence[str]
) -> Iterator[Disagreement]:
    """Return the cells of one context of which outcome and engine say different things."""
    decider = kernel.decider
    column = OutcomeColumns(decider).column(context, *decider.bits(context))
    for kfunc, verdict in zip(kfuncs, check(kernel, context, kfuncs), strict=True):
        outcome = column.word(decider.kfuncs.index(kfunc))
        if not _agree(outcome, verdict):
            findings = tuple(f"{item.kind}: {item.reasons[-1].text}" for item in verdict.findings)
            yield Disagreement(render_context(context), kfunc, outcome, verdict.verdict, findings)


def _agree(outcome: str, verdict: ProgramVerdict) -> bool:
    wanted = EXPECTED[outcome]
    if verdict.verdict == wanted:
        return True
    kinds = {item.kind for item in verdict.findings}
    return wanted == "passes" and bool(kinds) and kinds <= _NEEDS


def compare_helpers(kernel: KernelUnderTest, context: Context) -> Iterator[Disagreement]:
    """Return the helpers of which outcome and engine say different things in one context.

    A prototype may ask for the attach target: both are told the one that is made up.
    """
    context = replace(context, target=context.target or _find_target(context))
    columns = HelperColumns(kernel.decider)
    numbers = {f"bpf_{name}": number for number, name in kernel.helpers.numbers.items()}
    helpers = [name for name in columns.names if name not in _NOT_ALONE]
    if not helpers:
        return  # of a kernel without rules nobody knows them
    calls = [str(numbers[name]) for name in helpers]
    for helper, verdict in zip(helpers, check(kernel, context, calls), strict=True):
        outcome = columns.word(context, helper)
        if verdict.verdict != EXPECTED[outcome]:
            findings = tuple(f"{item.kind}: {item.reasons[-1].text}" for item in verdict.findings)
            yield Disagreement(render_context(context), helper, outcome, verdict.verdict, findings)
