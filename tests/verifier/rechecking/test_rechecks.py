"""Stored objects are checked again when something arrives; their owners are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from kfmap.permission.engine import ENGINE_VERSION
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_policies import DENIES, PERMITS
from tests.verifier.spaces.test_space_pages import as_
from verifier.engine.result import Finding
from verifier.jobs import tasks
from verifier.jobs.submit import submit
from verifier.rechecking.advance import advance
from verifier.rechecking.models import Noticed, Recheck, RecheckedObject
from verifier.rechecking.noticing import notice_changes
from verifier.rechecking.telling import tell_owners
from verifier.records import store
from verifier.records.models import BpfObject, Check, Job
from verifier.spaces.models import Notice, PolicyVersion

pytestmark = pytest.mark.django_db
OBJECTS = Path(__file__).parents[2] / "objects"


def add_kernel(name: str, version: str = "7.2.1") -> Kernel:
    """Put a kernel into the map, some time ago: it comes alone."""
    save_kernel(replace(create_toy_kernel(), name=name, version=version), None, replace=True)
    Kernel.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    return Kernel.objects.get(name=name)


def answer(obj: BpfObject, kernel: Kernel, *findings: Finding) -> None:
    """Keep a verdict: refused where something is found."""
    store.save_verdict(
        obj, kernel.facts_hash, create_verdict(kernel.name, "toy_running", *findings)
    )


def finish_jobs(*findings: Finding) -> int:
    """Do as a worker would: answer every kernel that waits; return how many there were."""
    count = 0
    for job in Job.objects.open():
        for kernel in store.pending_kernels(job.object):
            answer(job.object, kernel, *findings)
            count += 1
        Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=timezone.now())
    return count


@pytest.fixture
def team() -> Team:
    """Make a space with an object that passes on 7.2, all of it noticed."""
    team = create_team()
    answer(team.object, add_kernel("7.2"))
    notice_changes()
    return team


def test_nothing_new_begins_nothing(team: Team) -> None:
    advance()
    assert not Recheck.objects.exists()
    assert not Job.objects.exists()


def test_new_kernel_has_every_object_checked_and_tells_what_broke(
    team: Team,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.KFMAP_SENDS_MAIL = True
    settings.CSRF_TRUSTED_ORIGINS = ["https://kfmap.example"]
    submitter = team.user("submitter")
    submitter.email = "s@example.org"
    submitter.save()
    add_kernel("7.3")
    advance()
    run = Recheck.objects.get()
    assert (run.reason, run.space, run.state) == ("Kernel 7.3 came into the map.", None, "running")
    page = as_(team, "reader").get(run.get_absolute_url()).content.decode()
    assert "0 of the 1 object that you see" in page
    assert finish_jobs(create_finding()) == 1  # 7.2 is not asked again
    with django_capture_on_commit_callbacks(execute=True):
        advance()
    advance()
    run.refresh_from_db()
    assert run.state == "done"
    notice = Notice.objects.get()
    assert notice.user == submitter
    assert "came into the map. Of your objects 1 broke: team.bpf.o." in notice.text
    assert notice.url.endswith(run.get_absolute_url())
    page = as_(team, "reader").get(run.get_absolute_url()).content.decode()
    assert "kernel 7.3: refused (on 7.2: passes): toy_running" in page
    assert team.object.get_absolute_url() in page
    (letter,) = mail.outbox
    assert f"https://kfmap.example{team.object.get_absolute_url()}" in letter.body
    assert "broke: kernel 7.3: refused" in letter.body


def test_outsider_and_visitor_learn_nothing_of_objects_they_may_not_see(team: Team) -> None:
    add_kernel("7.3")
    advance()
    finish_jobs(create_finding())
    advance()
    address = Recheck.objects.get().get_absolute_url()
    page = as_(team, "outsider").get(address).content.decode()
    assert "team.bpf.o" not in page
    assert "0 of the 0 objects that you see" in page
    assert as_(team, "outsider").post(f"{address}cancel/").status_code == 403
    team.space.memberships.filter(user=team.user("submitter")).delete()
    Notice.objects.all().delete()
    run = Recheck.objects.get()
    tell_owners(run)
    assert not Notice.objects.exists()


def test_engine_that_rises_compares_with_what_the_old_one_said(team: Team) -> None:
    team.object.checks.all().delete()
    answer(team.object, Kernel.objects.get(), create_finding())
    Check.objects.update(engine_version=ENGINE_VERSION - 1)
    Noticed.objects.all().delete()  # a first start after an update
    advance()
    advance()
    assert "engine rose from version" in Recheck.objects.get().reason
    finish_jobs()
    advance()
    assert "1 healed: team.bpf.o" in Notice.objects.get().text
    advance()
    assert Recheck.objects.count() == 1


def test_kernel_that_changes_is_compared_with_its_former_facts(team: Team) -> None:
    add_kernel("7.2", version="7.2.9")
    advance()
    assert Recheck.objects.get().reason == "Kernel 7.2 changed in the map."
    finish_jobs(create_finding())
    advance()
    (change,) = RecheckedObject.objects.get().changes
    assert (change["before"], change["after"], change["than"]) == ("passes", "refused", "")


def test_policy_in_force_is_held_against_objects_without_computing_any_again(team: Team) -> None:
    stranger = create_object("other.bpf.o", sha256="cd" * 32)
    PolicyVersion.objects.keep(team.space, "ours", DENIES, team.user("maintainer"))
    advance()
    run = Recheck.objects.get()
    assert (run.space, run.state) == (team.space, "done")
    assert [item.object for item in run.items.all()] == [team.object]
    assert not Job.objects.exists()
    assert not stranger.rechecked.exists()
    assert "1 broke: team.bpf.o" in Notice.objects.get().text
    page = as_(team, "reader").get(run.get_absolute_url()).content.decode()
    assert "the policy ours denies it now" in page
    assert as_(team, "outsider").get(run.get_absolute_url()).status_code == 404
    PolicyVersion.objects.keep(team.space, "ours", PERMITS, team.user("maintainer"))
    advance()
    assert "1 healed: team.bpf.o" in Notice.objects.latest("pk").text


def test_rate_limit_holds_and_the_rest_follows(team: Team, settings: Settings) -> None:
    settings.KFMAP_RECHECKS_PER_MINUTE = 2
    for number in range(4):
        obj = create_object(f"{number}.bpf.o", sha256=f"c{number}" * 32, shared=False)
        team.submission.files.create(name=obj.file_name, object=obj)
        answer(obj, Kernel.objects.get())
    add_kernel("7.3")
    for expected in (2, 4, 5):
        advance()
        advance()
        assert Job.objects.count() == expected
        finish_jobs()
        advance()
        assert Job.objects.count() == expected
        RecheckedObject.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    assert Recheck.objects.get().state == "done"
    assert not Notice.objects.exists()  # nothing broke, nothing healed


def test_worker_that_died_between_two_steps_is_followed_by_another(team: Team) -> None:
    add_kernel("7.3")
    advance()
    Job.objects.all().delete()  # as if it had ended before it opened the job
    advance()
    assert Job.objects.open().count() == 1
    Job.objects.update(state=Job.State.FAILED, problem="It broke off.", finished_at=timezone.now())
    advance()
    assert RecheckedObject.objects.get().problem == "It broke off."
    assert "1 could not be checked: team.bpf.o" in Notice.objects.get().text


def test_object_that_breaks_a_step_is_left_and_holds_up_no_other(team: Team) -> None:
    PolicyVersion.objects.keep(team.space, "ours", "version: [", team.user("maintainer"))
    obj = create_object("other.bpf.o", sha256="cd" * 32, shared=False)
    team.submission.files.create(name=obj.file_name, object=obj)
    advance()
    items = RecheckedObject.objects.order_by("pk")
    assert [item.state for item in items] == ["left", "sent"]
    assert "broke off" in items[0].problem
    assert Job.objects.open().get().object == obj


def test_cancelled_one_sends_nothing_more_and_tells_nobody(team: Team) -> None:
    add_kernel("7.3")
    advance()
    run = Recheck.objects.get()
    assert as_(team, "administrator").post(f"{run.get_absolute_url()}cancel/").status_code == 302
    finish_jobs(create_finding())
    advance()
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert (Recheck.objects.count(), Notice.objects.count()) == (1, 0)


def test_kernel_that_comes_meanwhile_is_noticed_when_the_first_is_over(team: Team) -> None:
    add_kernel("7.3")
    advance()
    add_kernel("7.4")
    advance()
    assert Recheck.objects.count() == 1
    finish_jobs()  # both: a job asks what is missing when it runs
    advance()
    advance()
    assert [run.reason for run in Recheck.objects.order_by("pk")] == [
        "Kernel 7.3 came into the map.",
        "Kernel 7.4 came into the map.",
    ]
    assert Job.objects.count() == 1
    assert not Recheck.objects.open().exists()


def test_kernels_that_still_come_are_waited_for(team: Team) -> None:
    save_kernel(replace(create_toy_kernel(), name="7.3"), None)
    advance()
    assert not Recheck.objects.exists()
    add_kernel("7.4")
    advance()
    assert Recheck.objects.get().reason == "Kernels 7.3, 7.4 came into the map."


def test_older_engine_beside_a_newer_one_begins_nothing(team: Team) -> None:
    row = Noticed.objects.get()
    row.moment["engine"] = ENGINE_VERSION + 1
    row.save()
    add_kernel("7.3")
    advance()
    assert not Recheck.objects.exists()


def leave_behind(obj: BpfObject) -> None:
    """Do as a worker of the release before this one does, beside one of this release."""
    answer(obj, Kernel.objects.get())
    Check.objects.filter(object=obj).update(engine_version=ENGINE_VERSION - 1)
    BpfObject.objects.filter(pk=obj.pk).update(checked_by=0, read_at=timezone.now())
    Job.objects.create(object=obj, state=Job.State.DONE, finished_at=timezone.now())


def test_what_an_older_worker_checked_meanwhile_is_checked_by_this_one(team: Team) -> None:
    obj = create_object("later.bpf.o", sha256="ef" * 32)
    leave_behind(obj)
    advance()
    assert [job.object for job in Job.objects.open()] == [obj]
    finish_jobs()
    advance()
    assert not Job.objects.open().exists()
    assert set(Check.objects.current().values_list("object", flat=True)) == {obj.pk, team.object.pk}
    assert not Recheck.objects.exists()


def test_what_somebody_stopped_or_a_recheck_has_is_not_taken_for_left_behind(team: Team) -> None:
    stopped, in_recheck = (
        create_object(f"{pair}.bpf.o", sha256=pair * 32) for pair in ("aa", "bb")
    )
    for obj in (stopped, in_recheck):
        leave_behind(obj)
    Job.objects.filter(object=stopped).update(state=Job.State.CANCELLED)
    now = Noticed.objects.get().moment
    run = Recheck.objects.create(reason="An engine came.", before={}, now=now)
    run.items.create(object=in_recheck)
    run.end(Recheck.State.CANCELLED)
    advance()
    assert not Job.objects.open().exists()


def test_list_shows_rechecks_to_accounts(team: Team) -> None:
    add_kernel("7.3")
    advance()
    assert "Kernel 7.3 came" in as_(team, "outsider").get("/rechecks/").content.decode()


@pytest.mark.usefixtures("data_folder")
def test_real_check_of_real_bytes_asks_the_new_kernel_alone() -> None:
    user = User.objects.create_user("ada")
    for name in ("6.12", "7.2"):
        add_kernel(name)
    advance()
    data = (OBJECTS / "options.bpf.o").read_bytes()
    submit([SimpleUploadedFile("options.bpf.o", data)], user)
    tasks.check_object_job(Job.objects.get().pk)
    known = set(Check.objects.values_list("pk", "created_at"))
    configured = replace(create_toy_kernel(), name="7.3", version="configured")
    save_kernel(configured, None, config=b"CONFIG_NUMBER=100\n")
    Kernel.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    advance()
    tasks.check_object_job(Job.objects.open().get().pk)
    advance()
    assert known < set(Check.objects.values_list("pk", "created_at"))
    assert Check.objects.count() == 3
    changes = RecheckedObject.objects.get().changes
    (number,) = [change for change in changes if "number" in change["programs"]]
    assert [number[key] for key in ("what", "than", "before", "after", "kind")] == [
        "7.3",
        "7.2",
        "unknown",
        "passes",
        "other",
    ]
    assert "1 changed: options.bpf.o" in user.notices.get().text


def test_cancelled_one_goes_on_where_it_was_and_tells_once(team: Team) -> None:
    add_kernel("7.3")
    advance()
    address = f"/api/rechecks/{Recheck.objects.get().pk}/"
    client = as_(team, "administrator")
    assert client.post(f"{address}cancel/").json()["state"] == "cancelled"
    assert client.post(f"{address}cancel/").status_code == 409
    assert "Continue" in client.get(Recheck.objects.get().get_absolute_url()).content.decode()
    finish_jobs(create_finding())
    assert client.post(f"{address}resume/").json()["state"] == "running"
    answer_ = client.post(f"{address}resume/")
    assert (answer_.status_code, answer_["Content-Type"]) == (409, "application/problem+json")
    advance()
    advance()
    assert Notice.objects.count() == 1
    told = client.get(address).json()
    assert (told["state"], told["total"], told["checked"]) == ("done", 1, 1)
    (obj,) = told["objects"]
    assert obj["name"] == "team.bpf.o"
    assert [(row["kind"], row["what"]) for row in obj["changes"]] == [("broke", "7.3")]


def test_api_lists_rechecks_and_hides_what_the_reader_may_not_see(team: Team) -> None:
    add_kernel("7.3")
    advance()
    finish_jobs(create_finding())
    advance()
    advance()
    rows = as_(team, "reader").get("/api/rechecks/?state=done").json()["results"]
    assert [(row["reason"], row["total"]) for row in rows] == [("Kernel 7.3 came into the map.", 1)]
    assert as_(team, "reader").get("/api/rechecks/?state=running").json()["count"] == 0
    hidden = as_(team, "outsider").get(rows[0]["url"]).json()
    assert (hidden["total"], hidden["objects"]) == (0, [])
    assert as_(team, "reader").post(f"{rows[0]['url']}cancel/").status_code == 403


def test_admin_cancels_and_resumes(team: Team) -> None:
    add_kernel("7.3")
    advance()
    client, run = as_(team, "administrator"), Recheck.objects.get()
    list_page = "/admin/verifier_rechecking/recheck/"
    assert "0 of 1" in client.get(list_page).content.decode()
    for action, state in (("cancel", "cancelled"), ("resume", "running")):
        client.post(list_page, {"action": action, "_selected_action": [run.pk]})
        run.refresh_from_db()
        assert run.state == state
