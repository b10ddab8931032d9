"""What search finds beside names: flags, prototypes, section names, options, misspellings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.asking import find_contexts
from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError
from kfmap.permission.context_words import render_context
from kfmap.permission.section_names import render_section_name
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.links import context_url
from kfmap.web.shared.not_found import find_near
from kfmap.web.shared.once_per_facts import once_per_facts

_OPTION = re.compile(r"CONFIG_\w+")
_MOST_CONTEXTS = 12
_NEAR = 5


@dataclass(frozen=True, slots=True)
class SectionHit:
    """A context that a section name stands for on the newest kernel that has it."""

    section: str
    name: str
    kernel: str
    url: str


def find_helpers(kernel: LoadedKernel, words: Sequence[str]) -> Iterator[str]:
    """Return the helpers with every word in their name."""
    low = [word.lower() for word in words]
    for name in kernel.decider.helpers.names:
        if all(word in name for word in low):
            yield name


def find_by_flag(kernel: LoadedKernel, words: Sequence[str]) -> Iterator[str]:
    """Return the kfuncs that have a flag for each word: `KF_RCU`, `kf_sleepable`."""
    flags = [word.upper() for word in words]
    if flags and all(flag.startswith("KF_") for flag in flags):
        for kfunc, has in _flags(kernel).items():
            if all(any(item.startswith(flag) for item in has) for flag in flags):
                yield kfunc


@once_per_facts
def _flags(kernel: LoadedKernel) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kfunc_set in kernel.facts.sets:
        for entry in kfunc_set.entries:
            if entry.kfunc in kernel.decider.kfuncs:
                found.setdefault(entry.kfunc, set()).update(entry.flags)
    return {name: frozenset(flags) for name, flags in found.items()}


def find_by_prototype(kernel: LoadedKernel, words: Sequence[str]) -> Iterator[str]:
    """Return the kfuncs whose prototype has every word, though their name has not."""
    low = [word.lower() for word in words]
    for kfunc in kernel.facts.kfuncs:
        text = kfunc.prototype.lower()
        if all(word in text for word in low) and not all(word in kfunc.name for word in low):
            yield kfunc.name


def find_by_option(kernel: LoadedKernel, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return (option, kfunc) for the options that have every word in their name."""
    low = [word.upper() for word in words]
    for option, kfuncs in list_options(kernel).items():
        if all(word in option for word in low):
            yield from ((option, kfunc) for kfunc in kfuncs)


@once_per_facts
def list_options(kernel: LoadedKernel) -> dict[str, tuple[str, ...]]:
    """Return what an option decides: entries under an #if of it, and what it leaves out."""
    found: dict[str, dict[str, None]] = {}
    for kfunc_set in kernel.facts.sets:
        for entry in kfunc_set.entries:
            for option in _OPTION.findall(entry.condition):
                found.setdefault(option, {})[entry.kfunc] = None
    for left in kernel.facts.left_out or ():
        for option in left.options:
            found.setdefault(option, {})[left.name] = None
    return {option: tuple(names) for option, names in found.items()}


def find_sections(kernels: Iterable[LoadedKernel], text: str) -> list[SectionHit]:
    """Return the contexts that a section name, or another name of a context, stands for."""
    for kernel in kernels:
        try:
            contexts = find_contexts(text, kernel.facts)
        except ContextError:
            continue
        return [_section_hit(kernel, context) for context in contexts[:_MOST_CONTEXTS]]
    return []


def _section_hit(kernel: LoadedKernel, context: Context) -> SectionHit:
    """Lead to the page of the context, or to the question where only a question can be asked."""
    name = render_context(context)
    if context.struct_ops or name in load_cells(kernel).columns:
        url = context_url(kernel.name, context)
    else:
        url = f"{reverse('can-call')}?{urlencode({'kernel': kernel.name, 'context': name})}"
    return SectionHit(render_section_name(context), name, kernel.name, url)


def find_misspelt(names: Iterable[str], query: str) -> list[str]:
    """Return names that are spelt much like the query."""
    return find_near(query, names, _NEAR)
