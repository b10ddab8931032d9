"""Times and sizes of pages with all bundled kernels loaded: over HTTP, and in Chromium.

The reference of a page is the health check of the same server: what a request costs at least.
Aims: a page 50 ms, the matrix's data 60 kB, interactive in 1 s, a keystroke on screen in 50 ms,
typing a question to its answer 100 ms.
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.figure import Figure
from tests.server.process import Up, up

_REQUESTS, _STROKES = 200, 20
_ANSWER = "/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc=scx_bpf_dsq_move"
_PAGES = {
    "home": "/",
    "answer": _ANSWER,
    "kernel": "/kernels/7.3/",
    "kfuncs of a kernel": "/kernels/7.3/kfuncs/",
    "kfunc": "/kernels/7.3/kfuncs/scx_bpf_dsq_move/",
    "member": "/kernels/7.3/struct-ops/sched_ext_ops/dispatch/",
    "filter": "/kernels/7.3/filters/scx_kfunc_context_filter/",
    "matrix": "/kernels/7.3/matrix/",
    "graph": "/kernels/7.3/graphs/callbacks/sched_ext_ops/",
    "comparison": "/compare/6.19/7.1/",
    "search": "/search/?q=dsq",
}
_DATA = "/kernels/7.3/matrix/data.json"
_CHROMIUM = "/usr/bin/chromium"


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, up(Path(folder)) as server:
        least = _median_ms(server, "/healthz")
        figures = [
            Figure(f"page: {name}, p50 of {_REQUESTS}", _median_ms(server, path), "ms",
                   "health check", least)
            for name, path in _PAGES.items()
        ]  # fmt: skip
        size = len(gzip.compress(_fetch(server, _DATA))) / 1e3
        figures.append(Figure("matrix data, compressed", size, "kB", "aim", 60, 1))
        if Path(_CHROMIUM).exists():
            figures += _measure_browser(server)
    return figures


def _fetch(server: Up, path: str) -> bytes:
    with urllib.request.urlopen(server.address + path) as answer:
        return bytes(answer.read())


def _median_ms(server: Up, path: str) -> float:
    _fetch(server, path)
    times = []
    for _ in range(_REQUESTS):
        start = time.perf_counter()
        _fetch(server, path)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def _measure_browser(server: Up) -> list[Figure]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        start = time.perf_counter()
        page.goto(f"{server.address}/kernels/7.3/matrix/")
        page.locator("#matrix[data-ready]").wait_for(state="attached")
        ready = (time.perf_counter() - start) * 1000
        stroke = _keystroke_ms(page)
        answer = _answer_ms(page, server)
        browser.close()
    return [
        Figure("matrix interactive in Chromium", ready, "ms", "aim", 1000, 1),
        Figure("filter keystroke to repaint", stroke, "ms", "aim", 50, 1),
        Figure("typing to answer", answer, "ms", "aim", 100, 1),
    ]


def _keystroke_ms(page: Page) -> float:
    """Type in the filter of the matrix; measure to the frame after the one that draws."""
    script = """(text) => new Promise((done) => {
        const input = document.querySelector("#m-rows");
        const start = performance.now();
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    })"""
    texts = ["s", "sc", "scx", "scx_", ""] * (_STROKES // 5)
    return statistics.median(float(page.evaluate(script, text)) for text in texts)


def _answer_ms(page: Page, server: Up) -> float:
    """Change the kfunc of a question by its last letter; measure to the answer on the page."""
    page.goto(server.address + _ANSWER)
    script = """(text) => new Promise((done) => {
        const start = performance.now();
        const answer = document.querySelector("#answer");
        new MutationObserver((_, observer) => {
            observer.disconnect();
            requestAnimationFrame(() => done(performance.now() - start));
        }).observe(answer, { childList: true });
        const input = document.querySelector("#q-kfunc");
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
    })"""
    page.wait_for_load_state("networkidle")
    names = ["scx_bpf_dsq_move_vtime", "scx_bpf_dsq_move"] * (_STROKES // 2)
    return statistics.median(float(page.evaluate(script, name)) for name in names)
