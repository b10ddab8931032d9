"""What a booted kernel did with a call while a scheduler ran on it, for the page of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from kfmap.catalogue.agreement import load_agreements
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.models import Kernel
from kfmap.permission.context import Context
from kfmap.probe.run_time_evidence import OPS, RunTimeAnswer, RunTimeWord, read_run_time


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that a scheduler made on the kernel `release`, and the day (ISO 8601).

    `message` is what the scheduler was ended with, "" for nothing.
    """

    release: str
    asked: str
    message: str
    stops: bool


def find_call(row: Kernel, context: Context, kfunc: str) -> MadeCall | None:
    """Return what came of a call from an op, None where none was made on this very kernel."""
    agreement = load_agreements().get(row.name)
    if row.source != Kernel.Source.BUNDLED or agreement is None or context.struct_ops != OPS:
        return None
    answer = _answers(row.name).get((context.member or "", kfunc))
    if answer is None or answer.word == RunTimeWord.UNDRIVEN:
        return None
    stops = answer.word == RunTimeWord.STOPS
    message = "" if stops else answer.message
    return MadeCall(agreement.release, agreement.asked, message, stops)


@cache  # of the few bundled kernels with masks
def _answers(name: str) -> Mapping[tuple[str, str], RunTimeAnswer]:
    data = next((item.read_calls() for item in find_bundled() if item.name == name), None)
    answers = read_run_time(data).answers if data else ()
    return {(answer.op, answer.kfunc): answer for answer in answers}
