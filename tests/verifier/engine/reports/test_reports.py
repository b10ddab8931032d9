"""Every format holds every verdict, in the form its readers expect, whatever the names are."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from kfmap import __version__
from tests.reports.opening import validate_sarif
from tests.verifier.checked import (
    HTML,
    create_checked,
    create_finding,
    create_unread,
    create_verdict,
)
from verifier.engine.reports import RENDERERS
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import KIND_WORDS, ReportOptions, is_bad
from verifier.engine.reports.sarif_report import source_path
from verifier.engine.result import REFUSED, ObjectVerdict, ProgramVerdict
from verifier.engine.result_json import parse_summary, parse_verdict, plain


def render(name: str, program: str = "toy_running") -> str:
    """Render the small object and an unreadable one."""
    return RENDERERS[name].render([create_checked(program), create_unread()])


def read_run(text: str) -> dict[str, Any]:
    """Return the run of a log that is valid by the OASIS schema."""
    log = json.loads(text)
    validate_sarif(log)
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_format_renders_nothing_from_nothing(name: str) -> None:
    RENDERERS[name].render_bytes([])


def test_json_has_the_promised_form() -> None:
    body = json.loads(render("json"))
    assert body["version"] == 1
    (obj,) = body["objects"]
    assert obj["file"] == "toy.bpf.o"
    (program,) = obj["programs"]
    assert program["struct_ops"] == [{"type": "toy_ops", "member": "running", "map": "toy_map"}]
    assert {"name", "section", "program_type", "attach_type", "target", "sleepable"} <= set(program)
    refused = obj["verdicts"][1]
    assert (refused["kernel"], refused["program"]) == ("7.2", "toy_running")
    assert refused["verdict"] == "refused"
    (finding,) = refused["findings"]
    assert {"kind", "kfunc", "path", "instruction", "source", "reasons"} <= set(finding)
    assert finding["reasons"][0]["line"] == 74


def test_json_says_where_an_object_loads_and_what_changes() -> None:
    (obj,) = json.loads(render("json"))["objects"]
    assert obj["span"] == {"first": "6.18", "last": "6.18", "not_between": []}
    (step,) = obj["changes"]
    assert (step["before"], step["after"]) == ("6.18", "7.2")
    (change,) = step["programs"]
    assert (change["before"], change["after"]) == ("passes", "refused")
    assert change["appeared"] == [["not_allowed", "toy_move"]]


def test_json_names_what_could_not_be_read_and_where() -> None:
    errors = json.loads(render("json"))["errors"]
    assert [(error["file"], error["kernel"]) for error in errors] == [
        ("toy.bpf.o", "7.3"),
        ("=broken.o", None),
    ]


def test_text_says_path_source_reason_and_suggestion() -> None:
    text = render("text")
    for part in (
        "  7.2: 1 kfunc refused where it is called (toy_move) · 6.18 ✓ · 7.3: ",
        "  Of 3 kernels asked, 6.18 is the only release that is known to refuse nothing. "
        "Each decides whether the object fails.\n",
        "1. toy_move: not allowed in this context",
        "on 7.2: toy_running",
        "toy_running → helper → toy_move, src/toy.bpf.c:12: toy_move(p);",
        "because toy_filter refuses (kernel/filter.c:74)",
        "try: call it from dispatch",
        "could not be read: not an ELF file",
    ):
        assert part in text


def test_text_shows_every_finding_where_it_is_asked_to() -> None:
    text = RENDERERS["text"].render([create_checked()], ReportOptions(everything=True))
    assert "on 7.2: 0 of 1 program passes" in text
    assert "in helper, instruction 3, src/toy.bpf.c:12: toy_move(p);" in text


def test_text_says_what_passes_stands_for() -> None:
    assert JUDGED in render("text")


def test_json_begins_with_the_answer() -> None:
    (obj,) = json.loads(render("json"))["objects"]
    summary = obj["summary"]
    assert [item["kernel"] for item in summary["kernels"]] == ["7.2", "6.18", "7.3"]
    assert [item["verdict"] for item in summary["kernels"]] == ["refused", "passes", "unchecked"]
    (cause,) = summary["causes"]
    assert (cause["kind"], cause["kfunc"]) == ("not_allowed", "toy_move")
    assert cause["hits"] == [{"kernel": "7.2", "programs": ["toy_running"]}]


def test_text_lets_no_escape_sequence_through() -> None:
    assert "\x1b" not in render("text", "evil\x1b[2J")


def test_csv_has_a_row_a_finding_and_no_formulas() -> None:
    head, *rows = csv.reader(io.StringIO(render("csv")))
    assert {len(row) for row in rows} == {len(head)}
    assert [row[:5] for row in rows] == [
        ["toy.bpf.o", "7.3", "", "could not be checked", ""],
        ["toy.bpf.o", "6.18", "toy_running", "passes", "dead"],
        ["toy.bpf.o", "7.2", "toy_running", "refused", "not_allowed"],
        ["'=broken.o", "", "", "could not be read", ""],
    ]


def test_markdown_keeps_names_from_being_html() -> None:
    text = render("markdown", HTML)
    assert "<script>" not in text
    assert "| 7.2 | 6.18 |" in text


def test_sarif_is_valid_and_has_every_cause() -> None:
    run = read_run(render("sarif"))
    levels = [(result["properties"]["kernels"], result["level"]) for result in run["results"]]
    assert levels == [(["7.2"], "error")]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/toy.bpf.c"
    assert place["region"]["startLine"] == 12
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2


def test_sarif_results_keep_their_fingerprint_on_other_kernels() -> None:
    run = read_run(render("sarif"))
    (result,) = run["results"]
    assert set(result["partialFingerprints"]) == {"kfmap/v1"}
    assert [item["message"]["text"] for item in result["relatedLocations"]] == [
        "in toy_running",
        "in helper",
    ]


def test_a_cause_on_a_kernel_that_does_not_decide_is_a_note() -> None:
    options = ReportOptions(deciding=("6.18",))
    run = read_run(RENDERERS["sarif"].render([create_checked()], options))
    assert [result["level"] for result in run["results"]] == ["note"]
    assert not is_bad(create_checked(), options)
    assert is_bad(create_checked())


@pytest.mark.parametrize(
    ("file", "root", "path"),
    [
        ("./a/../toy.bpf.c", "", "toy.bpf.c"),
        ("/build/src/toy.bpf.c", "/build", "src/toy.bpf.c"),
        ("/build/src/toy.bpf.c", "/build/src/", "toy.bpf.c"),
        ("/elsewhere/toy.bpf.c", "/build", "/elsewhere/toy.bpf.c"),
        ("../../toy.bpf.c", "/build", "toy.bpf.c"),
    ],
)
def test_paths_are_relative_to_the_root_of_the_sources(file: str, root: str, path: str) -> None:
    assert source_path(file, root) == path


def test_a_source_outside_of_the_root_is_named_where_it_is() -> None:
    """Without its first "/" it led nowhere."""
    found = create_finding(file="/else where/toy.bpf.c")
    obj = replace(create_checked(), verdicts=(create_verdict("7.2", "toy_running", found),))
    options = ReportOptions(source_root="/build")
    text = RENDERERS["sarif"].render([obj], options)
    place = read_run(text)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///else%20where/toy.bpf.c"}
    told = RENDERERS["github"].render([obj], options)
    assert "file=" not in told
    assert "/else where/toy.bpf.c:12, outside of the root of the sources." in told


def test_sarif_is_valid_for_hostile_names() -> None:
    read_run(render("sarif", f"{HTML} \x00 \N{PILE OF POO}"))


def test_junit_counts_failures_and_errors() -> None:
    root = ElementTree.fromstring(render("junit", f"{HTML}\x00"))
    outcomes = [case[0].tag if len(case) else "passes" for case in root.iter("testcase")]
    assert sorted(outcomes) == ["error", "error", "failure", "passes"]


def test_junit_fails_on_no_kernel_that_does_not_decide() -> None:
    text = RENDERERS["junit"].render([create_checked()], ReportOptions(deciding=("6.18",)))
    root = ElementTree.fromstring(text)
    [skipped] = [case[0] for case in root.iter("testcase") if len(case) and case[0].text]
    assert (skipped.tag, skipped.get("message")) == ("skipped", "refused, and 7.2 does not decide")
    assert "toy_filter refuses" in str(skipped.text)
    assert not [*root.iter("failure"), *root.iter("error")]


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_reports_say_which_kernels_were_asked_and_which_decide(name: str) -> None:
    asked = "Of 3 kernels asked, 6.18 is the only release that is known to refuse nothing."
    alone, both = ("6.18",), ("7.2", "6.18")
    for deciding, who in ((alone, "6.18 alone decides"), (both, "7.2 and 6.18 decide")):
        text = str(RENDERERS[name].render([create_checked()], ReportOptions(deciding=deciding)))
        assert f"{asked} {who} whether the object fails." in text


def test_verdicts_and_summaries_survive_json() -> None:
    checked = create_checked()
    for verdict in checked.verdicts:
        assert parse_verdict(json.loads(json.dumps(plain(verdict)))) == verdict
    assert checked.summary is not None
    assert parse_summary(json.loads(json.dumps(plain(checked.summary)))) == checked.summary


def test_every_report_says_which_version_checked() -> None:
    assert render("text").endswith(f"\nkfmap {__version__}\n")
    assert render("markdown").endswith(f"\nkfmap {__version__}\n")
    assert json.loads(render("json"))["kfmap"] == __version__
    assert read_run(render("sarif"))["tool"]["driver"]["version"] == __version__
    suites = ElementTree.fromstring(render("junit")).findall("testsuite")
    told = [suite.find("properties/property[@name='kfmap']") for suite in suites]
    assert [found is not None and found.get("value") for found in told] == [__version__] * len(told)


@pytest.mark.parametrize("name", ["text", "csv", "markdown", "junit", "sarif"])
def test_finding_about_a_whole_program_has_the_program_as_its_subject(name: str) -> None:
    finding = replace(
        create_finding("struct_ops", kfunc=""), path=(), instruction=None, source=None
    )
    row = ProgramVerdict("toy_running", REFUSED, (finding,), (), ())
    obj = replace(create_checked("toy_running"), verdicts=(ObjectVerdict("7.2", (row,)),))
    text = RENDERERS[name].render([obj])
    words = KIND_WORDS["struct_ops"]
    said = {
        "csv": "toy_running,,,toy_filter refuses",
        "junit": f"toy_running: {words} (toy_filter refuses)",
        "sarif": "toy_filter refuses. This holds for 1 program on 7.2.",
        "markdown": "**toy_filter refuses** (7.2; 1 program)",
        "text": "1. toy_filter refuses\n     on 7.2: toy_running",
    }
    assert said[name] in text.replace("\\_", "_")
    assert not any(line.strip().startswith(":") for line in text.splitlines())
    assert f" : {words}" not in text and f": : {words}" not in text
