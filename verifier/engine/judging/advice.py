"""What to do about a finding: where the kfunc is legal on this kernel, and what to call instead."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.program_facts import MAY
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.name_list import list_names
from kfmap.permission.renames import find_renamed
from kfmap.permission.verdict import ALLOWED, FAILS
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.judging.kernel import ContextAnswers, KernelUnderTest
from verifier.engine.result import FindingKind

_MAX_CONTEXTS = 24
_WORK_CALLBACK = "bpf_wq_set_callback"
_PERMISSION_KINDS = (FindingKind.NOT_ALLOWED, FindingKind.RUN_TIME)
_ABSENT_KINDS = (FindingKind.MISSING, FindingKind.PROTOTYPE, FindingKind.MALFORMED_KERNEL)


class Adviser:
    """Advises for one program's context on one kernel; equal questions are answered once."""

    def __init__(self, kernel: KernelUnderTest, answers: ContextAnswers) -> None:
        self._kernel = kernel
        self._answers = answers
        self._context = answers.context
        self._known: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}

    def advise(self, kind: str, kfunc: str) -> tuple[tuple[str, ...], str]:
        """Return the contexts where the kfunc is legal, and a suggestion ("" if none is known)."""
        key = (kind, kfunc)
        if key not in self._known:
            legal = tuple(self._legal_in(kind, kfunc)) if kind in _PERMISSION_KINDS else ()
            self._known[key] = legal, self._suggest(kind, kfunc, legal)
        return self._known[key]

    def _legal_in(self, kind: str, kfunc: str) -> Iterator[str]:
        """Name contexts, those of the same struct_ops type or program type first."""
        bit = self._kernel.kfunc_bits.get(kfunc, 0)
        found = [context for context, allowed in self._kernel.contexts if allowed & bit]
        if kind == FindingKind.RUN_TIME:
            found = [
                context
                for context in found
                if context.struct_ops == self._context.struct_ops and self._passes(context, kfunc)
            ]
        found.sort(key=self._distance)
        yield from map(render_context, found[:_MAX_CONTEXTS])

    def _passes(self, context: Context, kfunc: str) -> bool:
        layer = self._kernel.decider.run_time_layer
        return layer.is_told(context) and layer.decide(context, kfunc)[0] != FAILS

    def _distance(self, context: Context) -> int:
        if context.program_type != self._context.program_type:
            return 2
        return int(context.struct_ops != self._context.struct_ops)

    def _suggest(self, kind: str, kfunc: str, legal: tuple[str, ...]) -> str:
        if kind in _ABSENT_KINDS:
            return self._suggest_other(kind, kfunc)
        if kind in _PERMISSION_KINDS:
            return self._suggest_place(kfunc, legal)
        if kind == FindingKind.NOT_SLEEPABLE:
            return self._suggest_sleep()
        if kind == FindingKind.REGION:
            return "move it out of the region"
        if kind == FindingKind.DEVICE_BOUND:
            return "load it for a device (BPF_F_XDP_DEV_BOUND_ONLY with an interface)"
        return ""

    def _suggest_other(self, kind: str, kfunc: str) -> str:
        """Name what this kernel has instead, else advise a guard."""
        instead = [name for name in self._other_names(kfunc) if self._is_callable(name)]
        guard = f"declare it __weak and call it only if bpf_ksym_exists({kfunc})"
        if instead:
            return f"{guard}, else {instead[0]}, which this kernel has"
        if kind == FindingKind.PROTOTYPE:
            known = self._kernel.decider.find_kfunc(kfunc)
            if known and known.prototype:
                return f"declare it as this kernel does ({known.prototype}), or {guard}"
        return guard

    def _other_names(self, kfunc: str) -> tuple[str, ...]:
        return find_renamed(kfunc, self._kernel.kfunc_names)

    def _is_callable(self, name: str) -> bool:
        known = self._kernel.decider.find_kfunc(name)
        return known is not None and known.callable_in_btf is not False

    def _suggest_place(self, kfunc: str, legal: tuple[str, ...]) -> str:
        same = [
            name
            for name in self._other_names(kfunc)
            if self._kernel.decider.decide(self._context, name).verdict == ALLOWED
            and self._is_callable(name)
        ]
        if same:
            return f"{same[0]} may be called here"
        if self._context.program_type == STRUCT_OPS_TYPE:
            prefix = f"{self._context.struct_ops}."
            members = [name.partition(prefix)[2] for name in legal if prefix in name]
            if members:
                return f"call it from {list_names(members, 'or')}"
        return f"call it from {list_names(legal, 'or')}" if legal else ""

    def _suggest_sleep(self) -> str:
        """Advise to sleep elsewhere where the program cannot be made to."""
        work = any(
            name.startswith(_WORK_CALLBACK)
            and self._kernel.decider.decide(self._context, name).verdict == ALLOWED
            for name in self._kernel.kfunc_bits
        )
        elsewhere = "call it from a bpf_wq callback, which may sleep" if work else ""
        if self._context.sleepable:
            outside = "call it where nothing is held, and in no timer callback"
            return f"{outside}, or {elsewhere.removeprefix('call it ')}" if work else outside
        answer = self._answers.sleep
        if answer.word == MAY:
            return "make the program sleepable (.s) and call it outside of locked regions"
        return elsewhere
