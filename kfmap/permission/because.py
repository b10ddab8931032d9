"""Why a call has the outcome it has: one sentence, with the line of the kernel that decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfmap.kernel.facts import VMLINUX
from kfmap.kernel.program_facts import UNKNOWN as SLEEP_UNKNOWN
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context, type_word
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import COMMON_HOOK, Listed
from kfmap.permission.instead import Adviser
from kfmap.permission.missing import Missing, find_left_out
from kfmap.permission.name_list import list_names
from kfmap.permission.observed import NOT_ASKED
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
)
from kfmap.permission.section_names import render_section_name
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.verdict import Layer, LayerKind, Reason, Step, Verdict, give_reason
from kfmap.quick_dataclass import replace

# In the kernel's order; the first that blocks is the reason.
_LAYER_ORDER = (
    LayerKind.JIT,
    LayerKind.MALFORMED_BTF,
    LayerKind.ATTACH_TARGET,
    LayerKind.UNSUPPORTED_MEMBER,
    LayerKind.TRAP,
    LayerKind.FUNCTION_ADDRESS,
    LayerKind.SLEEPABLE_CONTEXT,
    LayerKind.SLEEPABLE_MEMBER,
    LayerKind.SLEEPABLE,
)
# What blocks a call in these has a sentence of its own that says all.
_SAY_ENOUGH = (
    LayerKind.JIT,
    LayerKind.ATTACH_TARGET,
    LayerKind.TRAP,
    LayerKind.FUNCTION_ADDRESS,
)


class Explainer:
    """Explains outcomes on one kernel."""

    def __init__(self, decider: Decider, adviser: Adviser) -> None:
        self._decider = decider
        self._adviser = adviser

    def explain(self, word: str, context: Context, kfunc: str, verdict: Verdict) -> Reason:
        """Return why a call has this outcome."""
        if word == REFUSED:
            return self._explain_refusal(context, kfunc, verdict)
        if word == UNKNOWN and self._decider.observations and verdict.verdict == ALLOWED:
            return NOT_ASKED
        if word == UNKNOWN:
            return _explain_unknown(verdict)
        if word == FAILS_AT_RUN_TIME:
            return _explain_failure(verdict)
        if word == ALLOWED:
            return _add_warning(self._explain_permission(context, kfunc, verdict), verdict)
        return self._explain_load(word, context, kfunc, verdict)

    def explain_missing(self, missing: Missing, having: Sequence[str]) -> Reason:
        """Return what a kernel lacks, by which option, and which others have it."""
        text = f"{self._decider.facts.name} has no {missing.words}"
        left = find_left_out(self._decider, missing)
        if left:
            text += f": {list_names(left.options)} {'is' if len(left.options) == 1 else 'are'} off"
        releases = keep_plain(having)
        if releases:
            text += f"; {list_names(releases)} {'has' if len(releases) == 1 else 'have'} it"
        return give_reason(Step.MISSING, text, left.place if left else None)

    def _explain_refusal(self, context: Context, kfunc: str, verdict: Verdict) -> Reason:
        last = verdict.reasons[-1]
        if last.rule == Step.FILTER:
            name = last.text.partition(" ")[0]
            where = self._say_where(context, kfunc)
            here = render_context(context)
            text = f"lets {kfunc} only into {where}" if where else f"refuses {kfunc} in {here}"
            return replace(last, text=f"{name} {text}")
        if last.rule in (Step.SET, Step.COMMON, Step.HOOK):
            return self._explain_registration(context, kfunc, last)
        return last

    def _explain_registration(self, context: Context, kfunc: str, last: Reason) -> Reason:
        listed = self._decider.find_listed(kfunc)
        if not listed:
            return Reason(Step.SET, f"no set that is registered for calls has {kfunc}")
        words = list_names(_registered_for(listed))
        text = f"{kfunc} is registered for {words} programs only, not for {_kind(context)}"
        return give_reason(Step.SET, text, listed[0].registration.place)

    def _explain_permission(self, context: Context, kfunc: str, verdict: Verdict) -> Reason:
        listed = self._decider.flag_entries(context, kfunc)
        if not listed:
            return verdict.reasons[-1]
        item = listed[0]
        kinds = list_names(_registered_for(listed))
        owner = item.registration.owner
        of = "" if owner == VMLINUX else f" of module {owner}"
        text = f"{kfunc} is in {item.kfunc_set.name}{of}, registered for {kinds} programs"
        filter_ = self._decider.filters.get(item.registration.filter)
        if filter_:
            text += f", and {filter_.name} lets it pass here"
        return give_reason(Step.SET, text, item.registration.place)

    def _explain_load(self, word: str, context: Context, kfunc: str, verdict: Verdict) -> Reason:
        layer = _first_that_blocks(verdict.layers)
        if layer is None:
            return verdict.reasons[-1]
        if layer.kind == LayerKind.UNSUPPORTED_MEMBER:
            text = f"no program can implement {context.struct_ops}.{context.member}"
            return replace(layer.reason, text=text)
        if layer.kind == LayerKind.MALFORMED_BTF:
            text = layer.reason.text.removeprefix("no program can load it: ")
            return replace(layer.reason, text=f"no program can load {kfunc}: {text}")
        if layer.kind in _SAY_ENOUGH:
            return layer.reason
        if context.sleepable:
            text = f"{layer.reason.text}, and this program asks to sleep"
            return replace(layer.reason, text=text)
        return self._explain_sleep(word, context, kfunc, layer)

    def _explain_sleep(self, word: str, context: Context, kfunc: str, layer: Layer) -> Reason:
        """Return the sentence that the program has to be sleepable, and whether it can be."""
        may = find_sleep_answer(context, self._decider.views)
        subject = layer.reason.text if layer.kind != LayerKind.SLEEPABLE else f"{kfunc} may sleep"
        if word == ONLY_IF_SLEEPABLE:
            form = render_section_name(replace(context, sleepable=True))
            how = f'SEC("{form}")' if form else "BPF_F_SLEEPABLE"
            rest = f"the program must be sleepable: {how}"
            if may.word == SLEEP_UNKNOWN:
                rest += f"; {may.reason.text}"
            return replace(layer.reason, text=f"{subject}, so {rest}")
        return replace(layer.reason, text=f"{subject}, and {may.reason.text}")

    def _say_where(self, context: Context, kfunc: str) -> str:
        """Name where a kfunc is let in: callbacks of the same structure, else kinds most alike."""
        found = self._adviser.find_callers(kfunc)
        if context.struct_ops:
            members = [item.member or "" for item in found if item.struct_ops == context.struct_ops]
            if members:
                return list_names(members)
        alike = [item for item in found if item.program_type == context.program_type]
        kinds = dict.fromkeys(
            item.struct_ops or type_word(item.program_type) for item in alike or found
        )
        return list_names(list(kinds))


def keep_plain(names: Sequence[str]) -> list[str]:
    """Return the kernels to name in a sentence: of a series whose plain build is one, that alone.

    7.3 speaks for 7.3-rt and 7.3-arm64, and 6.12 for 6.12.118: a reader asks for releases.
    """
    return [name for name in names if not any(_is_build_of(name, other) for other in names)]


def _is_build_of(name: str, series: str) -> bool:
    return name.startswith((f"{series}-", f"{series}."))


def _registered_for(listed: Iterable[Listed]) -> list[str]:
    kinds = dict.fromkeys(
        "all"
        if item.registration.hook == COMMON_HOOK
        else type_word(item.registration.program_type)
        for item in listed
    )
    return ["all"] if "all" in kinds else list(kinds)


def _kind(context: Context) -> str:
    if context.struct_ops:
        return "struct_ops"
    return render_context(replace(context, sleepable=False))


def _first_that_blocks(layers: Iterable[Layer]) -> Layer | None:
    blocking = {layer.kind: layer for layer in layers if layer.blocks}
    return next((blocking[kind] for kind in _LAYER_ORDER if kind in blocking), None)


def _explain_unknown(verdict: Verdict) -> Reason:
    reasons = [
        item for item in verdict.reasons if item.rule in (Step.UNKNOWN, Step.CONTEXT, Step.OBSERVED)
    ]
    open_layers = [layer.reason for layer in verdict.layers if layer.blocks is None]
    return (reasons[-1:] or open_layers or verdict.reasons[-1:])[0]


def _add_warning(reason: Reason, verdict: Verdict) -> Reason:
    """Return the reason of an allowed call, with the warning that it deadlocks where it does."""
    warning = next((item for item in verdict.reasons if item.rule == Step.RUN_TIME_DEADLOCK), None)
    return replace(reason, text=f"{reason.text}; but {warning.text}") if warning else reason


def _explain_failure(verdict: Verdict) -> Reason:
    """Join the two halves: how the context is run, and what the kfunc's own check wants."""
    found = {reason.rule: reason for reason in verdict.reasons}
    for around, check in (
        (Step.RUN_TIME_OP, Step.RUN_TIME_CHECK),
        (Step.RUN_TIME_MASK, Step.RUN_TIME_GUARD),
    ):
        if around in found and check in found:
            return replace(found[check], text=f"{found[check].text}, and {found[around].text}")
    return verdict.reasons[-1]
