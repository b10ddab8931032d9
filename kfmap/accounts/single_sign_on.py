"""Signing in with an account elsewhere (OpenID Connect), by django-allauth.

Which account here that is, is decided by this rule: the one that was connected by whoever had
signed in to it; else the one whose mail address both sides have verified. An address that somebody
only typed counts for nothing, or who types another's would get their visits.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse

PROVIDER = "sso"  # in addresses: the callback that the provider is told


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """What allauth asks of this installation."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Connect whom both sides know by a verified address; say why somebody gets no account."""
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        told = [item for item in sociallogin.email_addresses if item.email]
        verified = [item.email for item in told if item.verified]
        if user := _find_verified(verified):
            sociallogin.connect(request, user)
        elif any(User.objects.filter(email__iexact=item.email).exists() for item in told):
            _refuse(request, "accounts/known_address.html", 409)
        elif not settings.KFMAP_OIDC_SIGNUP:
            _refuse(request, "accounts/no_account.html", 403)
        sociallogin.email_addresses = [item for item in told if item.verified]
        if not verified:  # what nobody has verified is not the account's
            sociallogin.user.email = ""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return whether somebody whom nobody here knows gets an account."""
        return bool(settings.KFMAP_OIDC_SIGNUP)

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Return where one sees what is connected."""
        return reverse("account")


def note_verified(user: User) -> None:
    """Keep that somebody read what was mailed to the address of their account."""
    if user.email:
        EmailAddress.objects.update_or_create(
            user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
        )


def forget_other_addresses(user: User) -> None:
    """Let no address count that is not the account's any more."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()


def _find_verified(addresses: list[str]) -> User | None:
    """Return the one account that has verified one of these as its own; the staff connects itself.

    Rows of addresses alone are not asked: the account must still have the address.
    """
    found = {
        row.user
        for address in addresses
        for row in EmailAddress.objects.filter(email__iexact=address, verified=True)
        if row.user.email.lower() == address.lower()
    }
    user = found.pop() if len(found) == 1 else None
    return user if user is not None and not (user.is_staff or user.is_superuser) else None


def _refuse(request: HttpRequest, template: str, status: int) -> None:
    context = {"provider": settings.KFMAP_OIDC_NAME}
    raise ImmediateHttpResponse(render(request, template, context, status=status))
