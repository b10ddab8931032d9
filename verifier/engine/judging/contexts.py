"""The context that a program runs in, as the decision about kfuncs sees it."""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import UNKNOWN, Reason, Step, Verdict
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE
from kfmap.quick_dataclass import replace
from verifier.engine.object.model import Program, StructOpsUse

UNSPECIFIED = "BPF_PROG_TYPE_UNSPEC"


def context_of(program: Program) -> Context:
    """Return the context of a program; for struct_ops that of its first use."""
    if program.kind.program_type == STRUCT_OPS_TYPE:
        return callback_context(program.struct_ops[:1], program.kind.sleepable)
    return Context(
        program.kind.program_type,
        program.kind.attach_type,
        program.kind.attach_target,
        sleepable=program.kind.sleepable,
        replaces=program.replaces,
    )


def resolved_type(program: Program) -> str | None:
    """Return the type that checks of code go by, as resolve_prog_type() of the kernel does: for
    freplace that of the program it replaces, None if that is not known."""
    kind = program.kind.program_type
    return program.replaces if kind == EXT_TYPE else kind


def callback_context(uses: Sequence[StructOpsUse], sleepable: bool) -> Context:
    """Return the context of a struct_ops program by its first use, if it has any."""
    if not uses:
        return Context(STRUCT_OPS_TYPE, sleepable=sleepable)
    return Context(
        STRUCT_OPS_TYPE, struct_ops=uses[0].type, member=uses[0].member, sleepable=sleepable
    )


def decide(decider: Decider, context: Context, kfunc: str) -> Verdict:
    """Decide a cell; for freplace without a known target only if all targets agree."""
    if context.program_type == UNSPECIFIED:
        reason = Reason(
            Step.CONTEXT, "libbpf does not know what kind of program this section name is"
        )
        return Verdict(UNKNOWN, None, (reason,))
    if context.program_type != EXT_TYPE or context.replaces:
        return decider.decide(context, kfunc)
    known = [
        decider.decide(replace(context, replaces=item.program_type), kfunc)
        for item in decider.facts.hook_of
        if item.program_type not in (EXT_TYPE, STRUCT_OPS_TYPE)
    ]
    if known and len({verdict.verdict for verdict in known}) == 1:
        return known[0]
    return decider.decide(context, kfunc)
