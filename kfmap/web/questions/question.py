"""The question "Can I call it?": answers, and the names to complete it with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from kfmap.catalogue.questions import QueryError
from kfmap.permission.answer_json import plain_answer
from kfmap.web.questions.answer import Answer, answer_question, near_kfuncs
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.page import Page, is_fragment, kernel_page, map_page


@map_page()
def show_answer(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Answer a question, or say what is missing from it."""
    context = _answer(request, kernels)
    answer = context.get("answer")
    if isinstance(answer, Answer) and request.GET.get("format"):
        return _export(request.GET["format"], answer)
    template = "web/answer.html" if is_fragment(request) else "web/can_call.html"
    return Page(template, context)


@kernel_page()
def list_names(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Return the kfuncs and contexts of a kernel, for completion."""
    cells = load_cells(this.loaded)
    return JsonResponse({"version": 1, "kfuncs": cells.matrix.kfuncs, "contexts": cells.names})


def _answer(request: HttpRequest, kernels: KernelMap) -> dict[str, object]:
    asked = {key: request.GET.get(key, "").strip() for key in ("kernel", "context", "kfunc")}
    context: dict[str, object] = {"asked": asked, "chosen": kernels.newest}
    if not kernels.rows:
        return context
    asked["kernel"] = asked["kernel"] or str(kernels.newest)
    context["chosen"] = kernels.row(asked["kernel"])
    if not asked["context"] or not asked["kfunc"]:
        return context
    try:
        answer = answer_question(kernels, **_by_argument(asked))
    except QueryError as error:
        return context | {"problem": f"{str(error)[:1].upper()}{str(error)[1:]}."}
    if not answer.is_kfunc:
        context["near"] = near_kfuncs(answer.kernel, answer.kfunc)
    return context | {"answer": answer}


def _by_argument(asked: dict[str, str]) -> dict[str, str]:
    return {
        "kernel_name": asked["kernel"],
        "context_text": asked["context"],
        "kfunc": asked["kfunc"],
    }


def _export(chosen: str, answer: Answer) -> HttpResponse:
    if chosen == "json":
        body = {
            "version": 1,
            "kernel": answer.kernel.name,
            "context": answer.context_name,
            "kfunc": answer.kfunc,
            **plain_answer(answer.outcome),
        }
        return JsonResponse(body, json_dumps_params={"indent": 1})
    rows = [
        (answer.kernel.name, answer.context_name, answer.kfunc, answer.word, item.text, item.place)
        for item in (*answer.reasons, *answer.run_time)
    ]
    columns = ("kernel", "context", "kfunc", "verdict", "reason", "place")
    return export_table(chosen, Table(f"{answer.kernel.name} {answer.kfunc}", columns, rows))
