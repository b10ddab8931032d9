"""Paste a verifier log or a sched_ext exit message: the cell, the cause, the legal places."""

from __future__ import annotations

from django.http import HttpRequest
from django.views.decorators.http import require_http_methods

from kfmap.permission.log_text import MAX_TEXT, RUN_TIME_MASK, LogMessage, parse_log
from kfmap.web.decoder.decoding import explain
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page


@require_http_methods(["GET", "HEAD", "POST"])
@map_page("decode", conditional=False)
def decode_log(request: HttpRequest, kernels: KernelMap) -> Page:
    """Show the form, and below it what the text says. Nothing of it is kept."""
    text = request.POST.get("log", "")[:MAX_TEXT]
    context: dict[str, object] = {"text": text}
    if request.method == "POST" and kernels.rows:
        messages = parse_log(text)
        name = request.POST.get("kernel", "") or _usual_kernel(kernels, messages)
        kernel = kernels.load(name)
        context |= {
            "kernel": kernels.row(name),
            "explained": [explain(kernel, message) for message in messages],
            "masked": [item.name for item in kernels.load_all() if item.facts.run_time],
            "done": True,
        }
    return Page("web/decode.html", context)


def _usual_kernel(kernels: KernelMap, messages: list[LogMessage]) -> str:
    """Return the newest kernel, for run-time masks the newest that has them."""
    if any(message.kind == RUN_TIME_MASK for message in messages):
        for kernel in reversed(list(kernels.load_all())):
            if kernel.facts.run_time:
                return kernel.name
    return str(kernels.newest)
