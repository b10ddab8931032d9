"""`manage.py up` as a real process, spoken to over HTTP."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import cast

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

ROOT = Path(__file__).resolve().parents[2]
MANAGE = (sys.executable, "manage.py")
ADMINISTRATOR, PASSWORD = "ada", "correct horse battery staple"
_PATIENCE = 60.0
_DATABASE = "kfmap.sqlite3"
_COMMAND_SECONDS = 300.0  # on a busy machine; only a command that hangs takes so long


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a process that keeps its data in `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KFMAP_")}
    return {**kept, "KFMAP_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1", **changes}


def manage(folder: Path, *args: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*MANAGE, *args],
        cwd=ROOT,
        env=environment(folder, **changes),
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )


@cache
def loaded_map() -> Path:
    """Return a database with all bundled kernels, made once for all processes of a test run."""
    base = Path(os.environ.get("KFMAP_DATA_DIR") or mkdtemp(prefix="kfmap-tests-"))
    folder = base / "loaded-map"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            load = [*MANAGE, "load_kernels"]
            subprocess.run(
                load, cwd=ROOT, env=environment(folder), stdout=subprocess.DEVNULL, check=True
            )
            (folder / "done").touch()
    return folder / _DATABASE


def free_port() -> int:
    """Return a port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """Somebody who reads pages and sends forms, with cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        return self.open(urllib.request.Request(self.address + path))

    def answers(self, path: str = "/healthz") -> bool:
        """Return whether a server is there and answers."""
        try:
            return self.get(path)[0] == 200
        except OSError:  # URLError is one
            return False

    def post(self, path: str, values: Mapping[str, object]) -> tuple[int, str]:
        """Send a form, with files as (name, bytes)."""
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), "")
        files = {
            key: SimpleUploadedFile(*value) if isinstance(value, tuple) else value
            for key, value in values.items()
        }
        body = encode_multipart(BOUNDARY, {**files, "csrfmiddlewaretoken": token})
        headers = {"Content-Type": MULTIPART_CONTENT, "Referer": self.address}
        return self.open(urllib.request.Request(self.address + path, body, headers))

    def log_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        assert self.get("/accounts/login/")[0] == 200
        status, page = self.post("/accounts/login/", {"username": name, "password": password})
        assert (status, "Sign out" in page) == (200, True), page

    def go_on_as(self, other: Browser) -> None:
        """Take over the session of the same browser with another process."""
        for cookie in other.cookies:
            self.cookies.set_cookie(cookie)

    def header(self, path: str, name: str) -> str | None:
        """Return a header of the answer, also of one that is an error."""
        request = urllib.request.Request(self.address + path)
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return cast("str | None", answer.headers[name])
        except urllib.error.HTTPError as error:
            return error.headers[name]

    def open(self, request: urllib.request.Request) -> tuple[int, str]:
        """Return status and body, of errors too."""
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


class Up(Browser):
    """A running `up`, of the checkout unless another command is given."""

    def __init__(
        self, folder: Path, host: str, command: Sequence[str] = MANAGE, **changes: str
    ) -> None:
        self.folder, self.port = folder, free_port()
        super().__init__(f"http://{host}:{self.port}")
        # A file takes all it says: a pipe that nobody reads is full at 64 kB, and stops it.
        self._output = TemporaryFile()  # noqa: SIM115, closed when the process has ended
        self.process = subprocess.Popen(
            [*command, "up", "--host", host, "--port", str(self.port)],
            cwd=ROOT if command is MANAGE else folder,
            env=environment(folder, **changes),
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def said(self) -> str:
        """Return what it has said so far."""
        descriptor = self._output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until it says that it serves."""
        self._wait_for_words(rf"kfmap is at {re.escape(self.address)}/")

    def wait_for_link(self) -> str:
        """Return the one-time link."""
        return self._wait_for_words(r"http\S+/accounts/setup/\S+(?=\n)")

    def _wait_for_words(self, pattern: str) -> str:
        while not (found := re.search(pattern, self.said)):
            assert self.process.poll() is None, f"it ended: {self.said}"
            time.sleep(0.02)
        return found[0]

    def sign_in(self) -> None:
        """Create the administrator with the one-time link."""
        path = self.wait_for_link().removeprefix(self.address)
        assert self.get(path)[0] == 200
        form = {"username": ADMINISTRATOR, "password1": PASSWORD, "password2": PASSWORD}
        assert self.post(path, form)[0] == 200

    def stop(self, how: signal.Signals) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=_PATIENCE)

    def end(self) -> None:
        """Kill what still runs, and forget what it said."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._output.close()


@contextmanager
def up(
    folder: Path, host: str = "127.0.0.1", command: Sequence[str] = MANAGE, **changes: str
) -> Iterator[Up]:
    """Run `up` for the length of a block, in an empty folder with the kernels loaded already."""
    database = folder / _DATABASE
    if not database.exists() and "DATABASE_URL" not in changes:
        shutil.copyfile(loaded_map(), database)
    with start(folder, host, command, **changes) as running:
        yield running


@contextmanager
def start(
    folder: Path, host: str = "127.0.0.1", command: Sequence[str] = MANAGE, **changes: str
) -> Iterator[Up]:
    """Run `up` for the length of a block, in a folder as it is."""
    running = Up(folder, host, command, **changes)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.end()


def wait_until(answers: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a question is answered with yes."""
    ends_at = time.monotonic() + seconds
    while not answers():
        assert time.monotonic() < ends_at, "waited too long"
        time.sleep(0.1)
