"""What a call needs besides permission: words of `outcome_words.NEEDS`, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.kernel.facts import VMLINUX, Kfunc
from kfmap.kernel.program_facts import MUST
from kfmap.permission.context import Context
from kfmap.permission.hook_table import Listed
from kfmap.permission.layers import CSS_TASK_ITERATOR, allowlisted, asks_for_arena, flags_of
from kfmap.permission.outcome_words import NEEDS
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.view import ViewBuilder

_BY_FLAG = {
    "KF_SLEEPABLE": "sleepable",
    "KF_DESTRUCTIVE": "sys_boot",
    "KF_PERFMON": "perfmon",
}


def find_needs(
    context: Context, kfunc: Kfunc | None, listed: Sequence[Listed], views: ViewBuilder
) -> tuple[str, ...]:
    """Return what a program of this context must bring; `listed` are the entries that count."""
    flags = flags_of(listed)
    found = {
        "gpl",  # add_kfunc_call(): "cannot call kernel function from non-GPL compatible program"
        *_needs_of_flags(flags, context),
        *needs_of_context(context, views),
        *(_needs_of_kfunc(kfunc, flags, context) if kfunc else ()),
    }
    return tuple(need for need in NEEDS if need in found)


def _needs_of_flags(flags: Sequence[str], context: Context) -> Iterator[str]:
    yield from (_BY_FLAG[flag] for flag in flags if flag in _BY_FLAG)
    if context.sleepable and "KF_RCU_PROTECTED" in flags:
        yield "rcu_read_lock"


def needs_of_context(context: Context, views: ViewBuilder) -> Iterator[str]:
    """Yield what a program must bring whatever it calls."""
    if context.struct_ops and find_sleep_answer(context, views).word == MUST:
        yield "sleepable"
    member = views.find_member(context)
    for need in member.needs if member else ():
        yield need.replace(" ", "_")


def _needs_of_kfunc(kfunc: Kfunc, flags: Sequence[str], context: Context) -> Iterator[str]:
    if kfunc.name == CSS_TASK_ITERATOR and not allowlisted(context):
        yield "sleepable"
    if kfunc.device_bound:
        yield "device_bound"
    if asks_for_arena(kfunc, flags):
        yield "arena"
    if kfunc.owner != VMLINUX:
        yield "module"
