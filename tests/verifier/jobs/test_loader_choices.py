"""What the loader of an upload does: kept with the object, checked for, told in its notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from verifier.engine.judging.choice_text import parse_choices, plain_choices
from verifier.jobs.files import is_stored, remove
from verifier.jobs.opening import change_loader
from verifier.jobs.run import run_job
from verifier.jobs.submit import submit
from verifier.jobs.supply import supply
from verifier.records import store
from verifier.records.models import BpfObject, Check, Finding, Job, Review, Submission
from verifier.records.outcome import load_outcomes
from verifier.spaces.models import Space

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]

OBJECTS = Path(__file__).parents[2] / "objects"
KINDS = (OBJECTS / "kinds.bpf.o").read_bytes()
SECTION = "nobody/knows"  # of a program in kinds.bpf.o: libbpf knows no such section


@pytest.fixture(autouse=True)
def kernel() -> None:
    """Put a kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="7.2"), None)


def upload(*types: str, name: str = "kinds.bpf.o", data: bytes = KINDS) -> BpfObject:
    """Upload an object whose loader sets program types, and have it checked."""
    submit([SimpleUploadedFile(name, data)], None, parse_choices(types=types))
    return check()


def shared() -> Space:
    """Return the space that uploads without an uploader go into."""
    return Space.objects.home_of(None)


def check() -> BpfObject:
    """Do the jobs that are open; return the newest object."""
    for job in Job.objects.open():
        run_job(job.pk)
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE
    return BpfObject.objects.all()[0]


def type_of_section(obj: BpfObject) -> str:
    """Return the type of the program in the section."""
    return obj.programs.get(section=SECTION).program_type


def reasons_of(obj: BpfObject, program: str) -> list[str]:
    """Return the first reason of each thing that stands against a program."""
    checks = Check.objects.current().filter(object=obj)
    found = Finding.objects.filter(verdict__check_row__in=checks, verdict__program=program)
    return [item.data["reasons"][0]["text"] for item in found]


def asks_for_type(obj: BpfObject) -> bool:
    """Return whether the findings that stand on the program in the section ask for its type."""
    program = obj.programs.get(section=SECTION).name
    checks = Check.objects.current().filter(object=obj)
    data = Finding.objects.filter(verdict__check_row__in=checks, verdict__program=program)
    assert data.exists()
    return any(f"--type {SECTION}=TYPE" in str(found.data) for found in data)


def test_upload_is_checked_for_its_loader() -> None:
    obj = upload(f"{SECTION}=socket")
    assert type_of_section(obj) == "BPF_PROG_TYPE_SOCKET_FILTER"
    assert not asks_for_type(obj)
    assert f"the verdicts are those for its loader: --type {SECTION}=socket" in obj.notes


def test_without_a_loader_the_type_is_unknown_and_no_note_is_made() -> None:
    obj = upload()
    assert asks_for_type(obj)
    assert not any("loader" in note for note in obj.notes)


def test_loader_that_changes_has_the_object_checked_again() -> None:
    obj = upload()
    change_loader(obj, shared(), parse_choices(types=[f"{SECTION}=socket"]))
    obj.refresh_from_db()
    assert obj.read_at is None
    assert load_outcomes([obj]) == {}
    assert store.find_stale().count() == 0
    obj = check()
    assert not asks_for_type(obj)
    assert Check.objects.filter(object=obj).count() == 2


def test_loader_that_is_as_before_finds_the_verdicts_of_then() -> None:
    obj = upload(f"{SECTION}=socket")
    change_loader(obj, shared(), parse_choices())
    assert asks_for_type(check())
    before = set(Check.objects.values_list("pk", flat=True))
    change_loader(BpfObject.objects.get(), shared(), parse_choices(types=[f"{SECTION}=socket"]))
    obj = check()
    assert type_of_section(obj) == "BPF_PROG_TYPE_SOCKET_FILTER"
    assert not asks_for_type(obj)
    assert store.find_stale().count() == 0
    assert set(Check.objects.values_list("pk", flat=True)) == before


