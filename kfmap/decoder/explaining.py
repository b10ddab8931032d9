"""Explain messages: each kind has its function in `answers`; here they come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kfmap.decoder.answers.attaching import ATTACHING
from kfmap.decoder.answers.calls import CALLS
from kfmap.decoder.answers.loading import LOADING
from kfmap.decoder.answers.places import PLACES
from kfmap.decoder.answers.scheduler import SCHEDULER
from kfmap.decoder.answers.structures import STRUCTURES
from kfmap.decoder.answers.symbols import SYMBOLS
from kfmap.decoder.asked import Asked, Explanation
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage

Answer = Callable[[LogMessage, Asked], Explanation]

ANSWERS: dict[Kind, Answer] = {
    **CALLS,
    **SYMBOLS,
    **STRUCTURES,
    **PLACES,
    **ATTACHING,
    **SCHEDULER,
    **LOADING,
}


def explain(message: LogMessage, asked: Asked, remark: str = "") -> Explanation:
    """Return why a message was said, and what to do instead.

    `remark` says for which kernel, where that is not the one the log names; it goes into answers
    that depend on the kernel.
    """
    found = ANSWERS[message.kind](message, asked)
    if remark and found.of_kernel:
        found = replace(found, because=f"{found.because.removesuffix('.')} ({remark}).")
    return found
