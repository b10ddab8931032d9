"""From what happens in a space to what a receiver gets: signed, again when it failed, at last no
more."""

from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from tests.docs.handbook_files import examples, first_column, section
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.webhooks.receiver import Receiver
from verifier.spaces.models import AuditEntry, Event, Kind, Notice
from verifier.webhooks.deliver import send_due
from verifier.webhooks.models import MOST_ATTEMPTS, MOST_FAILURES, Delivery, Webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return create_team()


def add(team: Team, receiver: Receiver, *kinds: str) -> tuple[Webhook, str]:
    """Make a webhook; return it with its secret."""
    pk, secret = Webhook.objects.add(team.space, receiver.address, list(kinds), None)
    return Webhook.objects.get(pk=pk), secret


def announce(team: Team, kind: Kind = Kind.REMARK, text: str = "ann remarks", **data: Any) -> None:
    Event.objects.announce(team.space, kind, text, "/objects/x/", [team.user("submitter")], **data)


def now_due() -> None:
    """Let the time pass that deliveries wait."""
    Delivery.objects.waiting().update(next_at=timezone.now() - timedelta(seconds=1))


def handbook_receiver() -> dict[str, Any]:
    """Return what the handbook tells receivers to write."""
    names: dict[str, Any] = {}
    (code,) = (item.text for item in examples("webhooks") if item.info == "python")
    exec(code, names)
    return names


def test_what_happens_is_sent_in_the_words_of_the_inbox(team: Team, receiver: Receiver) -> None:
    add(team, receiver)
    announce(team, text="ann remarks: <a>", object="ab", comment="é")
    assert send_due(Webhook.objects.get().pk) == 1
    (document,) = receiver.documents
    assert document["text"] == Notice.objects.get().text == "ann remarks: <a>"
    assert document["data"] == {"object": "ab", "comment": "é"}
    delivery = Delivery.objects.get()
    assert (document["event"], document["space"], document["id"]) == (
        "review.remark",
        "team",
        delivery.pk,
    )
    assert receiver.sent[0]["Kfmap-Event"] == "review.remark"
    assert receiver.sent[0]["Kfmap-Delivery"] == str(delivery.pk)
    assert (delivery.state, delivery.log.get().status) == ("delivered", 204)
    assert send_due(Webhook.objects.get().pk) == 0, "once is enough"


def test_the_signature_is_what_the_handbook_checks(team: Team, receiver: Receiver) -> None:
    is_from_kfmap = handbook_receiver()["is_from_kfmap"]
    hook, secret = add(team, receiver)
    announce(team)
    send_due(hook.pk)
    header, body = receiver.sent[0]["Kfmap-Signature"], receiver.bodies[0]
    assert is_from_kfmap(header, body, secret)
    assert not is_from_kfmap(header, body + b" ", secret)
    assert not is_from_kfmap(header, body, "kfw_other")
    assert not is_from_kfmap(header.replace("t=", "t=1"), body, secret)
    old = "t=1700000000," + header.partition(",")[2]
    assert not is_from_kfmap(old, body, secret)


def test_the_database_does_not_hold_the_secret(team: Team, receiver: Receiver) -> None:
    hook, secret = add(team, receiver)
    assert hook.secret == secret
    assert secret not in str(list(Webhook.objects.values()))


def test_webhooks_are_told_their_kinds_of_their_space_alone(team: Team, receiver: Receiver) -> None:
    hook, _ = add(team, receiver, "review.rejected")
    announce(team)
    other = team.user("outsider").submissions.create().space
    assert other is not None
    Event.objects.announce(other, Kind.REJECTED, "elsewhere", "/")
    assert not Delivery.objects.exists()
    announce(team, Kind.REJECTED, "here")
    assert send_due(hook.pk) == 1
    assert receiver.documents[0]["text"] == "here"


def test_attempts_that_fail_are_made_again_ever_later_and_given_up(
    team: Team, receiver: Receiver
) -> None:
    hook, _ = add(team, receiver)
    announce(team)
    receiver.status = 500
    waits = []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert send_due(hook.pk) == 0
        delivery = Delivery.objects.get()
        assert delivery.attempts == attempt
        waits.append((delivery.next_at - timezone.now()).total_seconds())
        assert send_due(hook.pk) == 0, "not before its time"
        now_due()
    assert [round(wait) for wait in waits[:-1]] == [10, 40, 160, 640, 2560, 10240, 40960]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.problem) == ("given_up", "It answers 500.")
    assert len(receiver.bodies) == delivery.log.count() == MOST_ATTEMPTS
    assert len(set(receiver.bodies)) == 1, "the same id and text each time"


