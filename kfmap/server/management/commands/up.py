"""`manage.py up`: everything in one process, from an empty folder to the first page."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from kfmap.accounts.models import LIFETIME, SetupLink, administrator_exists
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.database import (
    DatabaseNotUsableError,
    describe_database,
    prepare_database,
    usable_database,
)
from kfmap.catalogue.kept_parts import keep_bundled_parts
from kfmap.catalogue.loading import Outcome, load_bundled
from kfmap.catalogue.rows.keep import keep_rows
from kfmap.celery import app
from kfmap.collection import collect_from_now_on, collection_paused
from kfmap.only_user import only_user
from kfmap.server.embedded_worker import EmbeddedWorker
from kfmap.server.later import start_soon
from kfmap.server.web_server import AddressError, WebServer, listen
from verifier.jobs.reconcile import Ticker
from verifier.jobs.restart import take_up_what_was_cut_off
from verifier.jobs.stopping import stop_jobs


class Command(BaseCommand):
    """Make the database, load the kernels, serve pages and run jobs until Ctrl-C."""

    help = "Start kfmap: database, bundled kernels, web server and embedded worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
        parser.add_argument("--port", type=int, default=8000, help="default: 8000")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Start without looking for cycles: what is made until pages are served stays.

        That is a quarter of the time of a first start.
        """
        with collection_paused():
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then serve; what is in the way is said in one sentence."""
        host, port = options["host"], options["port"]
        try:
            listener = listen(host, port)
        except AddressError as error:
            raise CommandError(str(error)) from error
        with listener, only_user(settings.KFMAP_DATA_DIR) as alone:
            self._say(f"Data folder: {settings.KFMAP_DATA_DIR}")
            self._prepare(alone)
            settings.ALLOWED_HOSTS.append(_name(host))
            self._serve(listener, f"http://{_name(host)}:{listener.getsockname()[1]}")
        self._say("Stopped.")

    def _prepare(self, alone: bool) -> None:
        try:
            with usable_database():
                prepare_database()
                self._say(f"Database: {describe_database()}")
                self._load_kernels()
                if alone and settings.KFMAP_EMBEDDED_WORKER:
                    take_up_what_was_cut_off()
        except DatabaseNotUsableError as error:
            raise CommandError(str(error)) from error

    def _load_kernels(self) -> None:
        total = len(find_bundled())
        for at, (name, outcome) in enumerate(load_bundled(everything=False), 1):
            if outcome != Outcome.UNCHANGED:
                self._say(f"[{at}/{total}] kernel {name} {outcome}")

    def _serve(self, listener: socket.socket, address: str) -> None:
        worker = EmbeddedWorker(app) if settings.KFMAP_EMBEDDED_WORKER else None
        ticker = Ticker(takes_jobs=worker is not None)
        server = WebServer(
            on_ready=lambda: self._say(self._welcome(address, link)),
            on_stop=lambda: _begin_stop(worker),
        )
        link = self._setup_link(address)
        collect_from_now_on()
        if worker:
            worker.start()
        ticker.start()
        rows = start_soon(keep_what_can_wait)
        try:
            server.run(sockets=[listener])
        finally:
            rows.cancel()
            ticker.stop()
            if worker:
                worker.stop()

    def _setup_link(self, address: str) -> str:
        """Return the sentence with the one-time link, nothing once there is an administrator."""
        if administrator_exists():
            return ""
        path = reverse("create-administrator", args=[SetupLink.objects.issue()])
        hours = LIFETIME.total_seconds() / 3600
        return f"\nCreate the administrator (once, within {hours:.0f} hours): {address}{path}"

    def _welcome(self, address: str, link: str) -> str:
        return f"kfmap is at {address}/ (Ctrl-C stops it){link}"

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def keep_what_can_wait() -> None:
    """Store what pages and jobs would otherwise make when they first need it."""
    keep_rows()
    keep_bundled_parts()


def _begin_stop(worker: EmbeddedWorker | None) -> None:
    """Have the worker stop while the web server still finishes its answers."""
    if worker:
        stop_jobs()
        worker.begin_stop()


def _name(host: str) -> str:
    """Return the host as a browser takes it."""
    if not host.strip("0.:"):  # every address of this machine
        return "localhost"
    return f"[{host}]" if ":" in host else host
