"""May this context call this kfunc: the kernel's decision, with its reasons (kernel/bpf/btf.c).

Allowed is: in the common hook and its filters let pass, or in the hook of the program type and its
filters let pass; tables and filters are those of the BTF object the kfunc is in. A `Decider` is
built once per kernel and answers for single cells (`decide`) and all kfuncs at once (`bits`).
"""

from __future__ import annotations

from functools import cached_property

from kfmap.kernel.facts import VMLINUX, CallNeed, Filter, HookOf, KernelFacts, Kfunc
from kfmap.permission.bits import KfuncBits
from kfmap.permission.bpf_helpers import HelperDecider
from kfmap.permission.context import Context
from kfmap.permission.hook_table import (
    COMMON_HOOK,
    FMODRET_HOOK,
    Hook,
    Listed,
    build_hook_tables,
)
from kfmap.permission.layers import find_lacks, find_layers, flags_of
from kfmap.permission.observed import Observations
from kfmap.permission.rule_bits import Evaluate, Names, compile_tree
from kfmap.permission.rule_trace import Asked, Tracer
from kfmap.permission.run_time_layer import index_run_time_layer
from kfmap.permission.unread import Unread, find_unread, find_unread_types
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN, Reason, Step, Verdict, give_reason
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE, View, ViewBuilder
from kfmap.quick_dataclass import dataclass

