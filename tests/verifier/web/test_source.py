"""The page with the source of a program: read in a process of its own, calls marked by a kernel."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from django.core.files.base import File
from django.core.files.storage import storages
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.bundled import bundled_kernel
from tests.verifier.conftest import create_object
from tests.verifier.engine.object.objects import object_bytes, read
from verifier.engine.result import PASSES, REFUSED
from verifier.engine.source_view import (
    CallKind,
    CodeLine,
    FunctionSource,
    LineCall,
    SourceView,
    view_source,
)
from verifier.engine.summary import summarize
from verifier.engine.verdict import check_object
from verifier.jobs import files
from verifier.jobs.reading import read_source
from verifier.records import store
from verifier.records.models import BpfObject
from verifier.web.source_page import DEAD, build_source_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]
_NAME = "outcomes.bpf.o"


@pytest.fixture
def kept() -> BpfObject:
    """Keep an object with its bytes, checked on 7.2."""
    read_source.cache_clear()
    data = object_bytes(_NAME)
    stored = files.store(File(BytesIO(data), _NAME))
    obj = create_object(_NAME, summarize(read(_NAME)), stored.sha256)
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    verdict = check_object(read(_NAME), bundled_kernel("7.2"))
    store.save_verdict(obj, kernel.facts_hash, verdict)
    return obj


def _page(client: Client, obj: BpfObject, program: str, query: str = "") -> str:
    position = obj.programs.get(name=program).position
    answer = client.get(f"/objects/{obj.sha256}/programs/{position}/source/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_lines_of_a_program_come_with_what_becomes_of_its_calls(
    ada: Client, kept: BpfObject
) -> None:
    text = _page(ada, kept, "ended_outside", "?kernel=7.2")
    assert "bpf_iter_task_destroy(&amp;it);" in text
    assert "needs the RCU section in which its iterator was made" in text
    assert "permitted" in text
    assert "call bpf_iter_task_destroy" in text  # in the disassembly
    assert "<option selected>7.2</option>" in text


def test_what_is_said_of_a_load_stands_at_its_line(ada: Client, kept: BpfObject) -> None:
    assert "invalid bpf_context access off=24" in _page(ada, kept, "exit_fourth")


def test_the_page_of_the_program_leads_to_its_source(ada: Client, kept: BpfObject) -> None:
    text = ada.get(f"/objects/{kept.sha256}/programs/0/").content.decode()
    assert f"/objects/{kept.sha256}/programs/0/source/" in text


def test_bytes_that_are_gone_are_told(ada: Client, kept: BpfObject) -> None:
    storages["objects"].delete(f"{kept.sha256[:2]}/{kept.sha256}")
    answer = ada.get(f"/objects/{kept.sha256}/programs/0/source/")
    assert answer.status_code == 503
    assert "upload it again" in answer.content.decode()


def test_other_programs_than_there_are_are_not_found(ada: Client, kept: BpfObject) -> None:
    assert ada.get(f"/objects/{kept.sha256}/programs/99/source/").status_code == 404


def test_calls_in_dead_code_are_marked() -> None:
    obj = read("scheduler.bpf.o")
    verdicts = check_object(obj, bundled_kernel("7.2")).programs
    marks = {
        item.mark
        for at in range(len(obj.programs))
        for function in build_source_page(view_source(obj, at), verdicts[at]).functions
        for part in function.files
        for row in part.lines
        for item in row.calls
        if item.call.kind == CallKind.KFUNC
    }
    assert {DEAD, PASSES, REFUSED} <= marks


def test_calls_of_a_line_of_which_the_same_is_said_are_one() -> None:
    """CLAMP(slice / waiting(), …) asks how many wait four times; some may be dead, others not."""
    calls = tuple(LineCall(CallKind.KFUNC, "toy_count", slot) for slot in (3, 9, 17))
    helper = LineCall(CallKind.HELPER, "toy_count", 20)
    line = CodeLine("toy.bpf.c", 12, "return MAX(count(), MIN(count(), 1));", (*calls, helper), ())
    view = SourceView("one", (FunctionSource("one", (line,)),), 0)
    [row] = build_source_page(view, None).functions[0].files[0].lines
    assert [(item.call.kind, item.times) for item in row.calls] == [
        (CallKind.KFUNC, 3),
        (CallKind.HELPER, 1),
    ]
