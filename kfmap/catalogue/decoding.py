"""Decode a log with the kernels of the map: each message for the kernel that the log names.

Knows no Django: commands decode with bundled kernels, pages with rows of the map.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kfmap.catalogue.kernel_names import NamedKernel, find_by_any_name, find_line, find_newest
from kfmap.decoder.asked import Asked
from kfmap.decoder.explaining import explain
from kfmap.decoder.reading import Reading, read_log
from kfmap.decoder.report import Decoded
from kfmap.permission.outcome import OutcomeJudge

K = TypeVar("K", bound=NamedKernel)

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Decoding:
    """A log's messages with their answers, and the map's kernels that they are answered for."""

    reading: Reading
    decoded: tuple[Decoded, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        """Return the names of the kernels that answers are for, in the order of the messages."""
        return tuple(dict.fromkeys(item.kernel for item in self.decoded))


@dataclass(frozen=True, slots=True)
class Chosen(Generic[K]):
    """The kernel to answer for. `remark`: what a reader has to know of the choice, or ""."""

    kernel: K
    remark: str = ""


def decode_log(
    text: str, kernels: Sequence[K], judge_of: Callable[[K], OutcomeJudge], asked: K | None = None
) -> Decoding:
    """Decode a log. `kernels` are oldest first and not empty; `asked` goes before what it names."""
    reading = read_log(text)
    return Decoding(reading, tuple(_decode(reading, kernels, judge_of, asked)))


def _decode(
    reading: Reading,
    kernels: Sequence[K],
    judge_of: Callable[[K], OutcomeJudge],
    asked: K | None,
) -> Iterator[Decoded]:
    chosen: dict[str | None, Chosen[K]] = {}
    for message in reading.messages:
        release = message.kernel
        if release not in chosen:
            chosen[release] = Chosen(asked) if asked else choose_kernel(kernels, release)
        choice = chosen[release]
        subject = Asked(judge_of(choice.kernel))
        found = explain(message, subject, choice.remark)
        yield Decoded(message, found, choice.kernel.name, is_asked=asked is not None)


def choose_kernel(kernels: Sequence[K], release: str | None) -> Chosen[K]:
    """Return the kernel of the map for a release as a log names it, the newest where it does not.

    A release that the map has not is answered for by another of the same series, else by the
    newest older one: which facts to show is all that numbers decide here. Raises ValueError where
    there are no kernels.
    """
    newest = find_newest(kernels)
    if newest is None:
        raise ValueError("there is no kernel to answer for")
    if release is None:
        text = f"answered for {newest.name}, the newest kernel of the map: the log names none"
        return Chosen(newest, text)
    exact = find_by_any_name(kernels, release)
    if exact:
        return Chosen(exact)
    near = _find_near(kernels, release) or newest
    return Chosen(near, f"answered for {near.name} of the map, {near.version}: not for {release}")


def _find_near(kernels: Sequence[K], release: str) -> K | None:
    wanted = _series(release)
    if wanted is None:
        return None
    known = [
        (series, kernel)
        for kernel in find_line(kernels)
        if (series := _series(kernel.version)) is not None
    ]
    older = [kernel for series, kernel in known if series <= wanted]
    return older[-1] if older else next((kernel for _, kernel in known), None)


def _series(release: str) -> tuple[int, int] | None:
    found = _NUMBERS.match(release)
    return (int(found[1]), int(found[2])) if found else None
