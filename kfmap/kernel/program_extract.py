"""Extract what the loader and the verifier ask of programs: one rule module for each question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import KernelFacts, KfuncSet, NotUnderstood
from kfmap.kernel.gates import Gates
from kfmap.kernel.helper_json import write_helpers
from kfmap.kernel.program_facts import IteratorSleep, KernelPart
from kfmap.kernel.rules.attach_targets import Listed, read_attach_targets
from kfmap.kernel.rules.behaviours import extract_behaviours, extract_lock_safe
from kfmap.kernel.rules.bpf_helpers import HelperFiles, extract_helpers
from kfmap.kernel.rules.left_out import Present, find_left_out
from kfmap.kernel.rules.map_rules import read_map_refusals
from kfmap.kernel.rules.return_ranges import read_return_ranges
from kfmap.kernel.rules.run_time_checks import extract_run_time_checks
from kfmap.kernel.rules.sleep_rules import read_sleep_rules
from kfmap.kernel.rules.targets import find_iterator_sleep
from kfmap.quick_dataclass import dataclass, replace

FMODRET_HOOK = "BTF_KFUNC_HOOK_FMODRET"


@dataclass(frozen=True, slots=True)
class Files:
    """Files of the tree: those with sets, types or iterators (`marked`), and which are built.

    `injecting` have ALLOW_ERROR_INJECTION() and are built; `has_lsm`: kernel/bpf/bpf_lsm.c is.
    `helping` have prototypes of helpers or verifier operations, and are built.
    """

    marked: tuple[str, ...]
    built: tuple[str, ...]
    injecting: tuple[str, ...]
    has_lsm: bool
    helping: tuple[str, ...]


def add_program_facts(code: Code, facts: KernelFacts, files: Files, gates: Gates) -> KernelFacts:
    """Return the facts with those about programs, and with what was not understood of them."""
    sleeping, asleep = read_sleep_rules(code, facts.program_types, facts.attach_types)
    listed = Listed(files.injecting, _fmodret_sets(facts))
    targets, unlisted = read_attach_targets(code, listed, has_lsm=files.has_lsm)
    map_refusals, unmapped = read_map_refusals(code, facts.program_types)
    struct_ops = tuple((item.name, item.variable, item.place.file) for item in facts.struct_ops)
    checks, circumstances = extract_run_time_checks(
        code, facts.struct_ops, [item.name for item in facts.kfuncs]
    )
    return_ranges, unranged = read_return_ranges(
        code, facts.program_types, facts.attach_types, has_lsm=files.has_lsm
    )
    helpers, unread = extract_helpers(code, HelperFiles(files.helping, struct_ops))
    return replace(
        facts,
        sleeping=sleeping,
        targets=targets,
        iterator_sleep=_iterators(code, files.built),
        behaviours=extract_behaviours(code),
        lock_safe=extract_lock_safe(code),
        map_refusals=map_refusals,
        left_out=find_left_out(code, gates, files.marked, Present(_names(facts), files.built)),
        helpers=() if helpers is None else write_helpers(helpers),
        run_time_checks=checks,
        op_circumstances=circumstances,
        return_ranges=return_ranges,
        not_understood=sort_problems(
            (*facts.not_understood, *asleep, *unlisted, *unmapped, *unread, *unranged)
        ),
    )


def sort_problems(problems: Iterable[NotUnderstood]) -> tuple[NotUnderstood, ...]:
    """Return what was not understood, each once, by place."""
    return tuple(sorted(set(problems), key=lambda p: (p.place, p.construct, p.text)))


def _fmodret_sets(facts: KernelFacts) -> tuple[KfuncSet, ...]:
    ids = {r.set_id for r in facts.registrations if r.hook == FMODRET_HOOK}
    return tuple(item for item in facts.sets if item.id in ids)


def _names(facts: KernelFacts) -> Mapping[str, set[str]]:
    return {
        KernelPart.KFUNC: {item.name for item in facts.kfuncs},
        KernelPart.STRUCT_OPS: {item.name for item in facts.struct_ops},
        KernelPart.ITERATOR: set(facts.iterators),
        KernelPart.LSM_HOOK: set(facts.lsm_hooks),
    }


def _iterators(code: Code, files: Iterable[str]) -> tuple[IteratorSleep, ...]:
    found = (item for file in files for item in find_iterator_sleep(code, file))
    return tuple(sorted(found, key=lambda item: item.name))
