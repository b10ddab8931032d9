"""What was worked out lately, kept in the process: a bounded mapping for threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the values that were used last: `size` of them, or as many as weigh `size` together."""

    def __init__(self, size: int, weigh: Callable[[V], int] = lambda value: 1) -> None:
        self._size, self._weigh, self._weight = size, weigh, 0
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()
        self.found = self.missed = 0

    def get(self, key: K) -> V | None:
        """Return a value, None if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self.found += 1
            else:
                self.missed += 1
            return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value; the one that was not used for longest makes room."""
        with self._lock:
            if key in self._kept:
                self._weight -= self._weigh(self._kept.pop(key))
            self._kept[key] = value
            self._weight += self._weigh(value)
            while self._weight > self._size:
                self._weight -= self._weigh(self._kept.popitem(last=False)[1])

    def recall(self, key: K, make: Callable[[], V]) -> V:
        """Return a value, made and kept where there is none; two threads may both make it."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._kept.clear()
            self._weight = 0
