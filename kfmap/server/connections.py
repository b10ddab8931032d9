"""Connections to PostgreSQL that are kept between requests, and whether they still live."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

from django.db import connections


def trust_quiet_connections() -> None:
    """Leave out Django's SELECT 1 where the server said nothing since the last answer.

    A server that ends a connection says so, and that is there to be read at once: a stop, a
    restart and a terminated session are all seen. What makes no sound at all, such as a pulled
    cable, holds up a SELECT 1 just as long as the query behind it.
    """
    kept: Sequence[Any] = connections.all(initialized_only=True)  # the stubs lack what is set here
    for connection in kept:
        if connection.vendor == "postgresql" and is_quiet(connection.connection):
            connection.health_check_done = True


def is_quiet(connection: Any) -> bool:
    """Return whether psycopg's connection, if there is one, is open with nothing to read."""
    if connection is None or connection.closed:
        return False
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)
