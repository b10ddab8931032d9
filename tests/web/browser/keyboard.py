"""How a person gets about without a mouse."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

_MOST = 12  # stops on the way: what other tests left on the page may add some


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the focus is where it should be."""
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{_MOST} times Tab do not lead to {target}")
