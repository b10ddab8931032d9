"""Who sends a request, looked up before its body is read."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.handlers.asgi import ASGIRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings

from kfmap.quotas.uploads import find_upload_refusal
from kfmap.server.asgi_types import Scope

_SIGN_IN = "Sign in before you send files."


def find_sender_refusal(scope: Scope) -> str:
    """Return why the sender may not send an upload, "" where they may."""
    sender = _find_sender(ASGIRequest(scope, BytesIO()))
    if not sender.is_authenticated:
        return _SIGN_IN
    return find_upload_refusal(sender.pk)


def _find_sender(request: Any) -> AbstractBaseUser | AnonymousUser:
    """Return who has the session, or the credentials that the API takes."""
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if user.is_authenticated or "Authorization" not in request.headers:
        return user
    kinds: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # the stubs take them for their names
    authenticators = [
        kind()
        for kind in kinds
        if not issubclass(kind, SessionAuthentication)  # it would ask the body for a token
    ]
    try:
        return Request(request, authenticators=authenticators).user
    except APIException:
        return AnonymousUser()
