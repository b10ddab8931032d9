"""What follows from facts alone is worked out once: keyed by the facts' hash, so never stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from kfmap.catalogue.store import LoadedKernel

P = ParamSpec("P")
T = TypeVar("T")
_KEPT = 256


def once_per_facts(
    work: Callable[Concatenate[LoadedKernel, P], T],
) -> Callable[Concatenate[LoadedKernel, P], T]:
    """Keep the latest results of a function of kernels (and of further hashable arguments)."""
    kept: OrderedDict[Hashable, T] = OrderedDict()
    lock = Lock()

    @wraps(work)
    def recall(kernel: LoadedKernel, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = tuple(_identify(item) for item in (kernel, *args, *kwargs.items()))
        with lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        result = work(kernel, *args, **kwargs)
        with lock:
            kept[key] = result
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        return result

    return recall


def _identify(argument: object) -> Hashable:
    if isinstance(argument, LoadedKernel):
        return argument.name, argument.facts_hash
    assert isinstance(argument, Hashable)
    return argument
