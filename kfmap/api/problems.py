"""Problems as RFC 9457 has them: every error under /api/ is `application/problem+json`.

`title` names the kind, `detail` is a sentence about this request; `errors` has the sentences of
each field, `candidates` the names that come near. `type` leads to the handbook.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"
_TYPE = "/docs/api/#problems"
_DETAILS = {
    400: "The request could not be read.",
    401: "This needs an account: send a token or a password.",
    403: "This is not permitted to you, or the form was not sent from this site.",
    404: "There is nothing at this address; /api/ lists the addresses there are.",
    405: "This address does not take that method; the header Allow names those that it takes.",
    406: "The answer is not there in a form that Accept takes.",
    413: "The request is larger than this server takes.",
    415: "This address does not take that kind of content.",
    429: "These were too many requests; the header Retry-After says when to come back.",
    500: "The answer could not be made; the log of the server has the details.",
    503: "The server cannot answer now; the header Retry-After says when to come back.",
}


def handle_exception(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer with a problem; what Django REST framework does not know goes on to Django."""
    response = exception_handler(error, dict(context))
    if response is not None:
        response.data = build_problem(response.status_code, response.data)
        response.content_type = MEDIA_TYPE
    return response


def build_problem(code: int, said: Any = None) -> dict[str, Any]:
    """Return the problem of a status; `said` is what the framework or a view says of it."""
    problem: dict[str, Any] = {"type": _TYPE, "title": HTTPStatus(code).phrase, "status": code}
    fields = dict(said) if isinstance(said, Mapping) else {"detail": said} if said else {}
    detail = _sentence(fields.pop("detail", None))
    candidates = fields.pop("candidates", None)
    errors = {name: _sentences(texts) for name, texts in fields.items()}
    if errors and not detail:
        detail = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items())
    problem["detail"] = detail or _DETAILS.get(code, HTTPStatus(code).description)
    if errors:
        problem["errors"] = errors
    if candidates:
        problem["candidates"] = list(candidates)
    return problem


def _sentence(said: Any) -> str:
    return " ".join(_sentences(said)) if said else ""


def _sentences(said: Any) -> list[str]:
    """Return the texts in what a serializer complains of, however deep they stand."""
    if isinstance(said, Mapping):
        return [f"{name}: {text}" for name, inner in said.items() for text in _sentences(inner)]
    if isinstance(said, list | tuple):
        return [text for inner in said for text in _sentences(inner)]
    return [str(said)]


class ProblemsUnderApi:
    """Makes problems of errors that no view of the API answered: 404, 405, 413, 500 and others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; what is no error, or a problem already, goes through as it is."""
        response = self._get_response(request)
        is_error = request.path.startswith(PREFIX) and response.status_code >= 400
        if is_error and not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            said = None if response.streaming else _read_detail(response)
            problem = build_problem(response.status_code, said)
            kept = {
                name: response[name]
                for name in ("Allow", "Retry-After", "WWW-Authenticate", "Cache-Control")
                if name in response
            }
            response = HttpResponse(
                json.dumps(problem), MEDIA_TYPE, response.status_code, headers=kept
            )
        return response


def _read_detail(response: HttpResponse) -> Any:
    """Return the sentence of an answer that is JSON; pages have none for programs."""
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        return None
    try:
        return json.loads(response.content)
    except ValueError:
        return None
