"""A decoded message as the page shows it: with links to the cell, its context, kfunc and rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel
from kfmap.decoder.kinds import MEANINGS, Kind
from kfmap.decoder.reading import LogMessage
from kfmap.decoder.report import Decoded, say_source, say_where
from kfmap.permission.context_text import ContextError, parse_context
from kfmap.permission.context_words import render_context
from kfmap.permission.instead import say_suggestion
from kfmap.permission.outcome_words import TITLES
from kfmap.web.shared.links import context_url, place_url, question_url

_PLACE = re.compile(r" \(([\w./+-]{1,200}):(\d{1,7})\)")
_AT_RUN_TIME = (Kind.RUN_TIME_MASK, Kind.NESTED, Kind.FOREIGN_TASK)
_NO_VERDICT = (Kind.VERIFIER, Kind.UNRECOGNISED, Kind.LOAD_FAILED, Kind.SCX_EXIT)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do instead; `url` is the page of the context or kfunc that it is, or ""."""

    text: str
    url: str


@dataclass(frozen=True)
class ShownMessage:
    """A message, answered for `kernel`."""

    decoded: Decoded
    kernel: LoadedKernel

    @property
    def message(self) -> LogMessage:
        """Return the message itself."""
        return self.decoded.message

    @property
    def meaning(self) -> str:
        """Return what messages of this kind are about."""
        return MEANINGS[self.message.kind]

    @property
    def style(self) -> str:
        """Return the class of the frame: refused, fails, or unknown."""
        kind = self.message.kind
        if kind in _NO_VERDICT:
            return "unknown"
        return "fails" if kind in _AT_RUN_TIME or kind.value.startswith("scx_") else "refused"

    @property
    def where(self) -> str:
        """Return what the log tells of the place."""
        return say_where(self.message)

    @property
    def source(self) -> str:
        """Return the source line that the message is about."""
        return say_source(self.message)

    @property
    def outcome(self) -> str:
        """Return the outcome of the cell for people, "" where the answer is about no cell."""
        word = self.decoded.explanation.outcome
        return TITLES[word] if word else ""

    @cached_property
    def because(self) -> tuple[str, str, str, str]:
        """Return the reason: the text, the place in it and that place's page, the text after."""
        text = self.decoded.explanation.because
        found = _PLACE.search(text)
        if not found:
            return text, "", "", ""
        file, line = found.groups()
        url = place_url(self.kernel, file, int(line))
        return text[: found.start()], f"{file}:{line}", url, text[found.end() :]

    @property
    def kfunc_url(self) -> str:
        """Return the page of the kfunc, "" where this kernel has none of the name."""
        name = self.message.kfunc
        known = bool(name) and name in self.kernel.decider.kfuncs
        return reverse("kfunc", args=[self.kernel.name, name]) if known else ""

    @property
    def context_name(self) -> str:
        """Return the short name of the context, "" where the log does not tell it."""
        context = self.decoded.explanation.context
        return render_context(context) if context else ""

    @property
    def context_url(self) -> str:
        """Return the page of the context."""
        context = self.decoded.explanation.context
        return context_url(self.kernel.name, context) if context else ""

    @property
    def cell_url(self) -> str:
        """Return the page that answers for the cell, "" where the message is about none."""
        if not (self.context_name and self.kfunc_url):
            return ""
        return question_url(self.kernel.name, self.context_name, self.message.kfunc or "")

    @cached_property
    def _instead(self) -> list[Step]:
        return [
            Step(say_suggestion(text), self._find_page(text))
            for text in self.decoded.explanation.instead
        ]

    @property
    def places(self) -> list[Step]:
        """Return the contexts and kfuncs to take instead: what has a page."""
        return [step for step in self._instead if step.url]

    @property
    def steps(self) -> list[Step]:
        """Return what else to do."""
        return [step for step in self._instead if not step.url]

    def _find_page(self, text: str) -> str:
        if text in self.kernel.decider.kfuncs:
            return reverse("kfunc", args=[self.kernel.name, text])
        if " " in text or "(" in text:
            return ""
        try:
            context = parse_context(text, self.kernel.facts)
        except ContextError:
            return ""
        kfunc = self.message.kfunc
        if kfunc and self.kfunc_url:
            return question_url(self.kernel.name, text, kfunc)
        return context_url(self.kernel.name, context)
