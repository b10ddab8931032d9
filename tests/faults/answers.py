"""Each answer to an uploader: what was asked, what came of it, and which fault there was then."""

from __future__ import annotations

import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse

from tests.faults.recovery import Fault
from tests.server.process import Browser

_BEFORE = "before the first fault"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, not what it redirects to; `status` is what went wrong where none came."""

    method: str
    path: str
    status: str
    began: float
    seconds: float


class _Stopwatch(urllib.request.BaseHandler):
    """Notes every request of an opener as its answer arrives."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers, self._began = answers, 0.0

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        self._began = time.monotonic()
        return request

    def http_response(
        self, request: urllib.request.Request, response: HTTPResponse
    ) -> HTTPResponse:
        self.note(request, str(response.status))
        return response

    def note(self, request: urllib.request.Request, status: str) -> None:
        path = request.selector.partition("?")[0]
        took = time.monotonic() - self._began
        self._answers.append(Answer(request.get_method(), path, status, self._began, took))


class TimedBrowser(Browser):
    """A browser that keeps how long each answer took, those that never came as well."""

    def __init__(self, address: str) -> None:
        """Make it with no answers yet."""
        super().__init__(address)
        self.answers_noted: list[Answer] = []
        self._stopwatch = _Stopwatch(self.answers_noted)
        self._opener.add_handler(self._stopwatch)

    def open(self, request: urllib.request.Request) -> tuple[int, str]:
        """Return status and body as a browser does, and note an answer that does not come."""
        noted = len(self.answers_noted)
        try:
            return super().open(request)
        except OSError as error:
            if len(self.answers_noted) == noted:
                self._stopwatch.note(request, str(error))
            raise


def name_phase(faults: Sequence[Fault], at: float) -> str:
    """Return which fault there was at a moment, or how long one had been gone."""
    begun = [fault for fault in faults if fault.began_at <= at]
    if not begun:
        return _BEFORE
    last = begun[-1]
    if at <= last.gone_at:
        return f"during: {last.name}"
    return f"{at - last.gone_at:.0f} s after: {last.name}"


def render_slowest(answers: Iterable[Answer], faults: Sequence[Fault], count: int) -> list[str]:
    """Return lines about the answers that took longest."""
    slowest = sorted(answers, key=lambda answer: -answer.seconds)[:count]
    return [
        f"{answer.seconds:.1f} | {answer.method} {answer.path} | {answer.status} | "
        f"{name_phase(faults, answer.began)}"
        for answer in slowest
    ]


def render_refused(refused: Iterable[tuple[float, str]], faults: Sequence[Fault]) -> list[str]:
    """Return lines that count uploads that were not accepted, by what was said and by fault."""
    counts = Counter((why, name_phase(faults, at).rpartition(": ")[2]) for at, why in refused)
    return [f"{number} | {why} | {fault}" for (why, fault), number in counts.most_common()]
