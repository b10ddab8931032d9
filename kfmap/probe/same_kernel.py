"""Find the kernel of a map that evidence comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from kfmap.kernel.facts import KernelFacts
from kfmap.probe.evidence import Evidence


class HasFacts(Protocol):
    """Whatever holds the facts of a kernel."""

    @property
    def facts(self) -> KernelFacts: ...


K = TypeVar("K", bound=HasFacts)


def find_same(kernels: Sequence[K], evidence: Evidence, builds: Mapping[str, str]) -> K | None:
    """Return the kernel that answered: the same BTF, build, package or else release.

    `builds` has the names of kernels by the build ids of their images. A kernel of which another
    BTF or build id is known is another build, whatever it calls itself.
    None where the map does not have it.
    """
    sha256, build_id = evidence.btf_sha256, evidence.build_id
    not_known = []
    for kernel in kernels:
        known_sha256 = kernel.facts.origin.btf_sha256
        if sha256 and known_sha256:
            if sha256 == known_sha256:
                return kernel
        else:
            not_known.append(kernel)
    built = builds.get(build_id)
    if same_build := next((k for k in not_known if k.facts.name == built), None):
        return same_build
    others = [k for k in not_known if not (build_id and k.facts.name in builds.values())]
    return find_release(others, evidence.release)


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
