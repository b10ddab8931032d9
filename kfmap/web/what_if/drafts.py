"""Drafts that were drawn up lately: each form of a draft's page opens the same draft again."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.decide import Decider
from kfmap.permission.what_if.apply import apply_edit, apply_edits
from kfmap.permission.what_if.edits import Edit
from kfmap.permission.what_if.flips import Flip, find_flips

_NAME = "draft"
_KEPT = 8  # drafts: each has what decides on a kernel

Key = tuple[str, tuple[Edit, ...]]
_facts: Recent[Key, KernelFacts] = Recent(8 * _KEPT)  # they share most of what they hold


@dataclass(frozen=True, slots=True)
class Draft:
    """What edits make of a kernel, and the cells that they flip."""

    after: Decider
    flips: tuple[Flip, ...]

    @property
    def facts(self) -> KernelFacts:
        """Return the facts that the edits lead to."""
        return self.after.facts


_drafts: Recent[Key, Draft] = Recent(_KEPT)


def draw_up(kernel: LoadedKernel, edits: tuple[Edit, ...]) -> Draft:
    """Carry edits out. Raises EditError."""
    return _drafts.recall((kernel.facts_hash, edits), lambda: _draw_up(kernel, edits))


def _draw_up(kernel: LoadedKernel, edits: tuple[Edit, ...]) -> Draft:
    after = Decider(apply_edits(_edit(kernel, edits), (), _NAME))
    return Draft(after, find_flips(kernel.decider, after) if edits else ())


def _edit(kernel: LoadedKernel, edits: tuple[Edit, ...]) -> KernelFacts:
    """Return the facts after edits, from those after all but the last."""
    if not edits:
        return kernel.facts
    return _facts.recall(
        (kernel.facts_hash, edits), lambda: apply_edit(_edit(kernel, edits[:-1]), edits[-1])
    )
