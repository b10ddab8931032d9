"""A second factor at sign-in: codes of an app, and recovery codes, by django-allauth.

Its secrets are encrypted in the database with a key that is made of this kfmap's own.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django import forms
from django.conf import settings
from django.contrib.auth.models import User

from kfmap.quotas.limits import Limit
from kfmap.quotas.models import Spent

CODES = Limit("codes of a second factor", 10, 3600)
_TOO_MANY = "Too many codes were tried for this account: wait an hour."
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_SALT = b"kfmap.second-factor:"
if TYPE_CHECKING:
    CodeForm = forms.Form
else:
    CodeForm = object


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """What allauth asks of this installation."""

    def get_totp_issuer(self) -> str:
        """Return the name that apps show."""
        return "kfmap"

    def get_totp_label(self, user: User) -> str:
        """Return whose code it is."""
        return user.username

    def encrypt(self, text: str) -> str:
        """Return what is kept of a secret."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; with another key than it was kept with, one that no code fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(hashlib.sha256(encrypted_text.encode()).digest()).decode()


class _BoundedCodes(CodeForm):
    """Counts the codes that are tried for an account in the database, for all web processes."""

    user: User

    def clean_code(self) -> Any:
        """Return the code if it fits. Raises ValidationError."""
        if not Spent.objects.spend(CODES, str(self.user.pk)):
            raise forms.ValidationError(_TOO_MANY)
        code = super().clean_code()  # type: ignore[misc]  # of the form beside it
        Spent.objects.forget(CODES, str(self.user.pk))
        return code


class SignInCodeForm(_BoundedCodes, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The second step of signing in."""


class ConfirmCodeForm(_BoundedCodes, ReauthenticateForm):  # type: ignore[misc]  # as above
    """Who is signed in says once more that it is they."""


def has_second_factor(user: User) -> bool:
    """Return whether a password alone does not let somebody in."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=_FACTORS).exists())


def _cipher() -> Fernet:
    digest = hashlib.sha256(_SALT + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