def test_one_that_fails_does_not_hold_up_later_ones(team: Team, receiver: Receiver) -> None:
    hook, _ = add(team, receiver)
    announce(team, text="first")
    receiver.status = 503
    send_due(hook.pk)
    receiver.status = 200
    announce(team, text="second")
    assert send_due(hook.pk) == 1
    now_due()
    assert send_due(hook.pk) == 1
    assert [item["text"] for item in receiver.documents] == ["first", "second", "first"]
    hook.refresh_from_db()
    assert hook.failures == 0


def test_a_webhook_that_fails_all_the_time_is_switched_off_and_its_maintainers_are_told(
    team: Team, receiver: Receiver
) -> None:
    hook, _ = add(team, receiver)
    receiver.status = 404
    for number in range(MOST_FAILURES + 1):
        announce(team, text=str(number))
        send_due(hook.pk)
    hook.refresh_from_db()
    assert hook.disabled_at is not None
    assert len(receiver.bodies) == MOST_FAILURES
    notice = Notice.objects.get(user=team.user("maintainer"))
    assert notice.text.startswith("A webhook of Team was switched off: 20 attempts failed")
    assert notice.url.endswith(hook.get_absolute_url())
    assert AuditEntry.objects.filter(what="webhook switched off").count() == 1
    assert not Delivery.objects.waiting().exists()
    announce(team, text="later")
    assert not Delivery.objects.filter(event__text="later").exists()
    hook.switch_on()
    receiver.status = 200
    announce(team, text="on again")
    assert send_due(hook.pk) == 1


def test_another_key_of_this_kfmap_switches_it_off_instead_of_signing_wrongly(
    team: Team, receiver: Receiver, settings: Settings
) -> None:
    hook, _ = add(team, receiver)
    settings.SECRET_KEY = "another"
    announce(team)
    send_due(hook.pk)
    hook.refresh_from_db()
    assert hook.why_disabled == "This kfmap's secret key has changed: make a new secret."
    assert receiver.bodies == []
    hook.renew_secret()
    hook.switch_on()
    assert Delivery.objects.get().send_again() is False or send_due(hook.pk) in (0, 1)


def test_what_a_killed_worker_had_in_hand_is_sent_again_with_the_same_id(
    team: Team, receiver: Receiver
) -> None:
    hook, _ = add(team, receiver)
    announce(team)
    assert Webhook.objects.hold(hook.pk)
    claimed = Delivery.objects.claim(hook.pk)
    assert claimed is not None
    assert send_due(hook.pk) == 0, "another worker has it"
    past = timezone.now() - timedelta(seconds=1)
    Webhook.objects.update(busy_until=past)
    assert send_due(hook.pk) == 0, "it is claimed for some minutes more"
    now_due()
    assert send_due(hook.pk) == 1
    assert receiver.documents[0]["id"] == claimed.pk


def test_one_worker_at_a_time_sends_to_a_webhook(team: Team, receiver: Receiver) -> None:
    hook, _ = add(team, receiver)
    assert Webhook.objects.hold(hook.pk)
    assert not Webhook.objects.hold(hook.pk)


def test_what_is_undone_is_not_sent(team: Team, receiver: Receiver) -> None:
    from django.db import transaction

    add(team, receiver)
    with transaction.atomic():
        announce(team)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert not Notice.objects.exists()


def test_old_deliveries_go(team: Team, receiver: Receiver) -> None:
    hook, _ = add(team, receiver)
    announce(team)
    send_due(hook.pk)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    announce(team, text="new")
    send_due(hook.pk)
    assert [row.event.text for row in Delivery.objects.all()] == ["new"]


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    assert first_column(section("webhooks", "What is sent")) == list(Kind.values)


def test_slow_receivers_hold_a_worker_for_one_attempt_alone(
    team: Team, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.webhooks.deliver.SECONDS", 1.0)
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait(60)

    receiver.talk = hang
    hook, _ = add(team, receiver)
    for number in range(5):
        announce(team, text=str(number))
    send_due(hook.pk)
    over.set()
    assert len(receiver.bodies) == 1
