"""Servers that keep what they are sent: one takes mail (SMTP), one events as Sentry does."""

from __future__ import annotations

import gzip
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli


class _Mail(socketserver.StreamRequestHandler):
    """The least of RFC 5321 that a client needs."""

    def handle(self) -> None:
        """Take mails until the client leaves."""
        kept: list[str] = self.server.kept  # type: ignore[attr-defined]  # made below
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            if line.upper().startswith("DATA"):
                self._say("354 go on")
                kept.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
            self._say("221 bye" if line.upper().startswith("QUIT") else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Events(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take an envelope of Sentry."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            data = gzip.decompress(data)
        elif self.headers["Content-Encoding"] == "br":
            data = brotli.decompress(data)
        self.server.kept.append(f"{self.path}\n{data.decode()}")  # type: ignore[attr-defined]  # as above
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[tuple[int, list[str]]]:
    server.kept = []  # type: ignore[attr-defined]  # what the handlers append to
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1], server.kept  # type: ignore[attr-defined]  # as above
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """Return the port of a mail server and the mails it was given."""
    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)) as serving:
        yield serving


@contextmanager
def event_server() -> Iterator[tuple[int, list[str]]]:
    """Return the port of a server of events and what it was sent."""
    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), _Events)) as serving:
        yield serving
