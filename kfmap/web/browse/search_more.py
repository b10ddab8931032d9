"""What search finds beside names: flags, prototypes, section names, options, misspellings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from kfmap.catalogue.rows.name_index import NameIndex
from kfmap.catalogue.rows.names import NameKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.asking import find_contexts
from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError
from kfmap.permission.context_words import render_context
from kfmap.permission.near_names import find_near
from kfmap.permission.section_names import render_section_name
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.links import context_url

_MOST_CONTEXTS = 12
_NEAR = 5


@dataclass(frozen=True, slots=True)
class SectionHit:
    """A context that a section name stands for on the newest kernel that has it."""

    section: str
    name: str
    kernel: str
    url: str


def find_by_flag(names: NameIndex, words: Sequence[str]) -> dict[str, int]:
    """Return the kfuncs that have a flag for each word: `KF_RCU`, `kf_sleepable`."""
    flags = [word.upper() for word in words]
    if not flags or not all(flag.startswith("KF_") for flag in flags):
        return {}
    first, *rest = (_find_flag(names, flag) for flag in flags)
    for other in rest:
        first = {name: both for name in first if (both := first[name] & other.get(name, 0))}
    return first


def _find_flag(names: NameIndex, start: str) -> dict[str, int]:
    return names.find(NameKind.HAS_FLAG, lambda item: item.detail.startswith(start))


def find_by_prototype(names: NameIndex, words: Sequence[str]) -> dict[str, int]:
    """Return the kfuncs whose prototype has every word, though their name has not."""
    low = [word.lower() for word in words]
    return names.find(
        NameKind.HAS_PROTOTYPE,
        lambda item: (
            all(word in item.detail.lower() for word in low)
            and not all(word in item.name for word in low)
        ),
    )


def find_by_option(names: NameIndex, words: Sequence[str]) -> dict[str, int]:
    """Return the kfuncs that options decide which have every word in their name.

    The kernels are those that have the kfunc.
    """
    low = [word.upper() for word in words]
    if not any(word.startswith("CONFIG") for word in low):
        return {}
    decided = names.find(NameKind.HAS_OPTION, lambda item: all(word in item.detail for word in low))
    return names.find(NameKind.KFUNC, lambda item: item.name in decided)


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
