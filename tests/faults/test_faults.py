"""Nothing is lost under faults: the short forms of `python -m tests.faults`."""

from __future__ import annotations

import pytest

from tests.faults.__main__ import main
from tests.server.postgres import BINARIES
from tests.server.redis import BINARY


@pytest.mark.postgres
@pytest.mark.redis
def test_every_upload_to_a_deployment_has_one_correct_result_under_faults() -> None:
    if not BINARIES or BINARY is None:
        pytest.skip("PostgreSQL or redis-server is not installed")
    assert main(["--short"]) == 0


def test_every_upload_to_up_has_one_correct_result_however_often_it_is_killed() -> None:
    assert main(["--embedded", "--kills", "4"]) == 0
