"""What there is to use is documented, and what is documented there is."""

from __future__ import annotations

import ast
import re
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver

from kfmap.catalogue.matrix_export import RENDERERS as MATRIX_FORMATS
from kfmap.cli.commands import find_command, names
from kfmap.permission.outcome_words import NEEDS, OUTCOMES
from kfmap.reports.formats import FORMATS
from kfmap.server.upload_limit import VARIABLE
from kfmap.urls import urlpatterns
from kfmap.web.shared.export import GRAPH_FORMATS, TABLE_FORMATS
from tests.docs.handbook_files import first_column, read, section
from verifier.engine.reports import RENDERERS
from verifier.engine.result import FINDING_KINDS, WORDS

BASE = Path(__file__).parents[2]
OWN = {
    name: app
    for name, app in get_commands().items()
    if isinstance(app, str) and app.startswith(("kfmap.", "verifier."))
}
_MANAGED = {name: app for name, app in OWN.items() if app != "kfmap.cli"}
COMMANDS = sorted([*names(), *_MANAGED])


class _Framework(BaseCommand):
    """A command that only has what Django gives every command."""


def parser_of(command: str) -> ArgumentParser:
    own = find_command(command)
    if own is None:
        return load_command_class(_MANAGED[command], command).create_parser("kfmap", command)
    parser = ArgumentParser()
    own.add_arguments(parser)
    return parser


def arguments_of(parser: ArgumentParser) -> set[str]:
    """Return the options and the names of positional arguments."""
    return {
        action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
        for action in parser._actions
    }


def test_every_command_is_documented_and_no_other() -> None:
    told = re.findall(r"^## kfmap (\S+)$", read("command-line"), re.M)
    assert sorted(told) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_is_documented_and_no_other(command: str) -> None:
    told = set(first_column(section("command-line", f"kfmap {command}")))
    everywhere = arguments_of(_Framework().create_parser("kfmap", "x"))
    there = arguments_of(parser_of(command)) - everywhere
    assert {name.removesuffix("...") for name in told} == {
        name.replace("KERNEL CONTEXT", "KERNEL... CONTEXT") for name in there
    }


def test_every_setting_is_documented_and_no_other() -> None:
    text = (BASE / "kfmap" / "settings.py").read_text()
    calls = re.findall(r"\benv\.\w+\(([^()]*)", text)
    there = {VARIABLE, *re.findall(r'"([A-Z][A-Z_0-9]+)"', "".join(calls))}
    assert set(first_column(read("settings"))) == there
    listed = re.findall(r"^([A-Z][A-Z_0-9]+)  ", text, re.M)
    assert set(listed) == there, "the list at the top of settings.py"


def prefixes(patterns: list[URLPattern | URLResolver], before: str = "") -> set[str]:
    """Return the first parts of all addresses."""
    found = set()
    for pattern in patterns:
        address = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver) and not address:
            found |= prefixes(pattern.url_patterns)
        else:
            found.add("/" + re.match(r"[^/<(]*/?", address.removesuffix("$"))[0])  # type: ignore[index]  # matches ""
    return found


def test_every_prefix_of_addresses_is_documented_and_no_other() -> None:
    text = read("addresses").partition("\n## ")[0]
    assert set(first_column(text)) == prefixes(urlpatterns)


@pytest.mark.parametrize(
    ("title", "formats"),
    [
        ("Exports of tables", TABLE_FORMATS),
        ("Exports of graphs", GRAPH_FORMATS),
        ("Exports of matrices", MATRIX_FORMATS),
        ("Reports on objects", RENDERERS),
        ("Reports on kernels", FORMATS),
    ],
)
def test_every_format_is_documented_and_no_other(title: str, formats: dict[str, object]) -> None:
    assert set(first_column(section("addresses", title))) == set(formats)


def test_every_kind_of_finding_about_programs_is_documented_and_no_other() -> None:
    assert first_column(section("words", "Findings about programs")) == list(FINDING_KINDS)


def test_every_kind_of_finding_about_kernels_is_documented_and_no_other() -> None:
    folder = BASE / "kfmap" / "permission" / "findings"
    kinds = {kind for path in folder.glob("*.py") for kind in kinds_made_in(path)}
    assert set(first_column(section("words", "Findings about kernels"))) == kinds


def kinds_made_in(path: Path) -> set[object]:
    """Return the kinds of findings that a module makes, written out or as a constant."""
    module = import_module(f"kfmap.permission.findings.{path.stem}")
    made = [
        node.args[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]
    assert all(isinstance(kind, ast.Constant | ast.Name) for kind in made)
    constants = {kind.value for kind in made if isinstance(kind, ast.Constant)}
    return constants | {getattr(module, kind.id) for kind in made if isinstance(kind, ast.Name)}


def test_every_word_of_an_answer_is_documented_and_no_other() -> None:
    assert set(first_column(section("words", "Outcomes of a call"))) == set(OUTCOMES)
    assert set(first_column(section("words", "What a call needs"))) == set(NEEDS)
    assert set(first_column(section("words", "Verdicts on programs"))) == set(WORDS)
