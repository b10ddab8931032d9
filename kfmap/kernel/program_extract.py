"""Extract what the loader and the verifier ask of programs: one rule module for each question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Constant, KfuncSet, NotUnderstood
from kfmap.kernel.program_facts import AttachTargets, Behaviour, IteratorSleep, SleepRule
from kfmap.kernel.rules.attach_targets import LSM_C, Listed, read_attach_targets
from kfmap.kernel.rules.behaviours import extract_behaviours, extract_lock_safe
from kfmap.kernel.rules.sleep_rules import read_sleep_rules
from kfmap.kernel.rules.targets import find_iterator_sleep


@dataclass(frozen=True, slots=True)
class Given:
    """What was read of the tree before: `files` are those of the kernel that hold something.

    `injecting`: files with ALLOW_ERROR_INJECTION() that are built; `fmodret`: the sets registered
    for fmod_ret; `has_lsm`: kernel/bpf/bpf_lsm.c is built.
    """

    program_types: tuple[Constant, ...]
    attach_types: tuple[Constant, ...]
    files: tuple[str, ...]
    injecting: tuple[str, ...]
    fmodret: tuple[KfuncSet, ...]
    has_lsm: bool


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """The part of `KernelFacts` that program_facts.py describes."""

    sleeping: tuple[SleepRule, ...]
    targets: AttachTargets | None
    iterator_sleep: tuple[IteratorSleep, ...]
    behaviours: tuple[Behaviour, ...]
    lock_safe: tuple[str, ...] | None
    problems: tuple[NotUnderstood, ...]


def extract_program_facts(code: Code, given: Given) -> ProgramFacts:
    """Return the facts about programs, and what was not understood of them."""
    sleeping, asleep = read_sleep_rules(code, given.program_types, given.attach_types)
    listed = Listed(given.injecting, given.fmodret)
    targets, unlisted = read_attach_targets(code, listed, has_lsm=given.has_lsm)
    return ProgramFacts(
        sleeping=sleeping,
        targets=targets,
        iterator_sleep=_iterators(code, given.files),
        behaviours=extract_behaviours(code),
        lock_safe=extract_lock_safe(code),
        problems=(*asleep, *unlisted),
    )


def _iterators(code: Code, files: Iterable[str]) -> tuple[IteratorSleep, ...]:
    found = (item for file in files for item in find_iterator_sleep(code, file))
    return tuple(sorted(found, key=lambda item: item.name))


__all__ = ["LSM_C", "Given", "ProgramFacts", "extract_program_facts"]
