"""From which release to which a kfunc changed its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kfmap.catalogue.kernel_names import find_line
from kfmap.catalogue.models import FunctionRow
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.keep import KeptRows
from kfmap.catalogue.rows.read import FunctionOn
from kfmap.permission.renamed_pairs import pair_renamed

_KEPT = 1024  # pairs of kernels: few names each
_lately: Recent[tuple[int, int], tuple[tuple[str, str], ...]] = Recent(_KEPT)


@dataclass(frozen=True, slots=True)
class Renaming:
    """Two names of one kfunc, of which one went when the other came."""

    old: str
    new: str
    before: str
    after: str


def find_renamings(everywhere: Sequence[FunctionOn], name: str) -> list[Renaming]:
    """Return the renamings of a kfunc, between kernels that people run; these are newest first."""
    line = {kernel.name for kernel in find_line([on.kernel for on in reversed(everywhere)])}
    released = [on for on in reversed(everywhere) if on.kernel.name in line]
    return [
        Renaming(old, new, before.kernel.name, after.kernel.name)
        for before, after in pairwise(released)
        if before.is_kfunc != after.is_kfunc
        for old, new in _pair(before.kept, after.kept)
        if name in (old, new)
    ]


def _pair(before: KeptRows, after: KeptRows) -> tuple[tuple[str, str], ...]:
    key = before.id, after.id
    known = _lately.get(key) if all(key) else None  # 0: not stored
    if known is None:
        old, new = _list_prototypes(before), _list_prototypes(after)
        known = pair_renamed(old, new, old.keys() - new.keys(), new.keys() - old.keys())
        if all(key):
            _lately.put(key, known)
    return known


def _list_prototypes(kept: KeptRows) -> Mapping[str, str]:
    """Return the prototype of every kfunc of a kernel."""
    if kept.built is not None:
        functions = kept.built.functions.items()
        return {
            name: item.prototype for name, item in functions if item.kind == FunctionRow.Kind.KFUNC
        }
    rows = FunctionRow.objects.filter(of=kept.id, kind=FunctionRow.Kind.KFUNC)
    return dict(rows.values_list("name", "prototype"))
