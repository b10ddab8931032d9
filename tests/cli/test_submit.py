"""`kfmap submit` against a real server, and against servers that do not behave."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.reports.opening import read_pdf
from tests.server.process import ROOT, Up, environment, up

OBJECTS = ROOT / "tests" / "objects"
REFUSED, PASSES, NO_OBJECT = (
    str(OBJECTS / name) for name in ("scheduler.bpf.o", "instructions.bpf.o", "kinds.bpf.c")
)


def submit(folder: Path, token: str, *args: str) -> subprocess.CompletedProcess[str]:
    return kfmap(folder, token, "submit", *args)


def kfmap(folder: Path, token: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kfmap.cli", *args],
        cwd=ROOT,
        env=environment(folder, KFMAP_TOKEN=token),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("server")) as running:
        running.sign_in()
        yield running


@pytest.fixture(scope="module")
def token(server: Up) -> str:
    return make_token(server, "read", "submit")


def make_token(server: Up, *scopes: str) -> str:
    server.get("/accounts/tokens/")
    form = {"name": "CI", "scopes": list(scopes), "days": "7"}
    status, page = server.post("/accounts/tokens/", form)
    assert status == 201, page
    return str(re.findall(r"kfm_[\w-]{40,}", page)[0])


@pytest.mark.poppler
def test_verdicts_decide_the_exit_code(server: Up, token: str, tmp_path: Path) -> None:
    url = server.address
    refused = submit(tmp_path, token, url, REFUSED, "--wait", "--kernel", "7.2.12")
    assert refused.returncode == 1, refused.stderr
    assert "scx_bpf_dispatch_nr_slots: not allowed in this context" in refused.stdout
    link = "https://example.org/c/4f2a9c1"
    said = ("--commit", "4f2a9c1", "--branch", "main", "--link", link)
    fine = submit(tmp_path, token, url, PASSES, "--wait", "--format", "json", *said)
    assert fine.returncode == 0, fine.stderr
    (told,) = json.loads(fine.stdout)["objects"]
    assert told["file"] == "instructions.bpf.o"
    assert told["origin"] == {"commit": "4f2a9c1", "branch": "main", "link": link}
    assert all(program["instructions"] for program in told["programs"])
    report = tmp_path / "report.pdf"
    both = submit(
        tmp_path, token, url, REFUSED, PASSES, "--wait", "--format", "pdf", "-o", str(report)
    )
    assert both.returncode == 1, both.stderr
    text = read_pdf(report.read_bytes(), tmp_path)
    assert "scheduler.bpf.o" in text and "instructions.bpf.o" in text


def test_reports_on_what_a_server_keeps(server: Up, token: str, tmp_path: Path) -> None:
    done = submit(tmp_path, token, server.address, PASSES, REFUSED, "--wait", "--format", "json")
    passes, refused = (item["sha256"] for item in json.loads(done.stdout)["objects"])

    def report(*args: str) -> subprocess.CompletedProcess[str]:
        return kfmap(tmp_path, token, "report", *args, "--server", server.address)

    sent = (str(number) for number in range(9, 0, -1))  # other tests sent some before
    latest = next(number for number in sent if report("submission", number).returncode == 0)
    for args, said in (
        (("submission", latest), "## instructions.bpf.o"),
        (("space", "ada"), "## scheduler.bpf.o"),
        (("object", refused, "--format", "junit"), "<testsuites"),
        (("object", refused, "--format", "sarif"), '"version": "2.1.0"'),
        (("versions", passes, refused), "# What changed from instructions.bpf.o to scheduler"),
        (("kernel", "7.2"), "# Report on kernel 7.2"),
        (("kernels", "6.12", "7.2", "--format", "csv"), "kfunc"),
    ):
        done = report(*args)
        assert (done.returncode, said in done.stdout) == (0, True), (args, done.stdout, done.stderr)
    for args, said in (
        (("space", "nowhere"), "answers 404"),
        (("versions", passes, refused, "--format", "dot"), "This report draws no graph"),
    ):
        done = report(*args)
        assert (done.returncode, said in done.stderr) == (2, True), (args, done.stderr)


def test_only_what_is_new_fails(server: Up, token: str, tmp_path: Path) -> None:
    url, wait = server.address, ("--wait", "--kernel", "7.2", "--fail-on", "new")
    version = tmp_path / "versions.bpf.o"

    def send(content: str, *args: str) -> int:
        version.write_bytes(Path(content).read_bytes())
        done = submit(tmp_path, token, url, str(version), *wait, *args)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode

    report = tmp_path / "report.json"
    assert send(PASSES) == 0
    assert send(REFUSED) == 1, "the version before has no such cause"
    assert send(REFUSED, "--format", "json", "-o", str(report)) == 1, "the same bytes again"
    assert send(REFUSED, "--baseline", str(report)) == 0
    assert send(PASSES) == 0
    wrong = submit(tmp_path, token, url, PASSES, "--baseline", PASSES)
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)


def test_what_is_not_taken_is_said(server: Up, token: str, tmp_path: Path) -> None:
    done = submit(tmp_path, token, server.address, NO_OBJECT, PASSES)
    assert done.returncode == 2
    assert "kinds.bpf.c: Not taken: " in done.stdout
    assert re.search(rf"instructions\.bpf\.o: {server.address}/objects/[0-9a-f]+/", done.stdout)


def test_question_that_cannot_be_asked_is_one_sentence(
    server: Up, token: str, tmp_path: Path
) -> None:
    reader = make_token(server, "read")
    for given, args, said in (
        ("", (), "Set KFMAP_TOKEN: make a token at"),
        ("kfm_wrong", (), "answers 401: There is no such token"),
        (reader, (), "does not have the scope “submit”"),
        (token, ("--kernel", "5.0"), "The server has no kernel '5.0'; it has "),
        (token, ("--set", "nonsense"), "answers 400: "),
        (token, ("--link", "javascript:alert(1)"), "must be a web address"),
    ):
        done = submit(tmp_path, given, server.address, PASSES, *args)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1


class Odd(BaseHTTPRequestHandler):
    """A server that sends elsewhere, or is away for a moment."""

    asked: ClassVar[list[tuple[str, str]]] = []
    away = 2

    def do_GET(self) -> None:
        """Answer 503 a few times, then with no kernels; send what begins with /elsewhere away."""
        Odd.asked.append((self.path, self.headers.get("Authorization", "")))
        if self.path.startswith("/elsewhere"):
            self._answer(302, {"Location": "http://127.0.0.1:9/stolen/"}, b"")
        elif len(Odd.asked) <= Odd.away:
            self._answer(503, {"Retry-After": "0"}, b"")
        else:
            self._answer(200, {"Content-Type": "application/json"}, b"[]")

    def do_POST(self) -> None:
        """Answer what is no upload."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(418, {}, b"<b>\x1b[2Jno</b>")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def odd() -> Iterator[str]:
    Odd.asked = []
    server = HTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_token_goes_to_no_other_server(odd: str, tmp_path: Path) -> None:
    done = submit(tmp_path, "kfm_x", f"{odd}/elsewhere", PASSES)
    assert done.returncode == 2
    assert "answers 302: it sends to http://127.0.0.1:9/stolen/." in done.stderr
    assert len(Odd.asked) == 1


def test_server_that_is_away_for_a_moment_is_asked_again(odd: str, tmp_path: Path) -> None:
    done = submit(tmp_path, "kfm_x", odd, PASSES)
    assert [path for path, _ in Odd.asked] == ["/api/kernels/"] * 3
    assert "answers 418: " in done.stderr and "\x1b" not in done.stderr


def test_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = submit(tmp_path, "kfm_x", "ftp://example.org", PASSES)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is not the address of a server" in done.stderr
