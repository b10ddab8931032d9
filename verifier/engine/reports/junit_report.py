"""JUnit XML, for CI: one suite per object and kernel, one case per program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from xml.etree import ElementTree

from kfmap import __version__
from kfmap.safe_text.printable import printable
from verifier.engine.reports.model import (
    DEFAULT,
    CheckedObject,
    ReportOptions,
    find_estimates,
    headline,
)
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    LEFT_OUT,
    REFUSED,
    UNKNOWN,
    WORDS,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)

_TAGS = {
    REFUSED: "failure",
    FAILS_AT_RUN_TIME: "failure",
    UNKNOWN: "skipped",
    LEFT_OUT: "skipped",
}


def render_junit(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all objects; what could not be read or checked is an `error`."""
    root = ElementTree.Element("testsuites", name="kfmap")
    estimates = find_estimates(options)
    for obj in objects:
        if obj.problem:
            _add_error(root, obj.file, obj.problem)
        for item in obj.unchecked:
            _add_error(root, f"{obj.file} on {item.kernel}", item.problem)
        for verdict in obj.verdicts:
            _add_suite(root, obj, verdict, estimates.get(verdict.kernel, ""))
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_suite(
    root: ElementTree.Element, obj: CheckedObject, verdict: ObjectVerdict, estimate: str
) -> None:
    tags = [_TAGS.get(row.verdict) for row in verdict.programs]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=printable(f"{obj.file} on {verdict.kernel}"),
        tests=str(len(tags)),
        failures=str(tags.count("failure")),
        skipped=str(tags.count("skipped")),
        errors="0",
    )
    _add_version(suite, asdict(obj.origin) | {"estimate": estimate})
    for row in verdict.programs:
        _add_case(suite, verdict.kernel, row)


def _add_case(suite: ElementTree.Element, kernel: str, row: ProgramVerdict) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=printable(f"kfmap.{kernel}"), name=printable(row.program)
    )
    tag = _TAGS.get(row.verdict)
    if tag is None:
        return
    found = [item for item in row.findings if item.kind != FindingKind.DEAD]
    lines = list(dict.fromkeys(_line(row.program, item) for item in found))
    outcome = ElementTree.SubElement(case, tag, message=WORDS[row.verdict])
    outcome.text = "\n".join(printable(line) for line in lines)


def _line(program: str, finding: Finding) -> str:
    """Return the finding with the reason that decides."""
    why = f" ({finding.reasons[-1].text})" if finding.reasons else ""
    return f"{headline(program, finding)}{why}"


def _add_error(root: ElementTree.Element, name: str, problem: str) -> None:
    counts = {"tests": "1", "failures": "0", "skipped": "0", "errors": "1"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": printable(name), **counts})
    _add_version(suite)
    case = ElementTree.SubElement(suite, "testcase", classname="kfmap", name=printable(name))
    ElementTree.SubElement(case, "error", message=printable(problem))


def _add_version(suite: ElementTree.Element, said: Mapping[str, str] | None = None) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    for name, text in {"kfmap": __version__, **(said or {})}.items():
        if text:
            ElementTree.SubElement(properties, "property", name=name, value=printable(text))
