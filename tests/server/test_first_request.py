"""No request waits for code to be imported: it is there when the application is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.server.process import ROOT, environment

_ASK = "import sys, kfmap.asgi; print([name for name in sys.argv[1:] if name not in sys.modules])"
_VIEWS = ("kfmap.urls", "kfmap.web.urls", "kfmap.api.urls", "verifier.web.urls", "rest_framework")


def test_every_view_is_imported_with_the_application(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ASK, *_VIEWS],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.strip() == "[]", ended.stderr[-1000:]