def test_job_that_is_open_ends_when_the_loader_changes() -> None:
    submit([SimpleUploadedFile("kinds.bpf.o", KINDS)], None)
    change_loader(BpfObject.objects.get(), shared(), parse_choices(types=[f"{SECTION}=socket"]))
    assert sorted(Job.objects.values_list("state", flat=True)) == ["cancelled", "queued"]


def test_same_upload_without_choices_leaves_the_loader_as_it_was() -> None:
    upload(f"{SECTION}=socket")
    assert not asks_for_type(upload())
    assert Job.objects.count() == 1


def test_what_does_not_fit_the_object_is_left_aside_and_said() -> None:
    obj = upload("no/such=xdp", f"{SECTION}=nonsense")
    assert asks_for_type(obj)
    said = [note for note in obj.notes if note.startswith("not taken over for its loader")]
    assert len(said) == 2
    assert "no program of this object is in a section no/such" in said[0]
    assert "'nonsense' is not a program type" in said[1]


def test_plain_choices_have_one_form() -> None:
    one = parse_choices(["b=2", "a=0x1"], ["m", "k.m"], ["s=xdp"], ["p=f"])
    other = parse_choices(["a=1", "b=2"], ["k.m", "m", "m"], ["s=xdp"], ["p=f"])
    assert plain_choices(one) == plain_choices(other)
    assert plain_choices(parse_choices()) == {}


def test_upload_form_takes_choices_and_the_object_page_shows_them(ada: Client) -> None:
    files = {"objects": SimpleUploadedFile("kinds.bpf.o", KINDS)}
    page = ada.post("/uploads/", {**files, "type": f"{SECTION}=socket\n"})["Location"]
    assert check().loader == {"type": [f"{SECTION}=socket"]}
    assert f">\n{SECTION}=socket</textarea>" in ada.get(page).content.decode()
    ada.post(f"{page}loader/", {"type": ""})
    assert check().loader == {}


def test_form_says_what_is_wrong_with_a_line(ada: Client) -> None:
    files = {"objects": SimpleUploadedFile("kinds.bpf.o", KINDS)}
    answer = ada.post("/uploads/", {**files, "type": "socket"})
    assert answer.status_code == 422
    assert "is not SECTION=TYPE." in answer.content.decode()
    assert not BpfObject.objects.exists()
    page = upload().get_absolute_url()
    answer = ada.post(f"{page}loader/", {"set": "debug"})
    assert answer.status_code == 422
    assert "is not NAME=NUMBER." in answer.content.decode()


def test_target_may_be_a_program_of_another_upload(ada: Client) -> None:
    other = upload(name="scheduler.bpf.o", data=(OBJECTS / "undeclared.bpf.o").read_bytes())
    program = other.programs.get(section="xdp").name
    page = upload().get_absolute_url()
    answer = ada.post(f"{page}loader/", {"target": f"replaces=scheduler.bpf.o:{program}"})
    assert answer.status_code == 302
    obj = check()
    assert obj.loader == {"target": [f"replaces={other.sha256}:{program}"]}
    told = f"{program}, which it attaches to, does not load on this kernel: "
    assert any(reason.startswith(told) for reason in reasons_of(obj, "replaces"))
    answer = ada.post(f"{page}loader/", {"target": "replaces=scheduler.bpf.o:nothing"})
    assert "has no program" in answer.content.decode()
    answer = ada.post(f"{page}loader/", {"target": f"replaces={'0' * 64}:{program}"})
    assert "that you may see" in answer.content.decode()


