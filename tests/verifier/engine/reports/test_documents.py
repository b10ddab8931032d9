"""HTML, PDF, XLSX and graphs of checked objects, opened by what people use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import networkx as nx
import pytest

import verifier.engine.reports
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.reports.document import SignOff
from tests.reports.opening import HOSTILE, draw_pdf, read_page, read_pdf, read_workbook
from tests.verifier.checked import create_checked, create_unread
from verifier.engine.reports import RENDERERS
from verifier.engine.reports.model import AskedKernel, ReportOptions
from verifier.engine.reports.object_graph import build_graph_of
from verifier.engine.result import ObjectVerdict, ProgramVerdict

KERNEL = AskedKernel("7.2", "7.2.12", "cd" * 32, "9 of 9 cells are as 7.2.12 answered")
SIGNED = SignOff("toy.bpf.o", "signed off", "ada", "2026-11-02 10:00 UTC", "=looked at", "all")
OPTIONS = ReportOptions(kernels=(KERNEL,), sign_offs=(SIGNED,))
SCHEMA = Path(verifier.engine.reports.__file__).with_name("report.schema.json")


def render(name: str, program: str = "toy_running", options: ReportOptions = OPTIONS) -> bytes:
    return RENDERERS[name].render_bytes([create_checked(program), create_unread()], options)


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_same_objects_give_the_same_bytes(name: str) -> None:
    names = " ".join(HOSTILE)
    assert render(name, names) == render(name, names)


def test_workbook_has_the_four_sheets() -> None:
    sheets = read_workbook(render("xlsx"))
    assert list(sheets) == ["summary", "findings", "calls", "matrix"]
    assert [row[:4] for row in sheets["findings"][3:]] == [
        ("toy.bpf.o", "7.2", "toy_running", "refused"),
        ("=broken.o", None, None, "could not be read"),
    ]
    assert sheets["calls"][1][:4] == (
        "toy.bpf.o",
        "toy_running",
        "struct_ops/toy_running",
        "toy_move",
    )
    assert sheets["matrix"] == [
        ("file", "program", "7.2", "6.18", "7.3"),
        ("toy.bpf.o", "toy_running", "refused", "passes", "could not be checked"),
    ]


def test_page_has_answer_causes_graph_and_provenance() -> None:
    page = read_page(render("html").decode())
    text = page.text_content()
    for part in (
        "7.2: 1 kfunc refused where it is called (toy_move)",
        "toy_move: not allowed in this context",
        "src/toy.bpf.c:12: toy_move(p);",
        "could not be read",
        "ada: signed off",
        f"release 7.2.12, facts SHA-256 {'cd' * 32}; 9 of 9 cells",
        f"SHA-256 {'ab' * 32}",
        str(ENGINE_VERSION),
    ):
        assert part in text, part
    assert page.xpath("//figure/svg//*[contains(@class, 'kf-refused')]")


@pytest.mark.poppler
def test_pdf_has_the_same_and_a_picture_of_the_graph(tmp_path: Path) -> None:
    data = render("pdf")
    text = read_pdf(data, tmp_path)
    for part in ("toy_move: not allowed in this context", "ada: signed off", "release 7.2.12"):
        assert part in text, part
    (page,) = [
        at
        for at, page in enumerate(text.split("\f"))
        if "toy_ops.running\n" in page and "What" not in page and "helper" in page
    ]
    assert min(draw_pdf(data, tmp_path)[page]) < 100


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_hostile_names_do_no_harm(name: str) -> None:
    data = render(name, " ".join(HOSTILE))
    assert b"<script" not in data or name not in ("html", "svg", "graphml", "pdf", "xlsx")
    assert b"\x1b[2J" not in data
    assert "\u202e".encode() not in data


def test_graph_formats_have_the_same_nodes() -> None:
    graph = nx.parse_graphml(render("graphml").decode())
    assert set(graph) == {"toy_running", "helper", "toy_move"}
    assert graph.edges["helper", "toy_move"]["verdict"] == "refused"
    assert all(f'"{node}"' in render("dot").decode() for node in graph)
    assert all(f'data-node="{node}"' in render("svg").decode() for node in graph)


def test_graph_of_several_objects_keeps_them_apart() -> None:
    objects = [create_checked(), create_checked()]
    graph = nx.parse_graphml(RENDERERS["graphml"].render(objects))
    assert len(graph) == 6
    assert nx.number_connected_components(graph.to_undirected()) == 2


def test_graph_is_coloured_by_the_kernel_that_decides() -> None:
    graph = build_graph_of(create_checked(), ReportOptions(deciding=("6.18",)))
    assert graph.nodes["toy_move"]["verdict"] == "allowed"


@pytest.mark.parametrize("program", ["toy_running", *HOSTILE])
def test_json_is_as_the_published_schema_says(program: str) -> None:
    body = json.loads(render("json", program))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(body)
    assert body["engine"] == ENGINE_VERSION
    assert body["kernels"][0]["facts_sha256"] == "cd" * 32


def test_page_says_what_is_live_on_some_kernels_alone() -> None:
    rows = [
        ObjectVerdict(kernel, (ProgramVerdict("p", "passes", (), (live,), ("toy_old", "toy_new")),))
        for kernel, live in (("6.18", "toy_old"), ("7.2", "toy_new"))
    ]
    obj = replace(create_checked("p"), verdicts=tuple(rows), unchecked=())
    text = read_page(RENDERERS["html"].render([obj])).text_content()
    assert "Live only on 7.2: toy_new." in text
    assert "Live only on 6.18: toy_old." in text
