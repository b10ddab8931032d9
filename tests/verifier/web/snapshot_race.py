"""Commit another reading of an object between two queries of its page: `python -m` runs it.

It needs a database of its own that two connections can use, so the tests run it as a process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command
from django.test import Client

_LAST_QUERY = "load_kfunc_calls"


def main() -> None:
    """Show the page and the result in the API, each with such a commit in between."""
    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User

    from tests.verifier.conftest import create_object
    from verifier.web import object_verdicts

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(User.objects.create_user("ada"))
    obj = create_object()
    before = obj.programs.get().pk
    late = _after_another_reading(obj, getattr(object_verdicts, _LAST_QUERY))
    setattr(object_verdicts, _LAST_QUERY, late)
    page = client.get(f"/objects/{obj.sha256}/")
    assert page.status_code == 200, page.content
    assert page.content.count(b"toy_move") > 0
    assert obj.programs.get().pk != before


def _after_another_reading(obj: Any, load: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, called after a worker has replaced the object's programs."""
    from tests.verifier.checked import create_summary
    from verifier.records import store

    def read_again() -> None:
        store.save_summary(obj, create_summary("toy_running"))

    def late(*args: Any) -> Any:
        worker = threading.Thread(target=read_again)
        worker.start()
        worker.join()
        return load(*args)

    return late


if __name__ == "__main__":
    main()
