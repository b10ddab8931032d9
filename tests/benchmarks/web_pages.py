"""Times and sizes of pages with all bundled kernels loaded: over HTTP, and in Chromium.

The reference of a page is the health check of the same server: what a request costs at least; on
PostgreSQL, it is the page on SQLite, asked for in turn with it.
Aims: a page 50 ms, the matrix's data 60 kB, interactive in 1 s, a keystroke on screen in 50 ms,
typing a question to its answer 100 ms.
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.figure import Figure
from tests.server.postgres import BINARIES, run_postgres
from tests.server.process import ROOT, Up, up, wait_until

_REQUESTS, _STROKES = 200, 20
_DATA = "/kernels/7.3/matrix/data.json"
_ANSWER = "/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc=scx_bpf_dsq_move"
_PAGES = {
    "home": "/",
    "answer": _ANSWER,
    "kernels": "/kernels/",
    "kernel": "/kernels/7.3/",
    "kfuncs of a kernel": "/kernels/7.3/kfuncs/",
    "kfunc": "/kernels/7.3/kfuncs/scx_bpf_dsq_move/",
    "context": "/kernels/7.3/contexts/xdp/",
    "ops structure": "/kernels/7.3/struct-ops/sched_ext_ops/",
    "member": "/kernels/7.3/struct-ops/sched_ext_ops/dispatch/",
    "set": "/kernels/7.3/sets/scx_kfunc_ids_dispatch/",
    "filter": "/kernels/7.3/filters/scx_kfunc_context_filter/",
    "hook": "/kernels/7.3/hooks/BTF_KFUNC_HOOK_STRUCT_OPS/",
    "matrix": "/kernels/7.3/matrix/",
    "data of the matrix": _DATA,
    "graphs": "/kernels/7.3/graphs/",
    "graph of callbacks": "/kernels/7.3/graphs/callbacks/sched_ext_ops/",
    "graph of classes": "/kernels/7.3/graphs/classes/sched_ext_ops/",
    "graph of shared kfuncs": "/kernels/7.3/graphs/shared/sched_ext_ops/tcp_congestion_ops/",
    "mechanisms": "/kernels/7.3/mechanisms/",
    "findings": "/kernels/7.3/findings/",
    "what if": "/kernels/7.3/what-if/",
    "comparison": "/compare/6.19/7.1/",
    "decoder": "/decode/",
    "search": "/search/?q=dsq",
}
_SIGNED_IN = {
    "home": "/",
    "kfunc": "/kernels/7.3/kfuncs/scx_bpf_dsq_insert___v2/",
    "comparison": "/compare/6.19/7.1/",
    "search": "/search/?q=dsq",
    "uploads": "/uploads/",
}
_OBJECT = ROOT / "tests/objects/scheduler.bpf.o"
_CHROMIUM = "/usr/bin/chromium"


def run() -> list[Figure]:
    settings.configure()  # what sends a form as a browser does asks for a character set
    with tempfile.TemporaryDirectory() as folder, up(Path(folder)) as server:
        size = len(gzip.compress(_fetch(server, _DATA))) / 1e3
        figures = [Figure("matrix data, compressed", size, "kB", "aim", 60, 1)]
        if Path(_CHROMIUM).exists():
            figures += _measure_browser(server)
        if BINARIES:
            with (
                tempfile.TemporaryDirectory() as other,
                run_postgres() as address,
                up(Path(other), DATABASE_URL=address) as on_postgres,
            ):
                return figures + _measure_pages([server, on_postgres])
        return figures + _measure_pages([server])


def _measure_pages(servers: list[Up]) -> list[Figure]:
    least, *_ = _median_ms(servers, "/healthz")
    pages = list(_PAGES.items())
    figures = [figure for page in pages for figure in _measure_page(servers, *page, least)]
    uploaded = [_upload(server) for server in servers]
    assert len(set(uploaded)) == 1
    signed_in = {**_SIGNED_IN, "object": uploaded[0], "graph of an object": f"{uploaded[0]}graph/"}
    for name, path in signed_in.items():
        figures += _measure_page(servers, f"{name}, signed in", path, least)
    return figures


def _measure_page(servers: list[Up], name: str, path: str, least: float) -> list[Figure]:
    on_sqlite, *on_postgres = _median_ms(servers, path)
    title = f"page: {name}, p50 of {_REQUESTS}"
    return [
        Figure(title, on_sqlite, "ms", "health check", least),
        *(Figure(f"{title}, PostgreSQL", time, "ms", "SQLite", on_sqlite) for time in on_postgres),
    ]


def _upload(server: Up) -> str:
    """Sign in, have an object checked; give its page."""
    server.sign_in()
    server.post("/uploads/", {"objects": (_OBJECT.name, _OBJECT.read_bytes())})
    _, page = server.get("/uploads/")
    path = "/objects/" + page.partition('href="/objects/')[2].partition('"')[0]
    wait_until(lambda: "Findings" in server.get(path)[1])
    return path


def _fetch(server: Up, path: str) -> bytes:
    status, body = server.get(path)
    assert status == 200, (path, status)
    return body.encode()


def _median_ms(servers: list[Up], path: str) -> list[float]:
    """Ask the servers in turn, so that what else the machine does slows them alike."""
    times: list[list[float]] = [[] for _ in servers]
    for server in servers:
        _fetch(server, path)
    for _ in range(_REQUESTS):
        for server, taken in zip(servers, times, strict=True):
            start = time.perf_counter()
            _fetch(server, path)
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) * 1000 for taken in times]


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
