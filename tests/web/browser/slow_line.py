"""A line that is slow where the test says so."""

from __future__ import annotations

from playwright.sync_api import Page, Route


class Held:
    """The requests for an address, kept on their way until the test lets them go or fail."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        self._is_open = False
        page.route(address, self._keep)

    def _keep(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._routes.append(route)

    def wait(self) -> None:
        """Wait until one is on its way."""
        while not self._routes:
            self._page.wait_for_timeout(20)

    def let_go(self) -> None:
        """Let them go on, and those that follow."""
        self.wait()
        self._is_open = True
        for route in self._routes:
            route.continue_()

    def fail(self) -> None:
        """Answer them with an error, and let those go on that follow."""
        self.wait()
        self._is_open = True
        for route in self._routes:
            route.fulfill(status=404)