def test_target_that_is_gone_is_said_in_the_notes(ada: Client) -> None:
    """Only what a loader names is handed to the process that reads hostile bytes."""
    other = upload(name="other.bpf.o", data=(OBJECTS / "undeclared.bpf.o").read_bytes())
    program, sha256 = other.programs.get(section="xdp").name, other.sha256
    assert supply({"need": "object", "sha256": sha256}) == {"object": b""}
    assert supply({"need": "object", "sha256": sha256}, {sha256})["object"]
    other.delete()
    remove(sha256)
    assert supply({"need": "object", "sha256": sha256}, {sha256}) == {"object": b""}
    change_loader(upload(), shared(), parse_choices(targets=[f"replaces={sha256}:{program}"]))
    assert any("not taken over for its loader" in note for note in check().notes)


def test_api_takes_choices(client: Client) -> None:
    client.force_login(User.objects.create_user("eve"))
    files = {"objects": SimpleUploadedFile("kinds.bpf.o", KINDS)}
    answer = client.post("/api/objects/", {**files, "type": [f"{SECTION}=socket"]})
    assert answer.status_code == 202
    assert BpfObject.objects.get().loader == {"type": [f"{SECTION}=socket"]}
    files["objects"].seek(0)
    answer = client.post("/api/objects/", {**files, "cleared": ["a=b"]})
    assert answer.status_code == 400
    assert "is not the name of a struct_ops member" in answer.content.decode()


def test_what_one_space_says_of_a_loader_changes_nothing_in_another(ada: Client) -> None:
    eve = Client()
    files = {"objects": SimpleUploadedFile("kinds.bpf.o", KINDS)}
    mine = ada.post("/uploads/", files)["Location"]
    assert asks_for_type(check())
    eve.force_login(User.objects.create_user("eve"))
    files["objects"].seek(0)
    theirs = eve.post("/uploads/", {**files, "type": f"{SECTION}=socket"})["Location"]
    assert not asks_for_type(check())
    assert f"--type {SECTION}=TYPE" in ada.get(mine).content.decode()
    assert mine != theirs
    assert ada.get(theirs).status_code == 404
    assert f"--type {SECTION}=TYPE" not in eve.get(mine).content.decode(), "the bytes alone"
    moved = eve.post(f"{theirs}loader/", {"type": ""})["Location"]
    assert moved == mine, "both spaces say the same now"
    assert BpfObject.objects.count() == 1
    assert eve.get(theirs).status_code == 404


def test_reviews_and_waiting_jobs_go_along_with_a_loader_that_changes(ada: Client) -> None:
    obj = upload()
    space = shared()
    Submission.objects.create(space=Space.objects.home_of(User.objects.get())).files.create(
        name="kinds.bpf.o", object=obj
    )
    Review.objects.create(object=obj, space=space, decision=Review.Decision.REMARK, text="mine")
    changed = change_loader(obj, space, parse_choices(types=[f"{SECTION}=socket"]))
    assert changed.pk != obj.pk
    assert [review.text for review in changed.reviews.all()] == ["mine"]
    assert not obj.reviews.exists()
    assert obj.submitted.count() == changed.submitted.count() == 1
    assert changed.jobs.open().count() == 1
    assert not asks_for_type(check()), "the newest row"


def test_same_bytes_again_in_a_space_have_the_loader_that_was_said_last(ada: Client) -> None:
    first = upload(f"{SECTION}=socket")
    assert upload(f"{SECTION}=xdp").pk == first.pk
    assert BpfObject.objects.count() == 1
    assert first.submitted.count() == 2
    assert upload().loader == {"type": [f"{SECTION}=xdp"]}


def test_bytes_stay_while_another_loader_has_them(data_folder: Path) -> None:
    obj = upload()
    other = Space.objects.home_of(User.objects.create_user("eve"))
    Submission.objects.create(space=other).files.create(name="k.bpf.o", object=obj)
    changed = change_loader(obj, other, parse_choices(types=[f"{SECTION}=socket"]))
    changed.submitted.get().submission.delete()
    assert not BpfObject.objects.filter(pk=changed.pk).exists()
    assert is_stored(obj.sha256)
