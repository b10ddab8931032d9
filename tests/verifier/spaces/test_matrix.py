"""Every address × role × method: who gets in, who is asked to sign in, who is told 404 or 403.

The addresses come from the URL list. One without a rule in `rules.py` fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.rules import RULES, UNTRIED
from verifier.rechecking.models import Recheck
from verifier.spaces.models import Event, Invitation, Kind, PolicyVersion
from verifier.spaces.roles import Role
from verifier.webhooks.models import Delivery, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys", "data_folder")]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSALS = {401, 403, 404, 405}
ROLES = ("visitor", "outsider", *Role, "administrator")


def list_patterns(
    patterns: list[URLPattern | URLResolver], parts: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return the name of every address and the parts that it takes; the admin has its own rule."""
    for pattern in patterns:
        taken = (*parts, *pattern.pattern.converters, *_groups(pattern))
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from list_patterns(pattern.url_patterns, taken)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name, taken


def _groups(pattern: URLPattern | URLResolver) -> tuple[str, ...]:
    regex = getattr(pattern.pattern, "regex", None)
    return tuple(regex.groupindex) if regex and not pattern.pattern.converters else ()


ADDRESSES = dict(list_patterns(get_resolver().url_patterns))


def test_every_address_has_a_rule_and_no_other() -> None:
    assert set(ADDRESSES) == set(RULES), "say in RULES who may do what at a new address"


NUMBERED = {name for name in UNTRIED if "pk" in ADDRESSES[name]}


@dataclass(frozen=True)
class World:
    """A team, and the parts of addresses that lead to what is theirs."""

    team: Team
    parts: dict[str, Any]

    def address(self, name: str) -> str:
        """Return the address of this name."""
        parts = {part: self.parts[part] for part in ADDRESSES[name]}
        own = {part: self.parts.get(f"{part} of {name}") for part in parts}
        parts |= {part: value for part, value in own.items() if value is not None}
        return reverse(name, kwargs=parts)


@pytest.fixture
def world() -> World:
    """Make the team and all that addresses name."""
    team = create_team()
    team.space.memberships.create(user=User.objects.create_user("second"), role=Role.READER)
    _, token = Invitation.objects.make(team.space, Role.READER, team.user("maintainer"))
    text = "version: 1\nname: Ours\n"
    PolicyVersion.objects.keep(team.space, "ours", text, team.user("maintainer"))
    hook, _ = Webhook.objects.add(team.space, "https://example.org/", [], None)
    ping = Event.objects.create(space=team.space, kind=Kind.PING, text="A trial.", url="/")
    delivery = Delivery.objects.create(webhook_id=hook, event=ping)
    run = Recheck.objects.create(reason="A policy.", space=team.space, before={}, now={})
    parts = {
        "slug": team.space.slug,
        "sha256": team.object.sha256,
        "position": 0,
        "pk": team.submission.pk,
        "submission_id": team.submission.pk,
        **{f"pk of {name}": 0 for name in sorted(NUMBERED)},
        "pk of space-member": team.space.memberships.get(user__username=Role.READER).pk,
        "user": "second",
        "pk of space-invitation": Invitation.objects.get().pk,
        "pk of api-invitation": Invitation.objects.get().pk,
        **{f"pk of {name}": hook for name in RULES if "webhook" in name or "deliver" in name},
        "delivery": delivery.pk,
        "pk of recheck": run.pk,
        **{f"pk of {name}": run.pk for name in ADDRESSES if "recheck-" in name},
        "pk of api-recheck": run.pk,
        "token": token,
        "uidb64": "MQ",
        "kernel": "8.1",
        "old": "8.0",
        "old of object-since": team.object.sha256,
        "before": team.object.sha256,
        "name of space-badge": "team.bpf.o",
        "name of api-space-badge": "team.bpf.o",
        "new": "8.1",
        "page": "words",
        "policy": "ours",
        "name": "lts-only",
        "name of api-json-schema": "report",
        "kfunc": "toy_now",
        "context": "xdp",
        "struct_ops": "toy_ops",
        "member": "enqueue",
        "set_id": "toy_any",
        "filter_id": "toy_filter",
        "hook": "BTF_KFUNC_HOOK_STRUCT_OPS",
        "provider_id": "sso",
        "first": "toy_ops",
        "second": "toy_ops",
    }
    return World(team, parts)


def ask(client: Client, method: str, address: str) -> HttpResponseBase:
    """Ask once, and take back what it did."""
    data: dict[str, object] = {}
    if method == "POST":
        data = {"role": "reader", "objects": SimpleUploadedFile("a.o", b"")}
    with transaction.atomic():
        answer: HttpResponseBase = (
            client.post(address, data) if data else client.generic(method, address)
        )
        transaction.set_rollback(True)
    return answer


def is_refusal(answer: HttpResponseBase) -> bool:
    """Return whether somebody was turned away or sent to sign in."""
    to_login = answer.status_code == 302 and "/accounts/login/?next=" in str(answer["Location"])
    return answer.status_code in REFUSALS or to_login


def sign_in(world: World, role: str) -> Client:
    """Return the browser of somebody in this role."""
    client, person = Client(), world.team.people[role]
    if isinstance(person, User):
        client.force_login(person)
    return client


def test_addresses_let_in_whom_their_rules_say(world: World) -> None:
    """One test for all of them, so that the map is made once; it names every wrong answer."""
    clients = {role: sign_in(world, role) for role in ROLES}
    wrong = []
    for name, rule in RULES.items():
        for role, method in product(ROLES, METHODS):
            lets_in = rule.lets_in(role, method)
            closed = rule.account or rule.staff or rule.action is not None
            taken = method in (*rule.methods, *rule.changes)
            if lets_in and (not taken or name in UNTRIED or not closed):
                continue
            answer = ask(clients[role], method, world.address(name))
            if answer.status_code >= 500 or is_refusal(answer) == lets_in:
                wrong.append((name, role, method, answer.status_code))
    assert not wrong


def test_addresses_do_not_tell_outsiders_what_there_is(world: World) -> None:
    client = sign_in(world, "outsider")
    missing = {"slug": "nowhere", "sha256": "0" * 64, "pk": 987_654, "submission_id": 987_654}
    nowhere = World(world.team, {**world.parts, **missing})
    for name, rule in RULES.items():
        if rule.action is not None:
            hidden, absent = (
                ask(client, rule.methods[0], place.address(name)) for place in (world, nowhere)
            )
            assert (hidden.status_code, absent.status_code) == (404, 404), name


def test_admin_is_for_the_staff(world: World) -> None:
    for role in ROLES[:-1]:
        client = sign_in(world, role)
        for path in ("/admin/", "/admin/spaces/space/", "/admin/verifier/bpfobject/"):
            assert "/admin/login/" in str(client.get(path)["Location"])
