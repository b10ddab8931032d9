"""The pages of an object and of its programs, with hostile names, too."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import HTML, create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.web.checked_object import create_checked_object
from verifier.engine.result import ObjectVerdict
from verifier.records import store
from verifier.records.models import Call, Submission, SubmittedFile
from verifier.spaces.models import Space

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def test_object_page_shows_grid_finding_path_and_source(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    text = ada.get(f"/objects/{obj.sha256}/").content.decode()
    for part in (
        "6.18</span></dt><dd>✓ passes</dd>",
        "1 kfunc refused where it is called (toy_move)",
        "stands for what kfmap judges",
        'class="verdict verdict-refused"',
        "not checked yet",
        "src/toy.bpf.c:12",
        "3: call toy_move",
        "kernel/filter.c:74",
        "Try: call it from dispatch",
        '<a href="/decode/">Decode its log</a>',
    ):
        assert part in text
    grid = text[text.index('<table class="verdicts') :]
    assert grid.index("verdict-refused") < grid.index("verdict-passes")  # the newest kernel first


def test_object_page_says_from_where_to_where_it_loads_and_what_changes(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    text = ada.get(f"/objects/{obj.sha256}/").content.decode()
    assert "Among the released kernels, 6.18 is the only release that refuses nothing." in text
    assert "new: toy_move: not allowed in this context" in text
    back = ada.get(f"/objects/{obj.sha256}/?before=7.2&after=6.18").content.decode()
    assert "gone: toy_move: not allowed in this context" in back
    same = ada.get(f"/objects/{obj.sha256}/?before=7.2&after=7.2").content.decode()
    assert "Nothing changes for this object between 7.2 and 7.2." in same


def test_kernels_to_compare_are_those_that_are_asked_for_or_it_is_said(ada: Client) -> None:
    """The newest two were shown in the place of others, and nothing said so."""
    page = f"/objects/{create_checked_object('toy_running').sha256}/"
    assert "new: toy_move: not allowed in this context" in ada.get(f"{page}?before=6.18").text
    wrong = ada.get(f"{page}?before=9.9&after=7.2")
    assert wrong.status_code == 404
    assert "There is no kernel “9.9”" in wrong.text
    assert f'href="{page}?after=7.2&amp;before=7.2"' in wrong.text
    unchecked = ada.get(f"{page}?before=7.3&after=6.18").text
    assert "Not compared: this object has no verdicts of 7.3." in unchecked
    assert "new: toy_move: not allowed in this context" not in unchecked


def test_source_and_graph_are_of_the_kernel_that_is_asked_for(ada: Client) -> None:
    """They showed the newest one where another was asked for."""
    page = f"/objects/{create_checked_object('toy_running').sha256}/"
    for part in ("graph/", "programs/0/source/"):
        wrong = ada.get(f"{page}{part}?kernel=9.9")
        assert wrong.status_code == 404
        assert f'href="{page}{part}?kernel=7.2"' in wrong.text
    assert ada.get(f"{page}graph/?all=no").status_code == 404


def test_uploads_go_to_a_space_that_there_is(ada: Client) -> None:
    assert ada.get("/uploads/?space=").status_code == 200
    assert ada.get("/uploads/?space=theirs").status_code == 404


def test_a_program_with_many_findings_folds_them_and_its_dead_calls(ada: Client) -> None:
    """On seventeen kernels a program of scx_flash had 40: its page was 20 screens high."""
    obj = create_object(summary=create_summary("one"))
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    told = [create_finding("missing", f"toy_{number}") for number in range(10)]
    verdict = create_verdict("7.2", "one", *told, create_finding("dead", "toy_dead")).programs[0]
    store.save_verdict(obj, kernel.facts_hash, ObjectVerdict("7.2", (verdict,)))
    text = ada.get(f"/objects/{obj.sha256}/programs/0/").content.decode()
    shown, folded, dead = (
        text.index("<h2>Findings</h2>"),
        text.index("<details><summary>All 10 findings</summary>"),
        text.index("<details><summary>1 call in dead code</summary>"),
    )
    assert text[shown:folded].count("<article") == 8
    assert text[folded:dead].count("<article") == 2
    assert text[dead:].count("<article") == 1


def test_finding_that_programs_share_is_shown_once(ada: Client) -> None:
    obj = create_object(summary=create_summary("one", "two"))
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    missing = replace(create_finding("missing"), path=(), instruction=None)
    verdicts = [create_verdict("7.2", name, missing).programs[0] for name in ("one", "two")]
    store.save_verdict(obj, kernel.facts_hash, ObjectVerdict("7.2", tuple(verdicts)))
    text = ada.get(f"/objects/{obj.sha256}/").content.decode()
    assert text.count('class="finding finding-missing cause"') == 1
    assert "7.2: all 2 programs" in text
    assert text.count('href="#cause-1"') == 2


def test_markup_in_names_stays_text(ada: Client) -> None:
    obj = create_checked_object(HTML)
    SubmittedFile.objects.update(name=HTML)
    for path in (f"/objects/{obj.sha256}/", "/uploads/"):
        text = ada.get(path).content.decode()
        assert HTML not in text
        assert "&lt;script&gt;" in text


def test_hidden_characters_of_names_are_shown_on_pages_and_in_progress(ada: Client) -> None:
    turned = "safe\u202egnp.bpf.o"
    obj = create_checked_object("toy_running")
    SubmittedFile.objects.update(name=turned)
    for path in (f"/objects/{obj.sha256}/", "/uploads/", f"/objects/{obj.sha256}/progress/"):
        text = ada.get(path).content.decode()
        assert "\u202e" not in text
    assert r"safe\u202egnp.bpf.o" in ada.get("/uploads/").content.decode()
    assert turned in ada.get(f"/objects/{obj.sha256}/?format=json").json()["objects"][0]["file"]


def test_object_page_costs_the_same_for_any_number_of_programs(
    ada: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    obj = create_checked_object(*(f"program_{number}" for number in range(40)))
    ada.get("/")  # rows of kernels are kept
    with django_assert_num_queries(21):
        ada.get(f"/objects/{obj.sha256}/")
    user = User.objects.get()
    upload = Submission.objects.create(user=user, space=Space.objects.personal(user))
    upload.files.create(name="toy.bpf.o", object=obj)
    with django_assert_num_queries(16):  # programs and calls are kept
        text = ada.get(f"/objects/{obj.sha256}/").content.decode()
    assert "Checking" in text


def test_object_page_says_what_was_found_last(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    address = f"/objects/{obj.sha256}/"
    assert "toy_filter refuses" in ada.get(address).content.decode()
    kernel = Kernel.objects.get(name="7.2")
    store.save_verdict(obj, kernel.facts_hash, create_verdict("7.2", "toy_running"))
    text = ada.get(address).content.decode()
    assert "toy_filter refuses" not in text
    assert "Nothing is refused" in text


def test_program_page_shows_findings_and_every_call(ada: Client) -> None:
    obj = create_checked_object("toy_running", "other")
    text = ada.get(f"/objects/{obj.sha256}/programs/0/").content.decode()
    assert "toy_filter refuses" in text
    assert "toy_running" in text
    assert ">other<" not in text
    assert "toy.bpf.o" in text
    assert ada.get(f"/objects/{obj.sha256}/programs/2/").status_code == 404


def test_program_page_turns_pages_of_calls(
    ada: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    obj = create_checked_object("toy_running")
    program = obj.programs.get()
    program.calls.all().delete()
    Call.objects.bulk_create(
        Call(program=program, kfunc="toy_move", weak=False, instruction=number, path=[])
        for number in range(450)
    )
    address = f"/objects/{obj.sha256}/programs/0/"
    with django_assert_num_queries(10):
        text = ada.get(f"{address}?page=3").content.decode()
    assert "450 kfunc calls" in text
    assert "page 3 of 3" in text
    assert ">449<" in text
    assert ">399<" not in text
    whole = ada.get(f"/objects/{obj.sha256}/").content.decode()
    assert "1 kfunc" in whole
    assert ">450<" in whole


def test_object_page_opens_the_first_causes_and_leads_cells_to_them(ada: Client) -> None:
    obj = create_object()
    found = [create_finding("not_allowed", f"toy_{number}") for number in range(20)]
    for name, some in (("7.2", found), ("7.3", found[-1:])):
        kernel = save_kernel(replace(create_toy_kernel(), name=name), None).kernel
        store.save_verdict(obj, kernel.facts_hash, create_verdict(name, "toy_running", *some))
    text = ada.get(f"/objects/{obj.sha256}/").content.decode()
    assert text.count("finding-not_allowed cause") == 21  # 19 of them in one for all
    assert len(re.findall(r"id=\"cause-\d+\" open>", text)) == 1
    few = "toy_0, toy_1, toy_2, toy_3, toy_4, toy_5 and 13 others"
    assert f"<h3>{few}: not allowed in this context</h3>" in text
    assert f"These are {', '.join(f'toy_{number}' for number in range(18))} and toy_18." in text
    anchors = re.findall(r'href="#(cause-\d+)"', text)
    assert set(anchors) == {"cause-1"}
    assert 'id="cause-1"' in text
    assert "<code>toy_19</code>" in text[text.index('id="cause-1"') :][:400]


def test_page_allows_no_inline_code(ada: Client, data_folder: Path) -> None:
    answer = ada.get("/uploads/")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "style=" not in answer.content.decode()
