"""What every test shares: in CI a skipped test is a failure, for nothing may go unproved there.

One exception: no package gives the right to load BPF programs where the machine withholds it.
"""

from __future__ import annotations

import os
import sys
import time

import hypothesis
import pytest
from django.conf import settings

from kfmap.catalogue.recent import Recent
from kfmap.quotas import spans

NO_BPF = "the kernel of this machine cannot be asked"
_LONG = ("guest", "tree", "postgres", "redis", "browser")  # marks of files that take a minute or so


def pytest_configure() -> None:
    """Hash passwords in no time: a real hash costs half a second for each sign-in, on purpose."""
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [quick, *settings.PASSWORD_HASHERS]
    # how long one made example takes says how busy the machine is
    hypothesis.settings.register_profile("kfmap", deadline=None)
    hypothesis.settings.load_profile("kfmap")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits for servers and guests: left to the end, one process would do it alone.

    Several processes keep this order with --no-loadscope-reorder: otherwise they begin with the
    files that have the most tests, which are the quickest.
    """
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in _LONG))


@pytest.fixture(autouse=True)
def make_pages_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no pages: maps of tests are rolled back, and their queries are counted."""
    module = sys.modules.get("kfmap.web.shared.kept_pages")
    if module is not None:
        module.KEPT_PAGES.clear()
        monkeypatch.setattr(module.KEPT_PAGES, "max_bytes", 0)
    parts = sys.modules.get("kfmap.web.templatetags.kept_parts")
    if parts is not None:
        parts.KEPT_PARTS.clear()


@pytest.fixture(autouse=True)
def stay_in_one_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock of quotas still: a minute that ended in a test would begin its counts anew."""
    began = time.time()
    monkeypatch.setattr(spans, "now", lambda: began)


@pytest.fixture(autouse=True)
def forget_rows() -> None:
    """Forget what is kept of rows: those of other tests were rolled back, their ids come again."""
    answers = sys.modules.get("verifier.records.kept_answers")
    if answers is not None:
        answers.KEPT.clear()
    for name in ("keep", "name_index", "renamings", "steps"):
        module = sys.modules.get(f"kfmap.catalogue.rows.{name}")
        for kept in vars(module).values() if module is not None else ():
            if isinstance(kept, Recent):
                kept.clear()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run in CI when a test was skipped; the summary (-ra) names it."""
    if hasattr(session.config, "workerinput") or os.environ.get("CI") != "true":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus != pytest.ExitCode.OK or reporter is None:
        return
    if any(NO_BPF not in str(report.longrepr) for report in reporter.stats.get("skipped", [])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests of agreement counted."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "agreement":
                terminalreporter.write_line(f"agreement {value}")
