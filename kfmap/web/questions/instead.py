"""What to try instead of a call that does not work, each with the address of its answer."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.answers import Answer
from kfmap.permission.context_text import ContextError, parse_context
from kfmap.permission.instead import WORKQUEUE
from kfmap.permission.section_names import render_section_name
from kfmap.web.shared.links import question_url

_WORKQUEUE_KFUNC = "bpf_wq_init"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A context, a kfunc or a workqueue; `section`: the section name of a context, "" if none."""

    kind: str  # "context", "kfunc", "workqueue"
    name: str
    url: str
    section: str = ""


def list_suggestions(kernel: LoadedKernel, answer: Answer) -> list[Suggestion]:
    """Return the suggestions of an answer, nearest first."""
    return [_suggest(kernel, answer, name) for name in answer.outcome.instead]


def _suggest(kernel: LoadedKernel, answer: Answer, name: str) -> Suggestion:
    if name == WORKQUEUE:
        return Suggestion("workqueue", name, reverse("kfunc", args=[kernel.name, _WORKQUEUE_KFUNC]))
    if name in kernel.decider.kfuncs:
        return Suggestion("kfunc", name, question_url(kernel.name, answer.context_name, name))
    url = question_url(kernel.name, name, answer.kfunc)
    try:
        section = render_section_name(parse_context(name, kernel.facts))
    except ContextError:
        section = ""
    return Suggestion("context", name, url, section)
