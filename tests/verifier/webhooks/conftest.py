"""A receiver that the settings allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.verifier.webhooks.receiver import Receiver, listening


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with listening() as found:
        settings.KFMAP_WEBHOOK_HOSTS = [found.host]
        yield found
