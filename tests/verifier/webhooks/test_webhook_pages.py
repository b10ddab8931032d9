"""Webhooks on pages, over the API and in the admin."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kfmap.api.models import create_token
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from tests.verifier.webhooks.receiver import Receiver
from verifier.spaces.models import AuditEntry, Space
from verifier.webhooks.deliver import send_due
from verifier.webhooks.models import Delivery, Webhook

pytestmark = pytest.mark.django_db
LIST = "/spaces/team/webhooks/"
API = "/api/spaces/team/webhooks/"
SECRET = re.compile("kfw_[0-9a-f]{64}")


@pytest.fixture
def team() -> Team:
    return create_team()


@pytest.fixture
def maintainer(team: Team) -> Client:
    return as_(team, "maintainer")


def test_secret_is_shown_once_and_a_trial_arrives(maintainer: Client, receiver: Receiver) -> None:
    assert "No webhooks yet" in maintainer.get(LIST).content.decode()
    made = maintainer.post(LIST, {"address": receiver.address})
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    (secret,) = SECRET.findall(made.content.decode())
    hook = Webhook.objects.get()
    assert hook.secret == secret
    page = maintainer.get(hook.get_absolute_url()).content.decode()
    assert not SECRET.search(page)
    assert "Nothing was sent yet" in page
    maintainer.post(f"{hook.get_absolute_url()}try/")
    send_due(hook.pk)
    assert receiver.documents[0]["event"] == "ping"
    page = maintainer.get(hook.get_absolute_url()).content.decode()
    assert "answered 204" in page
    trail = list(AuditEntry.objects.values_list("what", "subject"))
    assert trail == [("webhook made", receiver.address)]


def test_what_was_given_up_is_sent_again_from_the_page(
    maintainer: Client, receiver: Receiver
) -> None:
    maintainer.post(LIST, {"address": receiver.address})
    hook = Webhook.objects.get()
    maintainer.post(f"{hook.get_absolute_url()}try/")
    receiver.status, receiver.headers = 302, {"Location": "http://127.0.0.1/"}
    send_due(hook.pk)
    page = maintainer.get(hook.get_absolute_url()).content.decode()
    assert "It answers 302: redirects are not followed." in page
    Delivery.objects.update(state="given_up")
    receiver.status = 200
    row = Delivery.objects.get()
    maintainer.post(f"{hook.get_absolute_url()}deliveries/{row.pk}/again/")
    assert send_due(hook.pk) == 1
    assert Delivery.objects.get().state == "delivered"


def test_addresses_inside_are_refused_on_the_page_and_over_the_api(maintainer: Client) -> None:
    for address in ("http://example.org/", "https://10.0.0.1/", "https://[::1]/", "x" * 600):
        assert maintainer.post(LIST, {"address": address}).status_code == 422
        answer = maintainer.post(API, {"address": address}, "application/json")
        assert answer.status_code == 400
        assert "address" in answer.json()["errors"]
    assert not Webhook.objects.exists()


def test_webhook_is_changed_switched_renewed_and_deleted(maintainer: Client) -> None:
    maintainer.post(LIST, {"address": "https://example.org/"})
    hook = Webhook.objects.get()
    url = hook.get_absolute_url()
    old = hook.secret
    maintainer.post(url, {"address": "https://example.com/", "kinds": ["recheck.broke"]})
    renewed = maintainer.post(f"{url}secret/").content.decode()
    hook.refresh_from_db()
    assert (hook.address, hook.kinds) == ("https://example.com/", ["recheck.broke"])
    assert SECRET.findall(renewed) == [hook.secret]
    assert hook.secret != old
    maintainer.post(f"{url}switch/")
    assert "maintainer switched it off" in maintainer.get(url).content.decode()
    assert maintainer.post(f"{url}try/").status_code == 404
    maintainer.post(f"{url}switch/")
    maintainer.post(f"{url}delete/")
    assert not Webhook.objects.exists()
    assert AuditEntry.objects.count() == 6


def test_a_space_has_so_many_webhooks(maintainer: Client) -> None:
    for _ in range(20):
        assert maintainer.post(LIST, {"address": "https://example.org/"}).status_code == 201
    assert maintainer.post(LIST, {"address": "https://example.org/"}).status_code == 422
    answer = maintainer.post(API, {"address": "https://example.org/"}, "application/json")
    assert answer.status_code == 409
    assert "delete one first" in answer.json()["detail"]


def test_api_makes_changes_and_lists(maintainer: Client, receiver: Receiver) -> None:
    asked = {"address": receiver.address, "events": ["review.rejected"]}
    made = maintainer.post(API, asked, "application/json").json()
    hook = Webhook.objects.get()
    assert (made["id"], made["secret"]) == (hook.pk, hook.secret)
    assert maintainer.get(API).json()[0] == {**made, "secret": None}
    one = f"{API}{hook.pk}/"
    changed = maintainer.patch(one, {"enabled": False}, "application/json").json()
    assert (changed["enabled"], changed["events"]) == (False, ["review.rejected"])
    assert changed["why_disabled"] == "Switched off over the API."
    maintainer.patch(one, {"enabled": True, "events": []}, "application/json")
    maintainer.post(f"{hook.get_absolute_url()}try/")
    receiver.status = 500
    send_due(hook.pk)
    (listed,) = maintainer.get(f"{one}deliveries/").json()["results"]
    assert (listed["state"], listed["body"]["event"]) == ("waiting", "ping")
    assert [item["status"] for item in listed["log"]] == [500]
    again = maintainer.post(f"{one}deliveries/{listed['id']}/again/")
    assert (again.status_code, again.json()["attempts"]) == (202, 0)
    maintainer.patch(one, {"enabled": False}, "application/json")
    assert maintainer.post(f"{one}deliveries/{listed['id']}/again/").status_code == 409
    assert maintainer.delete(one).status_code == 204
    unknown = {"address": "https://example.org/", "events": ["nothing"]}
    assert maintainer.post(API, unknown, "application/json").status_code == 400


def test_tokens_need_the_scope_and_the_space(team: Team) -> None:
    user = team.user("maintainer")
    other = Space.objects.create(slug="other", name="Other")
    other.memberships.create(user=user, role="maintainer")
    client = Client()

    def ask(scopes: list[str], space: Space | None) -> int:
        token = create_token(user, "x", scopes, 7, space)
        return client.get(API, headers={"Authorization": f"Bearer {token}"}).status_code

    assert ask(["manage"], None) == 200
    assert ask(["manage"], team.space) == 200
    assert ask(["read", "submit"], None) == 403
    assert ask(["manage"], other) == 404


def test_webhooks_of_another_space_are_not_found(team: Team, maintainer: Client) -> None:
    other = Space.objects.create(slug="other", name="Other")
    pk, _ = Webhook.objects.add(other, "https://example.org/", [], None)
    assert maintainer.get(f"{LIST}{pk}/").status_code == 404
    assert maintainer.get(f"{API}{pk}/").status_code == 404


def test_admin_looks_switches_and_sends_again(team: Team, receiver: Receiver) -> None:
    pk, _ = Webhook.objects.add(team.space, receiver.address, [], None)
    admin = as_(team, "administrator")
    place = "/admin/verifier_webhooks"
    page = admin.get(f"{place}/webhook/{pk}/change/").content.decode()
    assert receiver.address in page
    assert Webhook.objects.get().nonce not in page
    switch = {"action": "switch_off", "_selected_action": [pk]}
    admin.post(f"{place}/webhook/", switch)
    assert Webhook.objects.get().why_disabled == "administrator switched it off."
    admin.post(f"{place}/webhook/", {**switch, "action": "switch_on"})
    as_(team, "maintainer").post(f"{LIST}{pk}/try/")
    send_due(pk)
    row = Delivery.objects.get()
    admin.post(f"{place}/delivery/", {"action": "send_again", "_selected_action": [row.pk]})
    assert send_due(pk) == 1
    assert "204" in admin.get(f"{place}/delivery/{row.pk}/change/").content.decode()
