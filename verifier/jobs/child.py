"""Start processes that read hostile bytes: they get nothing of this one's environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("LD_LIBRARY_PATH",)  # where a Python of one's own has its libraries
CHILD_ENVIRONMENT = {
    **{name: os.environ[name] for name in _KEPT if name in os.environ},
    "PYTHONPATH": str(ROOT),
    "LC_ALL": "C.UTF-8",
}


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of kfmap; packages of the user stay out of it."""
    return [sys.executable, "-s", "-m", module, *arguments]