UNKNOWN_HOOK = "?"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One hook of one BTF object: its kfuncs as bits, its filters ready to run."""

    hook: Hook
    bits: int
    filters: tuple[tuple[str, Evaluate], ...]


class Decider:
    """Decides cells of one kernel."""

    def __init__(self, facts: KernelFacts) -> None:
        self.facts = facts
        self.views = ViewBuilder(facts)
        self.tables = build_hook_tables(facts)
        self.observations = Observations(facts) if facts.is_observed else None
        self.run_time_layer = index_run_time_layer(facts)
        self.run_time = self.run_time_layer.masks
        self.filters: dict[str, Filter] = {item.id: item for item in facts.filters}
        self._known: dict[str, Kfunc] = {item.name: item for item in facts.kfuncs}
        self.kfuncs = self._list_kfuncs()
        self._bit = {name: 1 << index for index, name in enumerate(self.kfuncs)}
        self.names = self._build_names()
        self._hook_of: dict[str, HookOf] = {item.program_type: item for item in facts.hook_of}
        self._program_types = {item.name for item in facts.program_types}
        self._unread = find_unread(facts)
        self.trees = {
            id_: compile_tree(item.rule, self.names) for id_, item in self.filters.items()
        }
        self._tracer = Tracer(self.names, {item.id: item for item in facts.sets}, self.trees)
        self._compiled = self._compile_hooks()
        self._by_hook: dict[str, list[_Compiled]] = {}
        for (_, hook), compiled in self._compiled.items():
            self._by_hook.setdefault(hook, []).append(compiled)

    def decide(self, context: Context, kfunc: str) -> Verdict:
        """Return the verdict of one cell with its reasons in the kernel's order."""
        if self.observations:
            return self.observations.decide(context, kfunc)
        problem = self._find_problem(context)
        if problem:
            return Verdict(problem[0], None, (problem[1],))
        bit = self._bit.get(kfunc)
        if bit is None:
            text = f"{kfunc} is in no kfunc id set that this kernel registers"
            lacks = find_lacks(self.views, CallNeed.KFUNC_CALL)
            if lacks and not self.kfuncs:
                return Verdict(
                    REFUSED, None, (give_reason(Step.NO_KFUNC, lacks[0].text, lacks[0].place),)
                )
            unread = self._unread_reasons(context, kfunc)
            return Verdict(
                UNKNOWN if unread else REFUSED, None, (Reason(Step.NO_KFUNC, text), *unread)
            )
        return self._decide_known(context, kfunc, bit)

    def bits(self, context: Context) -> KfuncBits:
        """Return the kfuncs surely and possibly allowed in a context; bit n is `kfuncs[n]`."""
        if self.observations:
            return self.observations.bits(context)
        problem = self._find_problem(context)
        if problem:
            return KfuncBits(0, 0 if problem[0] == REFUSED else self.names.everything)
        view = self.views.build_view(context)
        allowed = 0
        hooks = self.hooks_asked(context)
        possible = self.names.everything if UNKNOWN_HOOK in hooks else 0
        for unread in self._unread:
            if unread.is_on(hooks):
                possible |= self._unread_bits(unread)
        for name in hooks:
            surely, possibly = self._hook_bits(name, view)
            allowed |= surely
            possible |= possibly
        return KfuncBits(allowed, possible)

    def listed_bits(self, context: Context) -> KfuncBits:
        """Return what `bits` would without any filter: the sets of the hooks alone."""
        if self.observations or self._find_problem(context):
            return self.bits(context)
        listed = 0
        for name in self.hooks_asked(context):
            for compiled in self._by_hook.get(name, []):
                if compiled.hook.owner not in self.tables.freed:
                    listed |= compiled.bits
        is_unknown = self.hook_of(context) == UNKNOWN_HOOK
        return KfuncBits(listed, self.names.everything if is_unknown else listed)

    def hook_listed(self, owner: str, hook: str) -> int:
        """Return the kfuncs that one BTF object lists on a hook."""
        compiled = self._compiled.get((owner, hook))
        return compiled.bits if compiled else 0

    def hooks_asked(self, context: Context) -> list[str]:
        """Return the hooks the kernel looks into, in its order: the common one, the type's own."""
        asked = [COMMON_HOOK] if self.facts.decision.common else []
        hook = self.hook_of(context)
        if hook and hook not in asked:
            asked.append(hook)
        return asked

    def hook_of(self, context: Context) -> str | None:
        """Return the hook of the context's program type, None if none, UNKNOWN_HOOK if unknown."""
        found = self._hook_of.get(self._decisive_type(context))
        return found.hook if found else UNKNOWN_HOOK

    def find_kfunc(self, name: str) -> Kfunc | None:
        """Return the facts of a kfunc."""
        return self._known.get(name)

    def find_listed(self, kfunc: str, hook: str | None = None) -> list[Listed]:
        """Return the registered entries of a kfunc, on one hook or on all but FMODRET."""
        return [
            listed
            for name, listed in self._listed.get(kfunc, ())
            if (name == hook if hook else name != FMODRET_HOOK)
        ]

    @cached_property
    def _listed(self) -> dict[str, list[tuple[str, Listed]]]:
        """Return, by kfunc, its entries in all hooks, each with the name of the hook."""
        found: dict[str, list[tuple[str, Listed]]] = {}
        for (_, name), hook in self.tables.hooks.items():
            for kfunc, entries in hook.listed.items():
                found.setdefault(kfunc, []).extend((name, listed) for listed in entries)
        return found

    # Building

    def _list_kfuncs(self) -> tuple[str, ...]:
        if self.observations:
            return tuple(self.observations.positions)
        listed = {name for hook in self.tables.hooks.values() for name in hook.listed}
        return tuple(sorted(listed | self._known.keys()))

    def _build_names(self) -> Names:
        facts = self.facts
        bits = {
            item.id: sum(
                self._bit[name] for name in {e.kfunc for e in item.entries} & self._bit.keys()
            )
            for item in facts.sets
        }
        return Names(
            everything=(1 << len(self.kfuncs)) - 1,
            kfunc_bits=self._bit,
            set_bits=bits,
            set_names={
                item.id: frozenset(entry.kfunc for entry in item.entries) for item in facts.sets
            },
            attach_types=self.views.attach_types,
            struct_ops_names={item.variable: item.name for item in facts.struct_ops},
            tables={table.name: table for table in facts.tables},
        )

    def _compile_hooks(self) -> dict[tuple[str, str], _Compiled]:
        compiled = {}
        for key, hook in self.tables.hooks.items():
            bits = sum(self._bit[name] for name in hook.listed)
            used = hook.filters if self.facts.decision.filters else []
            used = [*used, *(u.filter_id for u in self._unread if u.may_refuse_on(*key))]
            run = tuple((id_, self.trees.get(id_) or self._doubt(id_)) for id_ in used)
            compiled[key] = _Compiled(hook, bits, run)
        return compiled

    def _doubt(self, id_: str) -> Evaluate:
        """Return what stands for a filter that was not extracted."""
        bits = self._doubted_bits(id_)
        return lambda view: (0, bits)

    def _doubted_bits(self, id_: str) -> int:
        """Return the kfuncs that a filter which was not extracted may refuse: any, as a rule."""
        for unread in self._unread:
            if unread.filter_id == id_ and not unread.filters:
                return self._unread_bits(unread)
        return self.names.everything

    @cached_property
    def helpers(self) -> HelperDecider:
        """Return what answers which helpers a context gets on this kernel."""
        return HelperDecider(self.facts)

    # Deciding

    def _decisive_type(self, context: Context) -> str:
        """Mirror resolve_prog_type(): a freplace program counts as what it replaces."""
        if context.program_type == EXT_TYPE and context.replaces:
            return context.replaces
        return context.program_type

    def _hook_bits(self, hook: str, view: View) -> tuple[int, int]:
        allowed = possible = 0
        for compiled in self._by_hook.get(hook, []):
            if compiled.hook.owner in self.tables.freed:
                continue
            refused = may_refuse = 0
            for _, run in compiled.filters:
                surely, possibly = run(view)
                refused |= surely
                may_refuse |= possibly
            allowed |= compiled.bits & ~may_refuse
            possible |= compiled.bits & ~refused
        return allowed, possible

    def _find_problem(self, context: Context) -> tuple[str, Reason] | None:
        """Return why no verdict on permission can be given for such a context, if so."""
        if context.program_type not in self._program_types:
            text = f"this kernel has no program type {context.program_type}"
            return REFUSED, Reason(Step.CONTEXT, text)
        if context.program_type == EXT_TYPE and not context.replaces:
            return UNKNOWN, Reason(Step.CONTEXT, "it is not said which program this one replaces")
        if context.program_type != STRUCT_OPS_TYPE:
            return None
        if not context.struct_ops or not context.member:
            return UNKNOWN, Reason(
                Step.CONTEXT,
                "it is not said which struct_ops type and member the program implements",
            )
        if not self.views.find_struct_ops(context):
            unread = find_unread_types(self.facts)
            if unread:
                return UNKNOWN, unread[0]
            text = f"this kernel has no struct_ops type {context.struct_ops}"
            return REFUSED, Reason(Step.CONTEXT, text)
        if not self.views.find_member(context):
            text = f"{context.struct_ops} of this kernel has no member {context.member}"
            return REFUSED, Reason(Step.CONTEXT, text)
        return None

    def _decide_known(self, context: Context, kfunc: str, bit: int) -> Verdict:
        asked = Asked(self.views.build_view(context), kfunc, bit, context.member or "")
        hook = self.hook_of(context)
        reasons: list[Reason] = []
        answers: list[str] = []
        for name in self.hooks_asked(context):
            if name == hook and name != COMMON_HOOK:
                reasons.append(self._hook_reason(context))
            answer, steps = self._decide_in_hook(name, asked)
            reasons += steps
            answers.append(answer)
            if answer == ALLOWED:
                break
        else:
            if hook is None:
                reasons.append(self._hook_reason(context))
        return self._give_verdict(context, kfunc, answers, reasons)

    def _give_verdict(
        self, context: Context, kfunc: str, answers: list[str], reasons: list[Reason]
    ) -> Verdict:
        verdict = next((word for word in (ALLOWED, UNKNOWN) if word in answers), REFUSED)
        unread = self._unread_reasons(context, kfunc) if verdict == REFUSED else []
        if unread:
            verdict = UNKNOWN
            reasons += unread
        listed = self.flag_entries(context, kfunc)
        run_time = None
        if verdict != REFUSED:
            run_time, steps = self.run_time_layer.decide(context, kfunc)
            reasons += steps
        layers = find_layers(context, self.find_kfunc(kfunc), listed, self.views)
        return Verdict(verdict, run_time, tuple(reasons), layers, flags_of(listed))

    def _decide_in_hook(self, name: str, asked: Asked) -> tuple[str, list[Reason]]:
        short = name.removeprefix("BTF_KFUNC_HOOK_")
        listed = self.find_listed(asked.kfunc, name)
        if name == UNKNOWN_HOOK:
            return UNKNOWN, []
        if not listed:
            rule = Step.COMMON if name == COMMON_HOOK else Step.SET
            return REFUSED, [
                Reason(rule, f"{asked.kfunc} is in no set registered on the {short} hook")
            ]
        owner = listed[0].registration.owner
        reasons = [_listed_reason(asked.kfunc, item, short) for item in listed]
        if owner in self.tables.freed:
            text = f"registration fails ({self.tables.freed[owner]}) and the kernel drops the table"
            return REFUSED, [*reasons, Reason(Step.OVERFLOW, text)]
        return self._run_filters(self._compiled[owner, name], asked, reasons)

    def _run_filters(
        self, compiled: _Compiled, asked: Asked, reasons: list[Reason]
    ) -> tuple[str, list[Reason]]:
        """Run every filter of the hook, as the kernel does, up to the first that refuses."""
        answers = []
        for id_, _ in compiled.filters:
            filter_ = self.filters.get(id_)
            if filter_ is None and not asked.bit & self._doubted_bits(id_):
                continue
            if filter_ is None:
                answers.append(UNKNOWN)
                reasons.append(self._unread_filter_reason(id_))
                continue
            answer, steps = self._tracer.trace_filter(filter_, asked)
            answers.append(answer)
            reasons += steps
            if answer == REFUSED:
                return REFUSED, reasons
        return (UNKNOWN if UNKNOWN in answers else ALLOWED), reasons

    def _hook_reason(self, context: Context) -> Reason:
        program_type = self._decisive_type(context)
        found = self._hook_of.get(program_type)
        if found is None:
            return Reason(Step.HOOK, f"the hook of {program_type} is not known")
        if found.hook:
            text = f"the hook of {program_type} is {found.hook}"
        else:
            rest = "so only the common hook counts" if self.facts.decision.common else ""
            rest = rest or "and this kernel no common one, so that no kfunc may be called"
            text = f"{program_type} has no hook of its own, {rest}"
        return give_reason(Step.HOOK, text, found.place)

    def _unread_bits(self, unread: Unread) -> int:
        """Return the kfuncs that a registration which was not understood could register."""
        if unread.kfuncs is None:
            return self.names.everything
        return sum(self._bit[name] for name in unread.kfuncs if name in self._bit)

    def _unread_reasons(self, context: Context, kfunc: str) -> list[Reason]:
        """Return what may register a kfunc where it is asked for, and could not be read."""
        if not self._unread:
            return []
        hooks = self.hooks_asked(context)
        return [
            unread.reason
            for unread in self._unread
            if unread.is_on(hooks) and (unread.kfuncs is None or kfunc in unread.kfuncs)
        ]

    def _unread_filter_reason(self, id_: str) -> Reason:
        found = next((unread for unread in self._unread if unread.filter_id == id_), None)
        if found:
            return found.filter_reason
        return Reason(Step.UNKNOWN, f"filter {id_} could not be read")

    def flag_entries(self, context: Context, kfunc: str) -> list[Listed]:
        """Return the entries whose flags the verifier finds: the common hook's first."""
        for name in self.hooks_asked(context):
            listed = self.find_listed(kfunc, name)
            if listed:
                return listed
        return []


def _listed_reason(kfunc: str, listed: Listed, hook: str) -> Reason:
    rule = Step.COMMON if listed.registration.hook == COMMON_HOOK else Step.SET
    owner = listed.registration.owner
    of = "" if owner == VMLINUX else f" of module {owner}"
    text = (
        f"{kfunc} is in set {listed.kfunc_set.name}{of}, registered on the {hook} hook"
        f" for {listed.registration.program_type}"
    )
    return give_reason(rule, text, listed.registration.place)
