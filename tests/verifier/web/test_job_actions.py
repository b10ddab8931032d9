"""Checks that are begun again, put aside and ended from their pages."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.jobs.test_files import HEADER
from tests.verifier.web.checked_object import create_checked_object, upload
from verifier.jobs import reconcile
from verifier.records import store
from verifier.records.models import BpfObject, Job
from verifier.records.models.job import MAX_ATTEMPTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


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


def test_objects_to_be_checked_again_are_counted_to_a_hundred(ada: Client) -> None:
    objects = [create_object("a.o", create_summary("p"), f"{at:064x}") for at in range(102)]
    BpfObject.objects.update(checked_by=0)
    assert "More than 100 objects have not been checked" in ada.get("/uploads/").content.decode()
    BpfObject.objects.filter(pk__in=[obj.pk for obj in objects[2:]]).update(checked_by=1)
    Job.objects.bulk_create(Job(object=obj) for obj in objects[2:])
    assert ">2 objects have not been checked" in ada.get("/uploads/").content.decode()


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


@pytest.mark.parametrize("order", ["", "&o=3", "&o=-3.1"])
def test_pages_of_the_admin_hold_each_job_once(admin_client: Client, order: str) -> None:
    for number in range(30):
        obj = BpfObject.objects.create(sha256=f"{number:064x}", file_name="a.o", size=1)
        Job.objects.create(object=obj, state=Job.State.DONE if number % 2 else Job.State.FAILED)
    shown: list[int] = []
    for page in (1, 2):
        answer = admin_client.get(f"/admin/verifier/job/?p={page}{order}")
        shown += [job.pk for job in answer.context["cl"].result_list]
    assert len(shown) == 30
    assert sorted(shown) == sorted(Job.objects.values_list("pk", flat=True))
