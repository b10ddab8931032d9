"""What OpenAPI says of the API holds for whatever is sent to it: schemathesis makes it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from pytest_django import Settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from kfmap.api.models import ApiToken, Scope, create_token
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.shared import share
from verifier.records.models import BpfObject, Submission

pytestmark = pytest.mark.django_db

# A question that fits the description may name a context or a format that there is not: 400, 404.
_NOT_CHECKED = [positive_data_acceptance]
_EXAMPLES = 3  # of each operation: the whole takes a few seconds


@pytest.fixture
def described(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    """Return the description, of a map with a kernel, an object and an upload."""
    settings.KFMAP_DATA_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["*"]
    settings.AXES_ENABLED = False  # wrong passwords are sent on purpose
    save_kernel(replace(create_toy_kernel(), name="toy"), None)
    share(BpfObject.objects.create(sha256="0" * 64, file_name="toy.bpf.o", size=1))
    Submission.objects.create()
    # As Django's own test client does: the test's connection outlives each request.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    caches["own"].clear()


def test_answers_are_as_described(described: Any) -> None:
    token = create_token(User.objects.create_user("ada"), "all", list(Scope.values), 1)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    asked = set()
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events/"):
            continue  # a stream

        @given(case=operation.as_strategy())
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            caches["own"].clear()  # so that no rate ends the test
            ApiToken.objects.update(revoked_at=None)  # which the API may be asked to do
            case.call_and_validate(headers=headers, excluded_checks=_NOT_CHECKED)

        ask()
        asked.add(operation.path)
    assert len(asked) > 10
