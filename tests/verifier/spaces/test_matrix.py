"""Every address × role × method: who gets in, who is asked to sign in, who is told 404 or 403.

The addresses come from the URL list. One that has no rule here fails: say who may what there.
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
from verifier.rechecking.models import Recheck
from verifier.spaces.models import Event, Invitation, Kind, PolicyVersion
from verifier.spaces.roles import ROLE_FOR, Action, Role
from verifier.webhooks.models import Delivery, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys", "data_folder")]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSALS = {401, 403, 404, 405}
ROLES = ("visitor", "outsider", *Role, "administrator")


@dataclass(frozen=True)
class Rule:
    """What an address takes: `action` in the space, else an account, else nothing.

    `changes`: methods that take the role of a maintainer, whoever may read.
    """

    methods: tuple[str, ...] = ("GET",)
    action: Action | None = None
    changes: tuple[str, ...] = ()
    account: bool = False
    staff: bool = False
    owner: bool = False  # whoever uploaded may too

    def lets_in(self, name: str, method: str) -> bool:
        """Return whether somebody of this role gets what they ask for."""
        if self.staff:
            return name == "administrator"
        if self.action is None:
            return name != "visitor" or not self.account
        action = Action.MANAGE if method in self.changes else self.action
        able = {*ROLE_FOR[action].at_least(), "administrator"}
        return name in able or (self.owner and name == "submitter")


OPEN = Rule()
ACCOUNT = Rule(account=True)
SEE = Rule(action=Action.SEE)
_POST = ("POST",)
_BOTH = ("GET", "POST")
OPEN_NAMES = """
    api-json-schema
    metrics
    feed-kernels feed-kernel feed-kfunc api-data api-kfuncs policy-schema policy-example
    evidence api-kernel-report api-comparison
    home can-call kernels kernel names matrix matrix-data kfuncs kfunc context struct-ops
    member set filter hook graphs graph-callbacks graph-classes graph-shared
    kernel-mechanisms kernel-findings newest any-kfunc compare changes probe probe-source
    probe-names search search-names handbook handbook-page graph-style api api-schema
    api-kernels api-matrix healthz readyz login spaces password_reset_confirm
    create-administrator account_login account_inactive mfa_authenticate
    openid_connect_login openid_connect_callback socialaccount_login_cancelled
