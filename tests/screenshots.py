"""Pictures of every page, two themes, two widths: `python -m tests.screenshots [DIR [PAGE ...]]`.

One more is of the page as printed on A4.

A map of its own is made in a scratch folder, with the bundled kernels, an account and a checked
object; KFMAP_DATA_DIR names another one to take pictures of.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Literal
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from verifier.records.models import BpfObject

WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
PAPER = {"print": (718, 1040)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CHROMIUM = "/usr/bin/chromium"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log no request."""


@contextmanager
def serve() -> Iterator[str]:
    """Serve the map of this process; give its address."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("localhost", 0, get_wsgi_application(), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()


def prepare() -> tuple[dict[str, str], str]:
    """Fill the map where it is empty; give the pages, and the session of a reader signed in."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from kfmap.catalogue.models import Kernel
    from tests.web.addresses import list_addresses
    from tests.web.uploads import create_upload

    call_command("migrate", verbosity=0)
    if not Kernel.objects.exists():
        call_command("load_kernels", verbosity=0)
    ada, _ = User.objects.get_or_create(username="ada")
    _keep_bytes(create_upload())
    client = Client()
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    return list_addresses(), client.cookies["sessionid"].value


def _keep_bytes(obj: BpfObject) -> None:
    """Keep bytes for a made-up object, so that the page of a program's source has lines to show."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    from tests.verifier.engine.object.objects import object_bytes

    data, name = object_bytes("outcomes.bpf.o"), f"{obj.sha256[:2]}/{obj.sha256}"
    type(obj).objects.filter(pk=obj.pk).update(size=len(data))
    if not storages["objects"].exists(name):
        storages["objects"].save(name, ContentFile(data))


def take(folder: Path, wanted: list[str]) -> int:
    """Take the pictures; give how many pages are wider than the window."""
    from playwright.sync_api import sync_playwright

    pages, session = prepare()
    chosen = {name: path for name, path in pages.items() if name in wanted or not wanted}
    too_wide = 0
    with serve() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for size, (width, height) in {**WIDTHS, **PAPER}.items():
            for theme in THEMES if size in WIDTHS else THEMES[:1]:
                context = browser.new_context(
                    base_url=base, viewport={"width": width, "height": height}, color_scheme=theme
                )
                context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
                window = context.new_page()
                window.on("console", lambda message: print("console:", message.text))
                window.emulate_media(media="print" if size in PAPER else "screen")
                for name, path in chosen.items():
                    kind = f"{theme}-{size}" if size in WIDTHS else size
                    over = _picture(window, path, folder / f"{name}-{kind}.png")
                    if over > 0:
                        too_wide += 1
                        print(f"{name} at {width}: {over} px too wide")
                context.close()
        browser.close()
    return too_wide


def _picture(window: Page, path: str, file: Path) -> int:
    """Take the picture of a page; give by how many pixels it is wider than the window."""
    window.goto(path)
    window.wait_for_load_state("networkidle")
    window.screenshot(path=file, full_page=True)
    return int(
        window.evaluate("(page => page.scrollWidth - page.clientWidth)(document.documentElement)")
    )


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("KFMAP_DATA_DIR", scratch)
        django.setup()
        too_wide = take(folder, arguments[1:])
    print(f"pictures are in {folder}")
    return 1 if too_wide else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
