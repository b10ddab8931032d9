"""What to do instead of a call that does not work: another name, another context, a workqueue."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from kfmap.kernel.program_facts import MAY, MUST, NEVER
from kfmap.permission.context import Context
from kfmap.permission.context_words import KPROBE, LSM, SYSCALL, TRACING, render_context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.permission.renames import find_renamed
from kfmap.permission.section_names import render_section_name
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.verdict import ALLOWED as MAY_CALL
from kfmap.permission.verdict import LayerKind, Verdict
from kfmap.permission.view import ViewBuilder
from kfmap.quick_dataclass import replace

WORKQUEUE = "bpf_wq"
_WORKQUEUE_KFUNC = "bpf_wq_init"
_MOST = 24

# is_tracing_prog_type() of kernel/bpf/verifier.c: no map with a bpf_wq in it for these.
_WITHOUT_WORKQUEUE = (
    KPROBE,
    "BPF_PROG_TYPE_TRACEPOINT",
    "BPF_PROG_TYPE_PERF_EVENT",
    "BPF_PROG_TYPE_RAW_TRACEPOINT",
    "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE",
)


def _types(*names: str) -> frozenset[str]:
    return frozenset(f"BPF_PROG_TYPE_{name}" for name in names)


# Kinds of program that can stand in for one another, more or less.
_RELATED = (
    frozenset((*_WITHOUT_WORKQUEUE, TRACING, LSM)),
    # packets
    _types(
        *("XDP", "SCHED_CLS", "SCHED_ACT", "SOCKET_FILTER", "SK_SKB", "CGROUP_SKB", "NETFILTER"),
        *("FLOW_DISSECTOR", "LWT_IN", "LWT_OUT", "LWT_XMIT", "LWT_SEG6LOCAL"),
    ),
    # what a control group does
    _types(
        *("CGROUP_SKB", "CGROUP_SOCK", "CGROUP_SOCK_ADDR", "CGROUP_SOCKOPT", "CGROUP_SYSCTL"),
        *("CGROUP_DEVICE", "SOCK_OPS"),
    ),
    # sockets
    _types("SK_SKB", "SK_MSG", "SK_LOOKUP", "SK_REUSEPORT"),
)
_NEAR = 2  # so near that nothing farther is named beside it


def say_suggestion(name: str) -> str:
    """Return a suggestion as a reader takes it: `bpf_wq` is neither a context nor a kfunc."""
    return f"a {WORKQUEUE} callback, which may sleep" if name == WORKQUEUE else name


class Adviser:
    """Advises on one kernel."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.columns = OutcomeColumns(decider)
        self._rows = {name: row for row, name in enumerate(decider.kfuncs)}

    def advise(self, word: str, context: Context, kfunc: str, verdict: Verdict) -> tuple[str, ...]:
        """Return what to try instead, nearest first; nothing where the call works."""
        if word in (ALLOWED, UNKNOWN):
            return ()
        if word == ONLY_IF_SLEEPABLE:
            form = self._find_working_form(context, ONLY_IF_SLEEPABLE)
            return (render_context(form),) if form else ()
        found: list[str] = []
        if word == WILL_NOT_LOAD and context.sleepable and self._works_awake(context, kfunc):
            found.append(render_context(replace(context, sleepable=False)))
        found += self.find_other_names(context, kfunc)
        broken = any(
            layer.kind == LayerKind.MALFORMED_BTF and layer.blocks for layer in verdict.layers
        )
        if not broken:
            found += self.find_contexts(context, kfunc, with_mask=word == FAILS_AT_RUN_TIME)
        if word == WILL_NOT_LOAD and self._may_defer(context, verdict):
            found.append(WORKQUEUE)
        return tuple(dict.fromkeys(found))

    def find_other_names(self, context: Context, kfunc: str) -> tuple[str, ...]:
        """Return the other names of a kfunc that work in this context."""
        names = find_renamed(kfunc, self._rows)
        return tuple(name for name in names if self._word(context, name) in _WORKING)

    def find_contexts(
        self, asked: Context, kfunc: str, *, with_mask: bool = False
    ) -> tuple[str, ...]:
        """Return the contexts where a kfunc may be called, those most like `asked` first.

        `with_mask`: only contexts of which it is known what holds while they run.
        """
        row = self._rows.get(kfunc)
        if row is None:
            return ()
        found = (
            (context, column.word(row))
            for context, column in self._contexts
            if not with_mask or self._is_told(context)
        )
        return find_nearest(asked, found, self.decider.views)

    def find_forms(self, kfunc: str) -> tuple[Context, ...]:
        """Return every context that may call a kfunc, in the form in which the call surely loads.

        The order is that of the matrix; sleepable kfuncs have only sleepable forms.
        """
        row = self._rows.get(kfunc)
        if row is None:
            return ()
        forms = (self._find_working_form(item, column.word(row)) for item, column in self._contexts)
        return tuple(form for form in forms if form)

    def find_callers(self, kfunc: str) -> list[Context]:
        """Return the contexts of the matrix that may call a kfunc, if need be as sleepable ones."""
        row = self._rows.get(kfunc)
        callers = (*_WORKING, FAILS_AT_RUN_TIME)
        return [
            context
            for context, column in self._contexts
            if row is not None and column.word(row) in callers
        ]

    @cached_property
    def _contexts(self) -> list[tuple[Context, OutcomeColumn]]:
        return [
            (context, self.columns.column(context, *self.decider.bits(context)))
            for context in build_contexts(self.decider.facts)
        ]

    def _is_told(self, context: Context) -> bool:
        return self.decider.run_time_layer.is_told(context)

    def _find_working_form(self, context: Context, word: str) -> Context | None:
        return find_working_form(context, word, self.decider.views)

    def _word(self, context: Context, kfunc: str) -> str:
        column = self.columns.column(context, *self.decider.bits(context))
        return column.word(self._rows[kfunc]) if kfunc in self._rows else REFUSED

    def _works_awake(self, context: Context, kfunc: str) -> bool:
        return self._word(replace(context, sleepable=False), kfunc) == ALLOWED

    def _may_defer(self, context: Context, verdict: Verdict) -> bool:
        """Return whether a workqueue callback, which may sleep, could make the call."""
        sleeps = any(layer.kind == LayerKind.SLEEPABLE and layer.blocks for layer in verdict.layers)
        never = find_sleep_answer(context, self.decider.views).word == NEVER
        if not (sleeps and never and verdict.verdict == MAY_CALL):
            return False
        kind = context.replaces or context.program_type
        works = self._word(context, _WORKQUEUE_KFUNC) == ALLOWED
        return works and kind not in _WITHOUT_WORKQUEUE


