"""The question "Can I call it?": answers, and the names to complete it with."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from kfmap.catalogue.questions import QueryError
from kfmap.permission.answer_json import plain_answer, plain_question, say_because
from kfmap.web.questions.answer import AnswerPage, answer_question
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.links import question_url
from kfmap.web.shared.page import Page, is_fragment, kernel_page, map_page


@map_page()
def show_answer(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Answer a question, or say what is missing from it."""
    context = answer_request(request, kernels)
    answer = context.get("answer")
    if isinstance(answer, AnswerPage) and request.GET.get("format"):
        return _export(request.GET["format"], answer)
    template = "web/answer.html" if is_fragment(request) else "web/can_call.html"
    return Page(template, context)


@kernel_page()
def list_names(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Return the kfuncs, helpers and contexts of a kernel, for completion."""
    cells = load_cells(this.loaded)
    helpers = this.loaded.decider.helpers.names
    names = {"kfuncs": cells.matrix.kfuncs, "helpers": helpers, "contexts": cells.names}
    return JsonResponse({"version": 1, **names})


def answer_request(request: HttpRequest, kernels: KernelMap) -> dict[str, object]:
    """Return the question that an address holds, and its answer or what is wrong with it."""
    asked = {key: request.GET.get(key, "").strip() for key in ("kernel", "context", "kfunc")}
    context: dict[str, object] = {"asked": asked, "chosen": kernels.newest}
    if not kernels.rows:
        return context
    asked["kernel"] = asked["kernel"] or str(kernels.newest)
    context["chosen"] = kernels.row(asked["kernel"])
    if not asked["context"] or not asked["kfunc"]:
        return context
    try:
        answer = answer_question(kernels, asked["kernel"], asked["context"], asked["kfunc"])
    except QueryError as error:
        return context | _explain(error, asked)
    context["near"] = [
        (name, question_url(answer.kernel.name, answer.context_name, name)) for name in answer.near
    ]
    return context | {"answer": answer}


def _explain(error: QueryError, asked: dict[str, str]) -> dict[str, object]:
    text = str(error)
    candidates = [
        (name, question_url(asked["kernel"], name, asked["kfunc"])) for name in error.candidates
    ]
    if not text.startswith(asked["context"]):  # a name is written as it was asked for
        text = text[:1].upper() + text[1:]
    return {"problem": f"{text}.", "candidates": candidates}


def _export(chosen: str, page: AnswerPage) -> HttpResponse:
    outcome = page.answer.outcome
    if chosen == "json":
        body: dict[str, Any] = {
            "version": 1,
            **plain_question(page.kernel.name, page.answer, page.kernel.facts.origin.estimate),
            **plain_answer(outcome),
        }
        return JsonResponse(body, json_dumps_params={"indent": 1})
    asked = (page.kernel.name, page.context_name, page.kfunc, outcome.outcome)
    because = say_because(outcome.because)
    more = (" ".join(outcome.needs), because, " ".join(outcome.instead), outcome.verdict.verdict)
    rows = [(*asked, *more, item.text, item.where) for item in outcome.verdict.reasons]
    columns = (
        *("kernel", "context", "kfunc", "outcome", "needs", "because", "instead", "verdict"),
        *("reason", "place"),
    )
    return export_table(chosen, Table(f"{page.kernel.name} {page.kfunc}", columns, rows))
