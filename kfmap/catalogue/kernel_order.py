"""The order of kernels wherever they are listed: newest first, a plain build before its flavours.

It is for lists alone: no answer depends on the number of a version. Knows no Django.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar

_RELEASE = re.compile(r"v?(\d+(?:\.\d+)*)(?:-rc(\d+))?(.*)", re.DOTALL)
_PARTS, _DIGITS = 4, 6  # 7.3.4.1 at most, each number below a million
_NO_CANDIDATE = 10**_DIGITS - 1  # a release comes after its candidates


class OrderedKernel(Protocol):
    """What places a kernel in a list."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...


K = TypeVar("K", bound=OrderedKernel)


def newest_first(kernels: Iterable[K]) -> list[K]:
    """Return the kernels as lists show them: 7.3, 7.3-all, 7.2, 7.2-rc4."""
    by_name = sorted(kernels, key=lambda kernel: kernel.name)
    return sorted(by_name, key=release_key, reverse=True)


def oldest_first(kernels: Iterable[K]) -> list[K]:
    """Return the kernels the other way round, as what follows releases through time wants them."""
    return newest_first(kernels)[::-1]


def release_key(kernel: OrderedKernel) -> str:
    """Return digits that sort kernels by age in any collation, the plain build of a release last.

    The name says which release it is, the version only where the name does not begin with a number.
    """
    found = _RELEASE.match(kernel.name) or _RELEASE.match(kernel.version)
    if found is None:
        return "0" * (_DIGITS * (_PARTS + 1) + 1)
    numbers = [int(part[-_DIGITS:]) for part in found[1].split(".")][:_PARTS]
    numbers += [0] * (_PARTS - len(numbers))
    numbers.append(int(found[2][-_DIGITS:]) if found[2] else _NO_CANDIDATE)
    plain = found.string == kernel.name and not found[3]
    return "".join(f"{number:0{_DIGITS}}" for number in numbers) + str(int(plain))
