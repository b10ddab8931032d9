"""What is wrong or near its limit in a build: BTF tags, twins of implicit arguments, full hooks."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import DEFECT, NOTE, WARNING, Finding
from kfmap.permission.hook_table import FMODRET_HOOK

NEAR = 0.7


def find_lost_in_btf(decider: Decider) -> Iterator[Finding]:
    """Return kfuncs that the source allows and no program can load, and those without a tag."""
    for kfunc in decider.facts.kfuncs:
        place = (kfunc.place,) if kfunc.place else ()
        if kfunc.callable_in_btf is False:
            implicit = any(
                "KF_IMPLICIT_ARGS" in item.entry.flags for item in decider.find_listed(kfunc.name)
            )
            lacks = f"{kfunc.name}_impl" if implicit else "it"
            text = f"registered, but BTF lacks {lacks}: no program can call it"
            yield Finding("lost_in_btf", DEFECT, kfunc.name, text, place)
        elif kfunc.tagged is False:
            text = "registered, but BTF does not tag it as a kfunc: tools that list kfuncs miss it"
            yield Finding("untagged", NOTE, kfunc.name, text, place)


def find_full_hooks(decider: Decider) -> Iterator[Finding]:
    """Return hooks that overflow or are near the limits of kfuncs and filters."""
    decision = decider.facts.decision
    for owner, problem in sorted(decider.tables.freed.items()):
        text = f"registration fails, and all kfuncs of {owner} with it: {problem}"
        yield Finding("hook_limit", DEFECT, owner, text, decision.places)
    for (owner, name), hook in sorted(decider.tables.hooks.items()):
        for count, limit, what in (
            (hook.count, decision.set_limit, "kfunc entries"),
            (len(hook.filters), decision.filter_limit, "filters"),
        ):
            if limit and name != FMODRET_HOOK and NEAR <= count / limit <= 1:
                subject = f"{name.removeprefix('BTF_KFUNC_HOOK_')} of {owner}"
                text = f"{count} of {limit} {what} in use"
                yield Finding("hook_limit", WARNING, subject, text, decision.places)


def find_hidden(facts: KernelFacts, everything: KernelFacts) -> Iterator[Finding]:
    """Return kfuncs that a kernel lacks and the same tree has with every option on."""
    have = {item.name for item in facts.kfuncs}
    conditions: dict[str, set[str]] = {}
    for kfunc_set in everything.sets:
        for entry in kfunc_set.entries:
            conditions.setdefault(entry.kfunc, set()).add(entry.condition or kfunc_set.place.file)
    for kfunc in everything.kfuncs:
        if kfunc.name not in have:
            why = ", ".join(sorted(conditions.get(kfunc.name, set()))) or "its file"
            text = f"left out by this configuration ({why})"
            place = (kfunc.place,) if kfunc.place else ()
            yield Finding("hidden_by_option", NOTE, kfunc.name, text, place)


def find_not_understood(decider: Decider) -> Iterator[Finding]:
    """Return the constructs that extraction named instead of guessing."""
    for item in decider.facts.not_understood:
        yield Finding("not_understood", WARNING, item.construct, item.text, (item.place,))
