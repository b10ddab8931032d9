"""JUnit XML, for CI: suites of cases, each with how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import groupby
from xml.etree import ElementTree

from kfmap import __version__
from kfmap.quick_dataclass import dataclass
from kfmap.reports.document import Finding, Level, Report, State
from kfmap.safe_text.printable import printable


class Ending(StrEnum):
    """How a case ended; the values are the names of elements."""

    PASSED = ""
    FAILED = "failure"
    SKIPPED = "skipped"
    BROKE_OFF = "error"


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `message` is why it did not pass, `text` more of it."""

    group: str
    name: str
    ending: Ending = Ending.PASSED
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases under one name; `said` is known of all of them."""

    name: str
    cases: tuple[Case, ...]
    said: Mapping[str, str]


def render_suites(suites: Iterable[Suite]) -> str:
    """Return the file."""
    root = ElementTree.Element("testsuites", name="kfmap")
    for suite in suites:
        _add_suite(root, suite)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def render_junit(report: Report) -> str:
    """Return the findings of a report: a suite per kind of finding, a case per finding."""
    findings = sorted(report.findings or (), key=lambda item: item.rule.id)
    suites = [
        Suite(f"{report.title}: {rule.text}", tuple(map(_case, group)), {})
        for rule, group in groupby(findings, key=lambda item: item.rule)
    ]
    nothing = Suite(report.title, (Case(f"kfmap.{report.kind}", "nothing was found"),), {})
    return render_suites(suites or [nothing])


def _case(item: Finding) -> Case:
    """Return a finding as a case: what is new and grave fails, what is gone passes."""
    ending, message = Ending.SKIPPED, str(item.level)
    if item.state == State.GONE:
        ending, message = Ending.PASSED, ""
    elif item.state == State.SAME:
        message = "it was there before"
    elif item.level == Level.ERROR:
        ending = Ending.FAILED
    text = "\n".join((item.text, *(f"{file}:{line}" for file, line in item.places)))
    return Case(f"kfmap.{item.rule.id}", f"{item.subject}: {item.text}", ending, message, text)


def _add_suite(root: ElementTree.Element, suite: Suite) -> None:
    endings = [case.ending for case in suite.cases]
    element = ElementTree.SubElement(
        root,
        "testsuite",
        name=printable(suite.name),
        tests=str(len(endings)),
        failures=str(endings.count(Ending.FAILED)),
        skipped=str(endings.count(Ending.SKIPPED)),
        errors=str(endings.count(Ending.BROKE_OFF)),
    )
    properties = ElementTree.SubElement(element, "properties")
    for name, text in _known({"kfmap": __version__, **suite.said}):
        ElementTree.SubElement(properties, "property", name=name, value=printable(text))
    for case in suite.cases:
        _add_case(element, case)


def _known(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in said.items() if text)


def _add_case(suite: ElementTree.Element, case: Case) -> None:
    element = ElementTree.SubElement(
        suite, "testcase", classname=printable(case.group), name=printable(case.name)
    )
    if case.ending != Ending.PASSED:
        ending = ElementTree.SubElement(element, case.ending, message=printable(case.message))
        if case.text:
            ending.text = "\n".join(printable(line) for line in case.text.split("\n"))
