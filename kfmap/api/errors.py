"""Errors that Django REST framework does not have; `problems.py` makes answers of them."""

from __future__ import annotations

from django.forms import BaseForm
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError


class ConflictError(APIException):
    """The request fits no state that the server is in."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Another request with this key is not finished; ask again in a moment."


class UnprocessableError(APIException):
    """The request was read, and does not fit what was said before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class LockedOutError(APIException):
    """Somebody gave too many wrong passwords."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.wait = seconds  # the framework makes Retry-After of it


class BusyError(APIException):
    """What is asked for is being made."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The file is being made for another request; ask again in a few seconds."
    wait = 10  # seconds; the framework makes Retry-After of it


def expect_valid(form: BaseForm) -> None:
    """Raise ValidationError with a form's sentences by field, where it does not hold."""
    if not form.is_valid():
        raise ValidationError({name: list(map(str, said)) for name, said in form.errors.items()})
