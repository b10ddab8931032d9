"""Uploads that hold objects: every object in them is kept under its own name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from tests.verifier.engine.containers.hosts import program, skeleton, tar, zipped
from verifier.jobs.submit import submit
from verifier.records.models import BpfObject, Job, Submission

OBJECTS = Path(__file__).resolve().parents[2] / "objects"
TOY = (OBJECTS / "members.bpf.o").read_bytes()
OTHER = (OBJECTS / "symbol.bpf.o").read_bytes()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> None:
    """Keep uploads in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path


def upload(*files: tuple[str, bytes]) -> Submission:
    """Submit files."""
    return submit((SimpleUploadedFile(name, data) for name, data in files), None)


def kept(submission: Submission) -> list[tuple[str, bool]]:
    """Return the files of a submission, and whether each is an object."""
    return [(file.name, file.object is not None) for file in submission.files.all()]


def test_program_gives_the_objects_it_carries() -> None:
    submission = upload(("scx_toy", program(TOY, OTHER)))
    assert [is_object for _, is_object in kept(submission)] == [True, True]
    assert all(name.startswith("scx_toy@0x") for name, _ in kept(submission))
    assert set(BpfObject.objects.values_list("size", flat=True)) == {len(TOY), len(OTHER)}
    assert Job.objects.count() == 2


def test_archive_is_kept_member_by_member_and_nothing_else_of_it() -> None:
    data = tar({"a/toy.bpf.o": TOY, "README": b"nothing", "b/other": program(OTHER)}, "w:gz")
    names = [name for name, _ in kept(upload(("tools.tar.gz", data)))]
    assert names[0] == "tools.tar.gz!a/toy.bpf.o"
    assert names[1].startswith("tools.tar.gz!b/other@0x")
    assert BpfObject.objects.count() == 2


def test_same_bytes_in_two_forms_are_one_object() -> None:
    submission = upload(("toy.skel.h", skeleton("toy", TOY)), ("toy.bpf.o", TOY))
    assert [file.known_before for file in submission.files.all()] == [False, True]
    assert BpfObject.objects.count() == 1


def test_upload_without_objects_says_how_much_was_looked_at() -> None:
    submission = upload(("docs.zip", zipped({"a.txt": b"a", "b.txt": b"b"})))
    problem = submission.files.get().problem
    assert problem == "Not taken: no BPF object is in it (2 files looked at)."


def test_container_that_takes_too_long_is_refused_and_the_others_are_taken(
    settings: Settings,
) -> None:
    settings.KFMAP_CHECK_SECONDS = 0
    submission = upload(("tools.zip", zipped({"toy.bpf.o": TOY})), ("toy.bpf.o", TOY))
    assert kept(submission) == [("tools.zip", False), ("toy.bpf.o", True)]
    assert "took longer than 0 s" in submission.files.all()[0].problem


def test_container_above_the_limit_is_not_looked_into(settings: Settings) -> None:
    settings.KFMAP_MAX_UPLOAD_BYTES = 1 << 20
    submission = upload(("large.tar", bytes(2 << 20)))
    assert "larger than 1 MB" in submission.files.get().problem
