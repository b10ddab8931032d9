"""Find the kernel of a map that evidence comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from kfmap.kernel.facts import KernelFacts
from kfmap.probe.evidence import Evidence


class HasFacts(Protocol):
    """Whatever holds the facts of a kernel."""

    @property
    def facts(self) -> KernelFacts: ...


K = TypeVar("K", bound=HasFacts)


def find_same(kernels: Sequence[K], evidence: Evidence) -> K | None:
    """Return the kernel that answered: the same BTF, else the same package, else the same release.

    A kernel of which another BTF is known is another build, whatever it calls itself.
    None where the map does not have it.
    """
    sha256 = evidence.btf_sha256
    same_types = (k for k in kernels if sha256 and k.facts.origin.btf_sha256 == sha256)
    not_known = [k for k in kernels if not (sha256 and k.facts.origin.btf_sha256)]
    return next(same_types, None) or find_release(not_known, evidence.release)


def find_release(kernels: Sequence[K], release: str) -> K | None:
    """Return the kernel that calls itself `release`: the same package, else the same release.

    None where the map does not have it.
    """
    named = re.compile(rf"(?<![\w.]){re.escape(release)}(?![\w.+~-])")
    tests: tuple[Callable[[KernelFacts], object], ...] = (
        lambda facts: named.search(facts.origin.label),
        lambda facts: facts.version == release,
    )
    for is_same in tests:
        for kernel in kernels:
            if is_same(kernel.facts):
                return kernel
    return None
