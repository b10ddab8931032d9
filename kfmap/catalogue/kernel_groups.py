"""Group kernels for lists: by series, distribution, architecture and flavour, where there are many.

A kernel is described by its label and its name, as people write them: `Debian
linux-image-6.12.107+deb13-rt-arm64`. Knows no Django.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kfmap.catalogue.kernel_names import K, NamedKernel, series_of

MOST_UNGROUPED = 12
Row = TypeVar("Row")
_DISTRIBUTIONS = {
    "debian": "Debian",
    "deb": "Debian",
    "bpo": "Debian",
    "ubuntu": "Ubuntu",
    "fedora": "Fedora",
    "fc": "Fedora",
    "rhel": "RHEL",
    "red": "RHEL",
    "el": "RHEL",
    "centos": "CentOS",
    "suse": "SUSE",
    "opensuse": "SUSE",
    "sles": "SUSE",
    "arch": "Arch",
    "android": "Android",
}
_ARCHITECTURES = {
    "amd64": "x86",
    "x86": "x86",
    "64bit": "x86",
    "arm64": "arm64",
    "aarch64": "arm64",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "ppc64el": "ppc64el",
    "ppc64le": "ppc64el",
    "powerpc64le": "ppc64el",
    "loong64": "loong64",
    "loongarch64": "loong64",
}
_FLAVOURS = frozenset(
    ("rt", "cloud", "16k", "64k", "lowlatency", "generic", "aws", "azure", "gcp", "debug", "zen")
)
_WORD = re.compile(r"[a-z]+64(?:[a-z]+)?|x86|s390x|\d+k\b|[a-z]+")


@dataclass(frozen=True, slots=True, order=True)
class Family:
    """What kernels of a group have in common; "" is not known, or the usual."""

    series: str
    distribution: str
    architecture: str
    flavour: str

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.series, *self._rest)))

    @property
    def _rest(self) -> tuple[str, str, str]:
        return self.distribution, self.architecture, self.flavour


@dataclass(frozen=True, slots=True)
class KernelGroup(Generic[Row]):
    """Kernels of one family; `title` is "" where all kernels are one group."""

    title: str
    rows: tuple[Row, ...]


def find_family(kernel: NamedKernel) -> Family:
    """Return the family of a kernel, as far as its name and label tell."""
    words = _WORD.findall(f"{kernel.label} {kernel.name} {kernel.version}".lower())
    distribution = next((_DISTRIBUTIONS[word] for word in words if word in _DISTRIBUTIONS), "")
    architecture = next((_ARCHITECTURES[word] for word in words if word in _ARCHITECTURES), "")
    flavour = next((word for word in words if word in _FLAVOURS), "")
    if kernel.name.endswith("-all") or "every option on" in kernel.label:
        flavour = "every option"
    return Family(series_of(kernel), distribution, architecture, flavour)


def group_kernels(kernels: Sequence[K]) -> list[KernelGroup[K]]:
    """Return the kernels in groups, the newest series first; few are one group, as they come."""
    if len(kernels) <= MOST_UNGROUPED:
        return [KernelGroup("", tuple(kernels))]
    groups: dict[Family, list[K]] = {}
    for kernel in kernels:
        groups.setdefault(find_family(kernel), []).append(kernel)
    newest_first = sorted(groups, key=lambda family: _numbers(family.series), reverse=True)
    return [KernelGroup(str(family), tuple(groups[family])) for family in newest_first]


def _numbers(series: str) -> list[int]:
    return [int(part) for part in series.split(".") if part.isdigit()]
