"""Uploads by HTTP, one after the other, whatever the servers answer meanwhile."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field

from tests.server.process import ADMINISTRATOR, PASSWORD, ROOT, Browser

_ACCEPTED = (200, 202)  # 200: after a redirect to the object's page
KINDS = ("scheduler", "kinds", "optional", "options", "markup")


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that was accepted; `kind`: the file it was made of."""

    sha256: str
    kind: str


@dataclass(slots=True)
class Record:
    """What uploaders noted; threads append, which Python does in one step."""

    accepted: list[Upload] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)  # when, and why


class Uploader(threading.Thread):
    """Uploads objects of its own to one web server, so many and at such intervals."""

    def __init__(self, browser: Browser, name: str, count: int, every: float) -> None:
        """Make the thread; `every`: seconds from one upload to the next."""
        super().__init__(name=name, daemon=True)
        self._browser, self._count, self._every = browser, count, every
        self.record = Record()

    def run(self) -> None:
        """Upload; an answer that is an error is noted, and the next object taken."""
        for at in range(self._count):
            began = time.monotonic()
            self._upload(KINDS[at % len(KINDS)], f"{self.name} {at}")
            took = time.monotonic() - began
            time.sleep(max(self._every - took, 0))

    def _upload(self, kind: str, mark: str) -> None:
        data, began = read_object(kind) + mark.encode(), time.monotonic()
        try:
            status, page = self._browser.post("/uploads/", {"objects": (f"{kind}.bpf.o", data)})
            if "Sign out" not in page and status in _ACCEPTED:  # the session may have been lost
                self._browser.log_in(ADMINISTRATOR, PASSWORD)
                status = 401
        except (OSError, AssertionError) as error:
            self.record.refused.append((began, str(error)))
            return
        if status in _ACCEPTED:
            self.record.accepted.append(Upload(hashlib.sha256(data).hexdigest(), kind))
        else:
            self.record.refused.append((began, str(status)))


def read_object(kind: str) -> bytes:
    """Return the bytes of a small object; what is appended to it changes its hash only."""
    return (ROOT / "tests" / "objects" / f"{kind}.bpf.o").read_bytes()