_WORKING = (ALLOWED, ONLY_IF_SLEEPABLE)


def find_working_form(context: Context, word: str, views: ViewBuilder) -> Context | None:
    """Return the context in the form in which a call of this outcome surely loads, None if none.

    What no section name stands for loads and does not attach: kprobe.multi has no `.s`.
    """
    if word == ALLOWED:
        return context
    may_sleep = find_sleep_answer(context, views).word in (MAY, MUST)
    if word == ONLY_IF_SLEEPABLE and may_sleep:
        form = replace(context, sleepable=True)
        return form if render_section_name(form) else None
    return None


def find_nearest(
    asked: Context, found: Iterable[tuple[Context, str]], views: ViewBuilder
) -> tuple[str, ...]:
    """Return the names of the contexts in which a call works, those most like `asked` first.

    `found` are contexts with the outcomes that the call has in them.
    """
    forms = []
    for context, word in found:
        distance = find_distance(asked, context)
        form = find_working_form(context, word, views)
        if distance is not None and form is not None and form != asked:
            forms.append((distance, form))
    nearest = [item for item in forms if item[0] <= _NEAR] or forms
    nearest.sort(key=lambda item: item[0])
    return tuple(render_context(context) for _, context in nearest[:_MOST])


def find_distance(asked: Context, context: Context) -> int | None:
    """Return how unlike two contexts are, 0 for the same ops structure; None: unrelated."""
    if asked.struct_ops:
        if context.struct_ops:
            return _ops_distance(asked.struct_ops, context.struct_ops)
        return 4 if context.program_type == SYSCALL else None
    if context.struct_ops:
        return None
    if asked.program_type == context.program_type:
        return int(asked.attach_type != context.attach_type)
    return 3 if _are_related(asked.program_type, context.program_type) else None


def _ops_distance(asked: str, other: str) -> int:
    if asked == other:
        return 0
    return 2 if asked.startswith(other) or other.startswith(asked) else 3


def _are_related(one: str, other: str) -> bool:
    return any(one in kinds and other in kinds for kinds in _RELATED)
