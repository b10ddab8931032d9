"""Who asks: by a token, by a session, or by name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kfmap.api.errors import LockedOutError
from kfmap.api.models import ApiToken, Scope, TokenState, hash_token

if TYPE_CHECKING:
    from rest_framework.views import APIView

_SCHEME = "Bearer"
_MAKE_ONE = "make one at /accounts/tokens/"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer kfm_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the owner and the token. Raises AuthenticationFailed for one that cannot be used.

        Whether a token never was, or is of somebody who may not sign in, is not told apart.
        """
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != _SCHEME.lower():
            return None
        token = (
            ApiToken.objects.select_related("user", "space").filter(digest=hash_token(text)).first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(f"There is no such token: {_MAKE_ONE}.")
        if token.state != TokenState.USABLE:
            raise AuthenticationFailed(f"The token {token} is {token.state}: {_MAKE_ONE}.")
        token.note_use()
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return how to sign in; with it, an unknown reader is answered 401 rather than 403."""
        return f'{_SCHEME} realm="kfmap"'


class PasswordAuthentication(BasicAuthentication):
    """Name and password; after too many wrong ones the answer says so, and for how long."""

    www_authenticate_realm = "kfmap"

    def authenticate_credentials(
        self, userid: str, password: str, request: Any = None
    ) -> tuple[User, None]:
        """Return who it is. Raises LockedOutError, or AuthenticationFailed."""
        credentials = {"username": userid}
        if request is not None and AxesProxyHandler.is_locked(request._request, credentials):
            raise _locked_out()
        try:
            user, _ = super().authenticate_credentials(userid, password, request)
        except (AuthenticationFailed, PermissionDenied):
            if request is not None and AxesProxyHandler.is_locked(request._request, credentials):
                raise _locked_out() from None
            raise
        assert isinstance(user, User)
        if is_mfa_enabled(user):
            raise AuthenticationFailed(
                f"This account has a second factor, so a password is not enough: {_MAKE_ONE}."
            )
        return user, None


def _locked_out() -> LockedOutError:
    hours = settings.AXES_COOLOFF_TIME
    span = "an hour" if hours == 1 else f"{hours} hours"
    return LockedOutError(
        f"After {settings.AXES_FAILURE_LIMIT} wrong passwords this name is locked out from here "
        f"for {span}. Tokens still work.",
        hours * 3600,
    )


class MayUse(BasePermission):
    """Somebody who signed in; a token needs the scope `read` to read and another one to change."""

    changes = Scope.SUBMIT
    reads = Scope.READ

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request may be made. Raises PermissionDenied naming the scope."""
        if not request.user or not request.user.is_authenticated:
            return False
        scope = self.reads if request.method in SAFE_METHODS else self.changes
        if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
            raise PermissionDenied(
                f"The token {request.auth} does not have the scope “{scope}”: {_MAKE_ONE}."
            )
        return True


class MayReview(MayUse):
    """Somebody who signed in; a token needs the scope `review` to decide and to comment."""

    changes = Scope.REVIEW


class MayChange(MayUse):
    """Somebody who signed in; a token needs the scope `manage` to change how a space works."""

    changes = Scope.MANAGE


class MayManage(MayChange):
    """Somebody who signed in; a token needs the scope `manage`, to read too."""

    reads = Scope.MANAGE
