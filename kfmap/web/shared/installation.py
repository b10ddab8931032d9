"""What every template knows of this installation: its version, and how its commands are called."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from kfmap import __version__


def describe_installation(request: HttpRequest) -> dict[str, str]:
    """Return `kfmap_version` and `kfmap_command` (`kfmap`, in a checkout `manage.py`)."""
    return {"kfmap_version": __version__, "kfmap_command": settings.KFMAP_COMMAND}
