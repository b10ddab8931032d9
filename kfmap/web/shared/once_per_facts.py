"""What follows from facts alone is worked out once: keyed by the facts' hash, so never stale."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel

P = ParamSpec("P")
T = TypeVar("T")
_KEPT = 256


def once_per_facts(
    work: Callable[Concatenate[LoadedKernel, P], T],
) -> Callable[Concatenate[LoadedKernel, P], T]:
    """Keep the latest results of a function of kernels (and of further hashable arguments)."""
    kept: Recent[Hashable, tuple[T]] = Recent(_KEPT)  # tuples: a result may be None

    @wraps(work)
    def recall(kernel: LoadedKernel, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = tuple(_identify(item) for item in (kernel, *args, *kwargs.items()))
        return kept.recall(key, lambda: (work(kernel, *args, **kwargs),))[0]

    return recall


def _identify(argument: object) -> Hashable:
    if isinstance(argument, LoadedKernel):
        return argument.name, argument.facts_hash
    assert isinstance(argument, Hashable)
    return argument
