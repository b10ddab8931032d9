"""Objects written as text, checked on the toy kernel of the permission tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kfmap.kernel.facts import Entry, KernelFacts, Kfunc, Place, RunTime
from kfmap.kernel.program_facts import Behaviour
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.object.model import BpfObject, Program, StructOpsMap, StructOpsUse
from verifier.engine.result import Finding, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"
# What the verifier of the toy kernel does: as 7.3, but for what only older ones did.
_BEHAVIOURS = {
    "callback_elements_have_ids": True,
    "exits_of_main_only": True,
    "globals_need_preemption": False,
    "globals_per_context": True,
    "globals_throw": True,
    "helper_under_lock:spin_unlock": True,
    "rcu_by_any_region": True,
    "rcu_end_asks_all": True,
    "rcu_nests": True,
    "rcu_required": True,
    "sleepable_globals_marked": True,
    "static_calls_under_lock": True,
    "throw_checks_callers": True,
    "timers_never_sleep": True,
    "tree_callback_reaches": True,
}


def kernel_facts(
    *more: str,
    flags: Mapping[str, tuple[str, ...]] | None = None,
    run_time: RunTime | None = None,
    lock_safe: tuple[str, ...] | None = (),
) -> KernelFacts:
    """Make the toy kernel with more kfuncs in its common hook, some with flags."""
    facts = create_toy_kernel(run_time=run_time)
    flags = flags or {}
    sets = tuple(
        replace(
            item,
            entries=(
                *(
                    replace(entry, flags=flags.get(entry.kfunc, entry.flags))
                    for entry in item.entries
                ),
                *(
                    Entry(name, flags.get(name, ()), Place("kernel/sets.c", 300))
                    for name in more
                    if item.id == "common_ids"
                ),
            ),
        )
        for item in facts.sets
    )
    kfuncs = tuple(Kfunc(name, "vmlinux", f"void {name}(void)", None, None, None) for name in more)
    facts = replace(facts, sets=sets, kfuncs=(*facts.kfuncs, *kfuncs), lock_safe=lock_safe)
    return behaving(facts, **_BEHAVIOURS)


def behaving(facts: KernelFacts, **holds: bool) -> KernelFacts:
    """Change what the verifier of a kernel does."""
    known = {item.name: item.holds for item in facts.behaviours} | holds
    return replace(
        facts, behaviours=tuple(Behaviour(name, known[name], None) for name in sorted(known))
    )


def changed_kfunc(facts: KernelFacts, name: str, **changes: object) -> KernelFacts:
    """Change what is known of one kfunc."""
    kfuncs = tuple(
        replace(item, **changes) if item.name == name else item  # type: ignore[arg-type]
        for item in facts.kfuncs
    )
    return replace(facts, kfuncs=kfuncs)


def in_ops(
    obj: BpfObject,
    members: dict[str, str],
    sleepable: tuple[str, ...] = (),
    struct_ops: str = "toy_ops",
    nonzero: tuple[str, ...] = (),
) -> BpfObject:
    """Make the programs struct_ops programs; `members`: program → member of one map."""
    programs = tuple(
        _struct_ops_program(
            program, members.get(program.name), struct_ops, program.name in sleepable
        )
        for program in obj.programs
    )
    used = tuple((member, program) for program, member in members.items())
    ops_map = StructOpsMap(
        "ops", ".struct_ops.link", struct_ops, struct_ops, 0, False, used, nonzero, b""
    )
    return replace(obj, programs=programs, struct_ops_maps=(ops_map,) if members else ())


def _struct_ops_program(
    program: Program, member: str | None, struct_ops: str, sleepable: bool
) -> Program:
    uses = (StructOpsUse(struct_ops, member, "ops"),) if member else ()
    kind = program.kind._replace(program_type=STRUCT_OPS, sleepable=sleepable)
    return replace(program, kind=kind, struct_ops=uses)


def strong(obj: BpfObject, *names: str) -> BpfObject:
    """Make all externs weak but some."""
    externs = tuple(replace(item, weak=item.name not in names) for item in obj.externs)
    return replace(obj, externs=externs)


def check(
    text: str,
    members: dict[str, str] | None = None,
    facts: KernelFacts | None = None,
    must_exist: tuple[str, ...] = (),
    **ops: object,
) -> dict[str, ProgramVerdict]:
    """Check programs, by default one XDP program after the other, and give verdicts by name."""
    obj = strong(assemble(text), *must_exist)
    if members is not None:
        obj = in_ops(obj, members, **ops)  # type: ignore[arg-type]
    verdict = check_object(obj, KernelUnderTest(facts or kernel_facts()))
    return {program.program: program for program in verdict.programs}


def only_finding(verdict: ProgramVerdict) -> Finding:
    """Return the one finding there must be."""
    assert len(verdict.findings) == 1, verdict.findings
    return verdict.findings[0]
