"""What was spent: counted together, bounded, and begun anew with each span of time."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from pytest_django import Settings

from kfmap.quotas import spans
from kfmap.quotas.addresses import address_of
from kfmap.quotas.guesses import FAILED_SIGN_INS, spend_message
from kfmap.quotas.limits import Limit, QuotaError
from kfmap.quotas.models import Spent
from verifier.records.models import BpfObject, Submission

pytestmark = pytest.mark.django_db
OBJECT = Path(__file__).parents[1] / "objects" / "kinds.bpf.o"
LIMIT = Limit("tries", 3, 60)


@pytest.fixture
def data_folder(settings: Settings, tmp_path: Path) -> None:
    """Keep what is uploaded in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path


def test_limit_is_kept_by_account_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000.0
    monkeypatch.setattr(spans, "now", lambda: now)
    assert [Spent.objects.spend(LIMIT, "ada") for _ in range(5)] == [True] * 3 + [False] * 2
    assert Spent.objects.left(LIMIT, "ada") == 0
    assert Spent.objects.left(LIMIT, "eve") == 3
    monkeypatch.setattr(spans, "now", lambda: now + 60)
    assert Spent.objects.left(LIMIT, "ada") == 3
    monkeypatch.setattr(spans, "now", lambda: now + 200_000)
    assert Spent.objects.spend(LIMIT, "eve")
    assert Spent.objects.count() == 1  # what ended long ago is forgotten


def test_amount_that_does_not_fit_is_not_counted() -> None:
    assert not Spent.objects.spend(LIMIT, "ada", 4)
    assert Spent.objects.spend(LIMIT, "ada", 3)


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "local"),
    ],
)
def test_address_is_that_of_one_customer(sent: str, counted: str) -> None:
    request = RequestFactory(REMOTE_ADDR=sent).get("/", headers={"x-forwarded-for": "198.51.100.1"})
    assert address_of(request) == counted


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("path", "status"), [("/uploads/", 302), ("/api/objects/", 202)], ids=["page", "API"]
)
def test_uploads_of_an_account_are_bounded(
    path: str, status: int, client: Client, settings: Settings
) -> None:
    settings.KFMAP_UPLOADS_PER_MINUTE = 2
    client.force_login(User.objects.create_user("ada"))
    answers = []
    for number in range(3):  # each under a name of its own: the same again is one upload
        file = SimpleUploadedFile(f"{number}.o", OBJECT.read_bytes())
        answers.append(client.post(path, {"objects": file}))
    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert b"Your account may upload 2 files in a minute: try again in" in answers[2].content
    assert Submission.objects.count() == 2
    assert BpfObject.objects.count() == 1


@pytest.mark.usefixtures("data_folder")
def test_bytes_of_an_account_are_bounded(client: Client, settings: Settings) -> None:
    settings.KFMAP_UPLOAD_MB_PER_HOUR = 1
    client.force_login(User.objects.create_user("ada"))
    file = SimpleUploadedFile("a.o", OBJECT.read_bytes() + bytes(1 << 20))
    answer = client.post("/uploads/", {"objects": file})
    assert answer.status_code == 429
    assert b"1 MB in an hour" in answer.content


def sign_in(client: Client, name: str, address: str, password: str = "guess") -> int:
    """Try to sign in; give the status."""
    return client.post(
        "/accounts/login/", {"username": name, "password": password}, REMOTE_ADDR=address
    ).status_code


def test_one_password_over_many_names_is_stopped_by_address(client: Client) -> None:
    User.objects.create_user("ada", password="correct horse")
    statuses = [sign_in(client, f"name{at}", "192.0.2.7") for at in range(FAILED_SIGN_INS.most + 2)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert sign_in(client, "ada", "192.0.2.7", "correct horse") == 429
    assert sign_in(client, "ada", "192.0.2.8", "correct horse") == 302


def test_header_of_the_client_does_not_open_a_lock(client: Client) -> None:
    wrong = {"username": "ada", "password": "guess"}
    statuses = [
        client.post("/accounts/login/", wrong, headers={"x-forwarded-for": f"192.0.2.{at}"})
        for at in range(6)
    ]
    assert statuses[-1].status_code == 429


def test_messages_that_can_be_sent_to_others_are_bounded() -> None:
    request = RequestFactory(REMOTE_ADDR="192.0.2.7").post("/")
    for _ in range(10):
        spend_message(request)
    with pytest.raises(QuotaError):
        spend_message(request)
