"""Judges see a kernel through the interview alone: only then do its answers say all there is."""

from __future__ import annotations

import ast
import enum
from pathlib import Path

import pytest

import verifier.engine.judging
from kfmap.quick_dataclass import field_names, is_record
from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.object.objects import read
from verifier.engine.flow.inputs import KfuncAnswer
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.program import ObjectJudge
from verifier.engine.verdict import prepare_object

_ROOM = Path(verifier.engine.judging.__file__).parent
_JUDGES = sorted(
    path
    for path in _ROOM.glob("*.py")
    if "judging.interview import" in path.read_text() and path.name != "interview.py"
)
_WALKS = sorted((_ROOM.parent / "flow").glob("*.py"))
_KERNEL = ("KernelUnderTest", "ContextAnswers", "Loaded", "KernelFacts", "Decider")


@pytest.mark.parametrize("path", [*_JUDGES, *_WALKS], ids=lambda path: path.stem)
def test_what_judges_and_walks_touches_no_kernel(path: Path) -> None:
    tree = ast.parse(path.read_text())
    named = {item.id for item in ast.walk(tree) if isinstance(item, ast.Name)}
    named |= {
        alias.name
        for item in ast.walk(tree)
        if isinstance(item, ast.ImportFrom)
        for alias in item.names
    }
    assert named.isdisjoint(_KERNEL)


@pytest.mark.parametrize("path", [*_JUDGES, *_WALKS], ids=lambda path: path.stem)
def test_nobody_looks_behind_a_question(path: Path) -> None:
    reached = [
        item.attr
        for item in ast.walk(ast.parse(path.read_text()))
        if isinstance(item, ast.Attribute)
        and item.attr.startswith("_")
        and not item.attr.startswith("__")
        and not (isinstance(item.value, ast.Name) and item.value.id in ("self", "cls"))
    ]
    assert set(reached) <= {"_replace"}  # of named tuples


def test_all_of_the_judges_are_looked_at() -> None:
    names = {path.stem for path in _JUDGES}
    assert {"program", "live", "calls", "helper_calls", "regions", "global_calls"} <= names


def _is_plain(value: object) -> bool:
    if value is None or isinstance(value, bool | int | str | bytes | enum.Enum):
        return True
    if isinstance(value, tuple | frozenset | list):
        return all(map(_is_plain, value))
    if not is_record(value):
        return False
    return all(_is_plain(getattr(value, name)) for name in field_names(value))


@pytest.mark.parametrize("name", ["7.3", "6.1"])
@pytest.mark.parametrize("file", ["scheduler.bpf.o", "kinds.bpf.o"])
def test_answers_are_values_through_which_no_more_can_be_asked(name: str, file: str) -> None:
    prepared = prepare_object(read(file))
    interview = Interview(prepared, bundled_kernel(name))
    judge = ObjectJudge(prepared, interview)
    for program in range(len(prepared.object.programs)):
        judge.judge(program)
    assert interview.notes
    for asked, answer in (*interview.notes.items(), *interview.given.items()):
        assert isinstance(answer, KfuncAnswer) or _is_plain(answer), asked
        hash(asked)