"""
RULES = {
    # the map, which everybody reads
    **dict.fromkeys(
        OPEN_NAMES.split(),
        OPEN,
    ),
    "decode": Rule(_BOTH),
    "kernel-what-if": Rule(_BOTH),
    "api-can-call": Rule(_BOTH),
    "password_reset": Rule(_BOTH),
    "invitation": Rule(_BOTH),
    "logout": Rule(_POST),
    # what takes an account, whoever has it
    "what-if-add": Rule(_POST),
    "what-if-keep": Rule(_POST, account=True),
    "variant-drop": Rule(_POST, account=True),
    "kernel-uploads": ACCOUNT,
    "kernel-uploads-check": Rule(_POST, account=True),
    "uploads": Rule(_BOTH, account=True),
    "kernel-add": Rule(_BOTH, staff=True),
    "api-kernel-add": Rule(_POST, staff=True),
    "my-kernel": Rule(_BOTH, account=True),
    "api-kernel-mine": Rule(_POST, account=True),
    "kernel-addition": ACCOUNT,
    "kernel-addition-progress": ACCOUNT,
    "kernel-addition-cancel": Rule(_POST, account=True),
    "kernel-estimate-drop": Rule(_POST, account=True),
    "api-kernel-addition": Rule(("GET", "DELETE"), account=True),
    "differences": ACCOUNT,
    "inbox": ACCOUNT,
    "rechecks": ACCOUNT,
    "inbox-read": Rule(_POST, account=True),
    "tokens": Rule(_BOTH, account=True),
    "token-revoke": Rule(_POST, account=True),
    "api-evidence": Rule(_BOTH, account=True),
    "uploads-check": Rule(_POST, account=True),
    "api-upload": Rule(_BOTH, account=True),
    "account": Rule(_BOTH, account=True),
    "password_change": Rule(_BOTH, account=True),
    "session-end": Rule(_POST, account=True),
    "space-new": Rule(_BOTH, account=True),
    "disconnect": Rule(_POST, account=True),
    "account_reauthenticate": Rule(_BOTH, account=True),
    "mfa_index": ACCOUNT,
    "mfa_reauthenticate": Rule(_BOTH, account=True),
    "mfa_activate_totp": Rule(_BOTH, account=True),
    "mfa_deactivate_totp": Rule(_BOTH, account=True),
    "mfa_view_recovery_codes": ACCOUNT,
    "mfa_generate_recovery_codes": Rule(_BOTH, account=True),
    "mfa_download_recovery_codes": ACCOUNT,
    # what is in a space
    "submission": SEE,
    "submission-delete": Rule(_POST, Action.MANAGE, owner=True),
    "object": SEE,
    "object-program": SEE,
    "program-source": SEE,
    "object-graph": SEE,
    "object-progress": SEE,
    "object-events": SEE,
    "api-result": SEE,
    "api-report": SEE,
    "object-versions": SEE,
    "api-versions": SEE,
    "api-reviews": SEE,
    "api-waivers": Rule(_POST, Action.REVIEW),
    "api-waiver": Rule(("DELETE",), Action.REVIEW),
    "api-version-report": SEE,
    "object-since": SEE,
    "badge": Rule(action=Action.SEE),
    "space-badge": Rule(action=Action.SEE),
    "api-events": SEE,
    "api-submissions": ACCOUNT,
    "api-submission": SEE,
    "api-submission-report": SEE,
    "feed-object": SEE,
    "api-space-report": SEE,
    "api-spaces": Rule(_BOTH, account=True),
    "api-space": Rule(action=Action.SEE, changes=("PATCH", "DELETE")),
    "api-members": SEE,
    "api-member": Rule(action=Action.SEE, changes=("PATCH", "DELETE")),
    "api-invitations": Rule(_BOTH, Action.MANAGE),
    "api-invitation": Rule(("DELETE",), Action.MANAGE),
    "api-invitation-accept": Rule(_BOTH, account=True),
    "api-tokens": Rule(_BOTH, account=True),
    "api-token": Rule(("GET", "DELETE"), account=True),
    "api-space-badge": SEE,
    "api-badge": SEE,
    "api-reviewers": Rule(_POST, Action.SUBMIT),
    "api-object-check": Rule(_POST, Action.SUBMIT),
    "api-object-cancel": Rule(_POST, Action.SUBMIT),
    "api-object-park": Rule(_POST, Action.SUBMIT),
    "api-space-audit": Rule(action=Action.MANAGE),
    "api-space-waivers": SEE,
    "api-space-policies": Rule(action=Action.SEE, changes=_POST),
    "api-space-policy": Rule(action=Action.SEE, changes=("DELETE",)),
    "api-inbox": Rule(_BOTH, account=True),
    "space-report": SEE,
    "object-opinions": SEE,
    "object-opinion-progress": SEE,
    "object-opinions-cancel": Rule(_POST, Action.SUBMIT),
    "api-opinions": SEE,
    "object-reviews": Rule(_POST, Action.COMMENT),
    "object-waivers": Rule(_POST, Action.REVIEW),
    "object-waiver-end": Rule(_POST, Action.REVIEW),
    "object-assign": Rule(_POST, Action.SUBMIT),
    "object-loader": Rule(_POST, Action.SUBMIT),
    "object-check": Rule(_POST, Action.SUBMIT),
    "object-cancel": Rule(_POST, Action.SUBMIT),
    "object-park": Rule(_POST, Action.SUBMIT),
    "recheck": SEE,
    "recheck-cancel": Rule(_POST, Action.MANAGE),
    "recheck-resume": Rule(_POST, Action.MANAGE),
    "api-rechecks": ACCOUNT,
    "api-recheck": SEE,
    "api-recheck-cancel": Rule(_POST, Action.MANAGE),
    "api-recheck-resume": Rule(_POST, Action.MANAGE),
    "space": SEE,
    "space-leave": Rule(_POST, Action.SEE),
    "space-settings": Rule(_BOTH, Action.MANAGE),
    "space-delete": Rule(_POST, Action.MANAGE),
    "space-member": Rule(_POST, Action.MANAGE),
    "space-invite": Rule(_POST, Action.MANAGE),
    "space-invitation": Rule(_POST, Action.MANAGE),
    "space-policies": SEE,
    "space-policy-new": Rule(_BOTH, Action.MANAGE),
    "space-policy": Rule(action=Action.SEE, changes=_POST),
    "space-policy-end": Rule(_POST, Action.MANAGE),
    "space-audit": Rule(action=Action.MANAGE),
    "webhooks": Rule(_BOTH, Action.MANAGE),
    "webhook": Rule(_BOTH, Action.MANAGE),
    "webhook-secret": Rule(_POST, Action.MANAGE),
    "webhook-try": Rule(_POST, Action.MANAGE),
    "webhook-switch": Rule(_POST, Action.MANAGE),
    "webhook-delete": Rule(_POST, Action.MANAGE),
    "webhook-again": Rule(_POST, Action.MANAGE),
    "api-webhooks": Rule(_BOTH, Action.MANAGE),
    "api-webhook": Rule(("GET", "PATCH", "DELETE"), Action.MANAGE),
    "api-deliveries": Rule(action=Action.MANAGE),
    "api-delivery-again": Rule(_POST, Action.MANAGE),
}
# Let in, these answer 404, 403 or 503 here: what they are about was not made, or has no bytes; the
# people have no passwords, which the pages of second factors ask for.
UNTRIED = {
    "disconnect",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "program-source",
    "object-waiver-end",
    "api-waiver",
    "session-end",
    "token-revoke",
    "api-token",
    "space-leave",
    "variant-drop",
    "kernel-addition",
    "kernel-addition-progress",
    "kernel-addition-cancel",
    "kernel-estimate-drop",
    "api-kernel-addition",
}


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
