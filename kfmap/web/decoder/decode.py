"""Paste a log, or choose a file: each message with its cause, and what to do instead."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from kfmap.catalogue.decoding import Decoding, decode_log
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_row
from kfmap.decoder.report import render_json, render_text
from kfmap.permission.outcome import OutcomeJudge
from kfmap.web.decoder.given_log import read_given
from kfmap.web.decoder.samples import SAMPLE_TITLES
from kfmap.web.decoder.shown import ShownMessage
from kfmap.web.shared.export import export_text
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page


@require_http_methods(["GET", "HEAD", "POST"])
@map_page("decode", conditional=False)
def show_decoder(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Show the form, and below it what the log says. Nothing of it is kept."""
    given = read_given(request)
    name = request.POST.get("kernel", "")
    asked = kernels.row(name) if name else None
    context: dict[str, object] = {"given": given, "asked": asked, "samples": SAMPLE_TITLES}
    if given.text is None or given.problem or not kernels.rows:
        return Page("web/decode.html", context)
    decoding = decode_log(given.text, kernels.rows, _judge_of, asked)
    chosen = request.POST.get("format", "")
    if chosen:
        return _export(chosen, decoding)
    shown = [ShownMessage(item, kernels.load(item.kernel)) for item in decoding.decoded]
    return Page("web/decode.html", {**context, "decoding": decoding, "shown": shown})


def _judge_of(row: Kernel) -> OutcomeJudge:
    return load_row(row).judge


def _export(chosen: str, decoding: Decoding) -> HttpResponse:
    renderers = {
        "txt": lambda: render_text(decoding.decoded) + "\n",
        "json": lambda: json.dumps(render_json(decoding.decoded)) + "\n",
    }
    return export_text(chosen, renderers, "decoded-log")
