"""Who may do what at each address: a new address says so here."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.spaces.roles import ROLE_FOR, Action


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
