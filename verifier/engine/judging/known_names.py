"""Names that some kernel of the map has: what none has, only a module from elsewhere can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfmap.kernel.facts import VMLINUX, KernelFacts


@dataclass(frozen=True, slots=True)
class KnownNames:
    """`kfuncs`: by name, the modules that have it on some kernel, none for those of vmlinux."""

    kfuncs: Mapping[str, tuple[str, ...]]
    struct_ops: frozenset[str]


def collect_names(kernels: Iterable[KernelFacts]) -> KnownNames:
    """Return the names that any of the kernels has."""
    kfuncs: dict[str, set[str]] = {}
    struct_ops: set[str] = set()
    for facts in kernels:
        for kfunc in facts.kfuncs:
            kfuncs.setdefault(kfunc.name, set()).add(kfunc.owner)
        for name in facts.observed_kfuncs:
            kfuncs.setdefault(name, set()).add(VMLINUX)
        struct_ops.update(ops.name for ops in facts.struct_ops)
    owners = {name: tuple(sorted(found - {VMLINUX})) for name, found in kfuncs.items()}
    return KnownNames(owners, frozenset(struct_ops))
