"""Work in several processes that are copies of this one: items → results, in their order.

The copies are made by fork(2): they have all that was loaded, and start in a few milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from kfmap.quick_dataclass import dataclass
from verifier.engine.confinement import libc

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_PR_SET_PDEATHSIG = 1  # prctl(2)
_AHEAD = 16  # items handed out beyond those at work: one that takes long holds up no process
_BYTES_AHEAD = 32 << 20  # of these items

# What a process was made for. It is set in the copies only, where it is part of what they share.
_work: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Lost(Generic[_Item]):
    """The process that worked on an item ended before it answered."""

    item: _Item


def work_in_processes(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    processes: int,
    size: Callable[[_Item], int] = lambda item: 0,
) -> Iterator[_Result | Lost[_Item]]:
    """Return what `work` gives for each item; items and results are pickled, `work` is not.

    When a process is killed, what was handed out and not answered is done again, each item in a
    process of its own, so that only the item that kills it is lost. Where no process can be
    started the work is done in this one. `size`: bytes of an item.

    Raises what `work` raises.
    """
    rest = iter(items)
    first = list(islice(rest, processes))
    rest = chain(first, rest)
    processes = max(len(first), 1)
    try:
        workers = _Workers(work, processes)
    except (OSError, ImportError):  # too many processes; no semaphores, in some containers
        yield from map(work, rest)
        return
    handed_out: deque[tuple[_Item, Future[_Result]]] = deque()
    try:
        while True:
            for item in _as_many_as_fit(rest, handed_out, processes + _AHEAD, size):
                handed_out.append((item, workers.hand_out(item)))
            if not handed_out:
                return
            try:
                yield handed_out[0][1].result()
                handed_out.popleft()
            except BrokenProcessPool:
                workers.end()
                yield from _again(work, handed_out)
                handed_out.clear()
                workers = _Workers(work, processes)
    finally:
        workers.end()


def _as_many_as_fit(
    items: Iterator[_Item],
    handed_out: Collection[tuple[_Item, object]],
    room: int,
    size: Callable[[_Item], int],
) -> Iterator[_Item]:
    bytes_ahead = sum(size(item) for item, _ in handed_out)
    for _ in range(room - len(handed_out)):
        if bytes_ahead > _BYTES_AHEAD:
            return
        for item in islice(items, 1):
            bytes_ahead += size(item)
            yield item


def _again(
    work: Callable[[_Item], _Result], handed_out: Iterable[tuple[_Item, Future[_Result]]]
) -> Iterator[_Result | Lost[_Item]]:
    for item, answer in handed_out:
        try:
            yield answer.result(timeout=0)
        except (BrokenProcessPool, TimeoutError):
            yield _alone(work, item)


def _alone(work: Callable[[_Item], _Result], item: _Item) -> _Result | Lost[_Item]:
    workers = _Workers(work, 1)
    try:
        return workers.hand_out(item).result()
    except BrokenProcessPool:
        return Lost(item)
    finally:
        workers.end()


class _Workers(Generic[_Item, _Result]):
    """Copies of this process."""

    def __init__(self, work: Callable[[_Item], _Result], processes: int) -> None:
        """Start them. Raises OSError or ImportError where the system does not let them start."""
        self._pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("fork"), _begin, (work, os.getpid())
        )
        try:
            self._submit(_do_nothing)  # all are made for the first
        except OSError:
            self._kill()  # those that were made
            raise
        except KeyboardInterrupt:
            self.end()  # nobody else has this pool yet, whose thread outlives the command
            raise

    def hand_out(self, item: _Item) -> Future[_Result]:
        """Have an item worked on."""
        try:
            return self._submit(_do, item)
        except BrokenProcessPool as error:
            failed: Future[_Result] = Future()
            failed.set_exception(error)
            return failed

    def _submit(self, *task: Any) -> Future[_Result]:
        # Ctrl-C reaches every process of the terminal: the copies never see it, this one ends them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(*task)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        """End the processes at once, whatever they do."""
        self._kill()
        self._pool.shutdown(cancel_futures=True)

    def _kill(self) -> None:
        for process in multiprocessing.active_children():
            process.kill()


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    """Keep what to do, and end when the parent does, however that ends."""
    global _work  # what concurrent.futures' initializer has to put it into
    _work = work
    libc.call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _do_nothing() -> None:
    pass


def _do(item: Any) -> Any:
    return _work(item)
