"""Names that some kernel of the map has: what none has, only a module from elsewhere can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kfmap.kernel.facts import VMLINUX
from kfmap.kernel.facts_json import FactsOutline
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class KnownNames:
    """`kfuncs`: by name, the modules that have it on some kernel, none for those of vmlinux."""

    kfuncs: Mapping[str, tuple[str, ...]]
    struct_ops: frozenset[str]


def collect_names(kernels: Iterable[FactsOutline]) -> KnownNames:
    """Return the names that any of the kernels has."""
    kfuncs: dict[str, set[str]] = {}
    struct_ops: set[str] = set()
    for names in kernels:
        for kfunc in names.kfuncs:
            kfuncs.setdefault(kfunc.name, set()).add(kfunc.owner)
        for name in names.observed_kfuncs:
            kfuncs.setdefault(name, set()).add(VMLINUX)
        struct_ops.update(names.struct_ops)
    owners = {name: tuple(sorted(found - {VMLINUX})) for name, found in kfuncs.items()}
    return KnownNames(owners, frozenset(struct_ops))
