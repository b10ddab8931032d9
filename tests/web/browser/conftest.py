"""Chromium, with `manage.py up` and the bundled kernels behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.server.process import Up, up

PATIENCE_MS = 60_000  # a loaded machine is slow, not broken
expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run kfmap with everything that comes with it."""
    # Webhooks of the tests go to receivers of theirs
    with up(tmp_path_factory.mktemp("data"), KFMAP_WEBHOOK_HOSTS="127.0.0.1") as started:
        yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    if not CHROMIUM:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window."""
    context = browser.new_context(
        base_url=server.address, viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    with without_problems(context) as window:
        yield window


@pytest.fixture(scope="package")
def account(server: Up) -> Up:
    """Create the administrator, whose session the server's own client holds."""
    server.sign_in()
    return server


@pytest.fixture
def signed_in(page: Page, account: Up) -> Page:
    """Open a window in which the administrator is signed in."""
    take_session(page.context, account)
    return page


@pytest.fixture
def plain(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window without JavaScript."""
    context = browser.new_context(base_url=server.address, java_script_enabled=False)
    with without_problems(context) as window:
        yield window


def take_session(context: BrowserContext, account: Up) -> None:
    """Sign a browser in as the account."""
    for cookie in account.cookies:
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value or "", "url": account.address}]
        )


_STREAM_ENDED = "[object Event]"  # the server ends each after 20 s, and the page opens the next


@contextmanager
def without_problems(context: BrowserContext) -> Iterator[Page]:
    """Open a page in which nothing may go wrong unseen: neither a script nor the policy."""
    problems: list[str] = []
    window = context.new_page()

    def keep_error(message: ConsoleMessage) -> None:
        # Chromium also calls it an error when the page itself is one, as “not found” is; htmx does
        # when a stream of progress has ended, which a long check does not wait for.
        itself = message.location["url"] == window.url or message.text == _STREAM_ENDED
        if message.type == "error" and not itself:
            problems.append(f"{message.text} ({message.location['url']})")

    window.on("pageerror", lambda error: problems.append(str(error)))
    window.on("console", keep_error)
    window.set_default_timeout(PATIENCE_MS)
    try:
        yield window
    finally:
        context.close()
    assert problems == []
