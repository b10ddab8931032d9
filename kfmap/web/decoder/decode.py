"""Paste a verifier log or a sched_ext exit message: the cell, the cause, the legal places."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from kfmap.permission.log_text import MAX_TEXT, RUN_TIME_MASK, LogMessage, parse_log
from kfmap.web.decoder.decoding import explain
from kfmap.web.shared.kernel_map import Atlas, load_atlas


@require_http_methods(["GET", "HEAD", "POST"])
def decode_log(request: HttpRequest) -> HttpResponse:
    """Show the form, and below it what the text says. Nothing of it is kept."""
    atlas = load_atlas()
    text = request.POST.get("log", "")[:MAX_TEXT]
    context: dict[str, object] = {"section": "decode", "atlas": atlas, "text": text}
    if request.method == "POST" and atlas.rows:
        messages = parse_log(text)
        name = request.POST.get("kernel", "") or _usual_kernel(atlas, messages)
        kernel = atlas.load(name)
        context |= {
            "kernel": atlas.row(name),
            "explained": [explain(kernel, message) for message in messages],
            "done": True,
        }
    return render(request, "web/decode.html", context)


def _usual_kernel(atlas: Atlas, messages: list[LogMessage]) -> str:
    """Return the newest kernel, for run-time masks the newest that has them."""
    if any(message.kind == RUN_TIME_MASK for message in messages):
        for kernel in reversed(list(atlas.load_all())):
            if kernel.facts.run_time:
                return kernel.name
    return str(atlas.newest)
