"""The pages of uploads: who may see them, what they show, what they do with hostile names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import HTML, create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.jobs.test_files import HEADER
from verifier.engine.reports import RENDERERS
from verifier.engine.result import ObjectVerdict
from verifier.jobs import reconcile
from verifier.records import store
from verifier.records.models import BpfObject, Call, Job, Submission, SubmittedFile
from verifier.records.models.job import MAX_ATTEMPTS
from verifier.spaces.models import Space

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def upload(client: Client, *files: tuple[str, bytes]) -> str:
    """Upload files at once; give where the browser is sent."""
    objects = [SimpleUploadedFile(name, data) for name, data in files]
    answer = client.post("/uploads/", {"objects": objects})
    assert answer.status_code == 302
    return str(answer["Location"])


def create_checked_object(*programs: str) -> BpfObject:
    """Make an object that 6.18 takes and 7.2 refuses; 7.3 was not asked."""
    obj = create_object(summary=create_summary(*programs))
    for name in ("7.3", "7.2", "6.18"):
        kernel = save_kernel(replace(create_toy_kernel(), name=name), None).kernel
        found = (create_finding(),) if name == "7.2" else ()
        if name != "7.3":
            verdict = create_verdict(name, programs[0], *found)
            store.save_verdict(obj, kernel.facts_hash, verdict)
    return obj


@pytest.mark.parametrize("path", ["uploads/", f"objects/{'0' * 64}/", "uploads/1/"])
def test_pages_send_strangers_to_the_login(client: Client, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 302
    assert str(answer["Location"]).startswith("/accounts/login/")


def test_stranger_cannot_upload(client: Client) -> None:
    client.post("/uploads/", {"objects": SimpleUploadedFile("a.o", HEADER)})
    assert BpfObject.objects.count() == 0


def test_one_object_leads_to_its_page_with_a_job(ada: Client) -> None:
    page = upload(ada, ("toy.bpf.o", HEADER))
    obj = BpfObject.objects.get()
    assert page == f"/objects/{obj.sha256}/"
    assert Job.objects.get().object == obj
    assert "waiting" in ada.get(page).content.decode()


def test_several_objects_lead_to_the_upload_with_each(ada: Client) -> None:
    page = upload(ada, ("a.bpf.o", HEADER), ("b.bpf.o", HEADER + b"b"), ("c.bpf.o", b""))
    text = ada.get(page).content.decode()
    assert "a.bpf.o" in text
    assert "c.bpf.o</strong>: Not taken: the file is empty." in text
    assert Job.objects.count() == 2


def test_same_object_twice_is_known_and_gets_no_second_job(ada: Client) -> None:
    upload(ada, ("toy.bpf.o", HEADER))
    page = upload(ada, ("copy.bpf.o", HEADER))
    assert page == f"/objects/{BpfObject.objects.get().sha256}/"
    assert Job.objects.count() == 1
    assert Submission.objects.first().files.get().known_before  # type: ignore[union-attr]


def test_too_large_an_object_is_refused_by_name(ada: Client, settings: Settings) -> None:
    settings.KFMAP_MAX_UPLOAD_BYTES = 1 << 20
    page = upload(ada, ("large.bpf.o", HEADER + bytes(2 << 20)))
    text = ada.get(page).content.decode()
    assert "large.bpf.o</strong>: Not taken: larger than 1 MB" in text


def test_upload_of_nothing_says_so(ada: Client) -> None:
    assert "Choose one or more" in ada.post("/uploads/", follow=True).content.decode()


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
    assert "Among the released kernels, only 6.18 refuses nothing." in text
    assert "new: toy_move: not allowed in this context" in text
    back = ada.get(f"/objects/{obj.sha256}/?before=7.2&after=6.18").content.decode()
    assert "gone: toy_move: not allowed in this context" in back
    same = ada.get(f"/objects/{obj.sha256}/?before=7.2&after=7.2").content.decode()
    assert "Nothing changes for this object between 7.2 and 7.2." in same


@pytest.mark.parametrize("query", ["before=9.9&after=7.2", "before=7.3&after=6.18", "before=7.2"])
def test_kernels_that_were_not_asked_leave_the_newest_two(ada: Client, query: str) -> None:
    obj = create_checked_object("toy_running")
    text = ada.get(f"/objects/{obj.sha256}/?{query}").content.decode()
    assert "new: toy_move: not allowed in this context" in text


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
    BpfObject.objects.update(file_name=HTML)
    for path in (f"/objects/{obj.sha256}/", "/uploads/"):
        text = ada.get(path).content.decode()
        assert HTML not in text
        assert "&lt;script&gt;" in text


def test_hidden_characters_of_names_are_shown_on_pages_and_in_progress(ada: Client) -> None:
    turned = "safe\u202egnp.bpf.o"
    obj = create_checked_object("toy_running")
    BpfObject.objects.update(file_name=turned)
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
    with django_assert_num_queries(16):
        ada.get(f"/objects/{obj.sha256}/")
    user = User.objects.get()
    upload = Submission.objects.create(user=user, space=Space.objects.personal(user))
    upload.files.create(name="toy.bpf.o", object=obj)
    with django_assert_num_queries(16):  # programs and calls are kept, reviews of a space come
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


def test_list_of_objects_costs_the_same_for_any_number(
    ada: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        obj = BpfObject.objects.create(sha256=f"{number:064x}", file_name="x.o", size=1)
        Job.objects.create(object=obj)
    with django_assert_num_queries(8):
        ada.get("/uploads/")


def test_objects_of_an_older_engine_are_checked_again_at_once(ada: Client) -> None:
    old, new = (create_object(f"{name}.o", create_summary("p"), name * 64) for name in "ab")
    kernel = save_kernel(create_toy_kernel(), None).kernel
    for obj in (old, new):
        store.save_verdict(obj, kernel.facts_hash, create_verdict(kernel.name, "p"))
    assert "not been checked by this version" not in ada.get("/uploads/").content.decode()
    old.checks.update(engine_version=0)
    BpfObject.objects.filter(pk=old.pk).update(checked_by=0)
    assert "1 object has not been checked by this version" in ada.get("/uploads/").content.decode()
    text = ada.post("/uploads/check/", follow=True).content.decode()
    assert "1 object waits to be checked." in text
    assert "not been checked by this version" not in text
    assert [job.object for job in Job.objects.all()] == [old]


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_object_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    answer = ada.get(f"/objects/{obj.sha256}/?format={name}")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert b"7.2" in answer.content or name in ("pdf", "xlsx")  # those are compressed
    assert ada.get(f"/objects/{obj.sha256}/?format={name}").content == answer.content


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_submission_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    submission = Submission.objects.create()
    SubmittedFile.objects.create(submission=submission, object=obj, name="toy.bpf.o")
    SubmittedFile.objects.create(submission=submission, name="=x.o", problem="not an ELF file")
    answer = ada.get(f"/uploads/{submission.pk}/?format={name}")
    assert answer.status_code == 200
    assert f"kfmap-submission-{submission.pk}." in answer["Content-Disposition"]
    if name in ("text", "json", "csv", "markdown", "junit", "sarif", "html"):
        assert "not an ELF file" in answer.content.decode()


@pytest.mark.parametrize("name", ["svg", "graphml", "dot", "json"])
def test_graph_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    answer = ada.get(f"/objects/{obj.sha256}/graph/?kernel=7.2&format={name}")
    assert answer.status_code == 200
    assert b"toy_move" in answer.content
    shown = ada.get(f"/objects/{obj.sha256}/graph/?kernel=6.18&all=1").content.decode()
    assert f'href="?kernel=6.18&amp;all=1&amp;format={name}"' in shown


def test_graph_colours_the_path_of_a_finding(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    for name, word in (("7.2", "refused"), ("6.18", "allowed")):
        graph = ada.get(f"/objects/{obj.sha256}/graph/?kernel={name}&format=json").json()
        (end,) = [node for node in graph["nodes"] if node["kind"] == "kfunc"]
        assert end["verdict"] == word


def test_graph_of_hostile_names_has_no_markup(ada: Client) -> None:
    obj = create_checked_object(HTML)
    text = ada.get(f"/objects/{obj.sha256}/graph/").content.decode()
    assert HTML not in text
    assert "&lt;script&gt;" in text


def test_unknown_format_is_not_found(ada: Client) -> None:
    assert ada.get(f"/objects/{create_object().sha256}/?format=exe").status_code == 404


def test_object_is_checked_on_kernels_that_came_later(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    ada.post(f"/objects/{obj.sha256}/check/")
    assert Job.objects.get().state == Job.State.QUEUED
    assert [kernel.name for kernel in store.pending_kernels(obj)] == ["7.3"]


def test_object_known_everywhere_gets_no_job(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    Kernel.objects.filter(name="7.3").delete()
    answer = ada.post(f"/objects/{obj.sha256}/check/", follow=True)
    assert "checked on every kernel" in answer.content.decode()
    assert Job.objects.count() == 0


def test_waiting_job_can_be_cancelled(ada: Client) -> None:
    upload(ada, ("toy.bpf.o", HEADER))
    ada.post(f"/objects/{BpfObject.objects.get().sha256}/cancel/")
    assert Job.objects.get().state == Job.State.CANCELLED


def test_page_allows_no_inline_code(ada: Client, data_folder: Path) -> None:
    answer = ada.get("/uploads/")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "style=" not in answer.content.decode()


def take_an_upload_while_the_queue_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> BpfObject:
    """Upload to a kfmap whose broker does not answer; give the object."""
    monkeypatch.setattr(reconcile, "send_jobs", list)
    answer = client.post("/uploads/", {"objects": SimpleUploadedFile("a.o", HEADER)})
    assert answer.status_code == 202
    assert "waits for the queue" in answer.content.decode()
    return BpfObject.objects.get()


def test_upload_that_the_broker_does_not_take_waits_for_the_queue(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    obj = take_an_upload_while_the_queue_is_away(ada, monkeypatch)
    assert "waiting for the queue" in ada.get(obj.get_absolute_url()).content.decode()


def test_job_can_be_put_aside_and_goes_on(ada: Client) -> None:
    path = upload(ada, ("a.o", HEADER))
    ada.post(f"{path}park/")
    assert Job.objects.get().state == Job.State.PARKED
    assert "Continue" in ada.get(path).content.decode()
    upload(ada, ("a.o", HEADER))
    assert Job.objects.get().state == Job.State.PARKED
    ada.post(f"{path}check/")
    assert Job.objects.get().state == Job.State.QUEUED


def test_job_that_broke_off_can_be_tried_again(ada: Client) -> None:
    path = upload(ada, ("a.o", HEADER))
    Job.objects.update(state=Job.State.FAILED, problem="It broke.", attempts=MAX_ATTEMPTS)
    assert "Try again" in ada.get(path).content.decode()
    ada.post(f"{path}check/")
    assert Job.objects.open().count() == 1


def test_job_without_a_worker_can_be_cancelled(ada: Client) -> None:
    path = upload(ada, ("a.o", HEADER))
    Job.objects.update(state=Job.State.RUNNING, heartbeat=timezone.now())
    ada.post(f"{path}cancel/")
    assert Job.objects.get().state == Job.State.CANCELLED


@pytest.mark.parametrize(
    ("action", "state"),
    [("cancel", Job.State.CANCELLED), ("park", Job.State.PARKED), ("retry", Job.State.QUEUED)],
)
def test_administrator_ends_parks_and_retries_jobs(
    admin_client: Client, action: str, state: str
) -> None:
    obj = BpfObject.objects.create(sha256="ab" * 32, file_name="a.o", size=1)
    job = Job.objects.create(object=obj)
    form = {"action": action, "_selected_action": [job.pk]}
    answer = admin_client.post("/admin/verifier/job/", form, follow=True)
    assert "1 job is " in answer.content.decode()
    assert Job.objects.get().state == state
