"""Reviews: who may write one, what it needs, and that it says when verdicts are others since."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.catalogue.models import Kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.jobs.test_files import HEADER
from tests.verifier.web.checked_object import create_checked_object
from verifier.records import store
from verifier.records.models import BpfObject, Review

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def say(client: Client, obj: BpfObject, decision: str, text: str = "") -> int:
    """Post a review; give the status."""
    data = {"decision": decision, "text": text}
    return client.post(f"/objects/{obj.sha256}/reviews/", data).status_code


def page(client: Client, obj: BpfObject) -> str:
    return client.get(obj.get_absolute_url()).content.decode()


def test_a_reader_signs_off_and_the_others_see_it(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    assert "No reviews yet" in page(ada, obj)
    assert say(ada, obj, "signed_off", "Fine\nby <b>me</b>.") == 302
    ada.force_login(User.objects.create_user("grace"))
    text = page(ada, obj)
    assert "<strong>ada</strong>" in text
    assert 'verdict-passes">signed off' in text
    assert "by &lt;b&gt;me&lt;/b&gt;." in text
    assert "Verdicts have changed since" not in text
    assert 'verdict-passes">signed off' in ada.get("/uploads/").content.decode()


def test_strangers_say_nothing(client: Client) -> None:
    obj = create_checked_object("toy_running")
    assert say(client, obj, "signed_off") == 302
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("decision", "text", "problem"),
    [
        ("changes", "  ", "Write what should change"),
        ("remark", "", "Write what should change"),
        ("", "kept words", "This field is required"),
        ("else", "kept words", "Select a valid choice"),
        ("signed_off", "kept words " * 500, "at most 5000 characters"),
    ],
)
def test_what_is_missing_is_said_and_the_words_are_kept(
    ada: Client, decision: str, text: str, problem: str
) -> None:
    obj = create_checked_object("toy_running")
    data = {"decision": decision, "text": text}
    answer = ada.post(f"/objects/{obj.sha256}/reviews/", data)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert text.strip()[:10] in answer.content.decode()
    assert not Review.objects.exists()


def test_what_was_not_checked_cannot_be_signed_off(ada: Client) -> None:
    obj = create_object(summary=create_summary("toy_running"))
    assert say(ada, obj, "signed_off") == 422
    assert not Review.objects.exists()


def test_a_review_says_what_changed_since(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    say(ada, obj, "signed_off")
    assert Review.objects.get().seen == {"6.18": "passes", "7.2": "refused"}
    newest = Kernel.objects.get(name="7.3")
    verdict = create_verdict("7.3", "toy_running", create_finding())
    store.save_verdict(obj, newest.facts_hash, verdict)
    assert "Verdicts have changed since: 7.3 not checked → refused." in page(ada, obj)
    assert "by ada; the verdicts have changed since" in page(ada, obj)
    assert "; verdicts have changed since" in ada.get("/uploads/").content.decode()


def test_the_list_shows_the_latest_decision_and_no_remark(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    say(ada, obj, "signed_off")
    say(ada, obj, "changes", "Guard it.")
    say(ada, obj, "remark", "A remark.")
    text = ada.get("/uploads/").content.decode()
    assert 'verdict-refused">changes requested' in text
    assert "signed off" not in text
    assert ">remark<" not in text
    assert page(ada, obj).index("A remark.") < page(ada, obj).index("Guard it.")


def test_a_reviewer_who_uploaded_the_object_is_marked(ada: Client) -> None:
    ada.post("/uploads/", {"objects": SimpleUploadedFile("toy.bpf.o", HEADER)})
    obj = BpfObject.objects.get()
    Review.objects.create(object=obj, author=User.objects.get(), decision="signed_off")
    other = User.objects.create_user("grace")
    Review.objects.create(object=obj, author=other, decision="signed_off")
    assert page(ada, obj).count("who uploaded it") == 1


def test_a_review_outlives_its_author(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    say(ada, obj, "signed_off")
    User.objects.create_user("grace")
    User.objects.get(username="ada").delete()
    ada.force_login(User.objects.get(username="grace"))
    assert "<strong>somebody</strong>" in page(ada, obj)
