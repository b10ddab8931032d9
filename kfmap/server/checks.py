"""System checks of the settings: what is wrong, and what to set instead."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from verifier.jobs.confined import find_gaps

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://", "redis+socket://")
_LOCAL = {"localhost", "127.0.0.1", "[::1]"}


def check_readable_values(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Name every variable whose value could not be read."""
    return [
        checks.Error(
            f"{problem.variable} cannot be read.",
            hint=f"Set it to {problem.expected}, or unset it.",
            id="kfmap.E001",
        )
        for problem in settings.KFMAP_ENVIRONMENT_PROBLEMS
    ]


def check_broker(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """See that jobs reach a worker: the embedded one serves a single web process only."""
    if settings.KFMAP_REDIS_URL:
        if settings.KFMAP_REDIS_URL.startswith(_REDIS_SCHEMES):
            return []
        hint = "Use an address such as redis://localhost:6379/0."
        return [checks.Error("KFMAP_REDIS_URL is not a Redis address.", hint=hint, id="kfmap.E002")]
    if os.environ.get("WEB_CONCURRENCY", "1") in ("", "1"):
        return []
    hint = "Set KFMAP_REDIS_URL and start `celery -A kfmap worker`, or unset WEB_CONCURRENCY."
    message = "Several web processes cannot share the embedded worker."
    return [checks.Error(message, hint=hint, id="kfmap.E003")]


def check_object_storage(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """See that the library for S3 is there where it is needed."""
    backend = settings.STORAGES["objects"]["BACKEND"]
    if not backend.startswith("storages.") or find_spec("storages"):
        return []
    hint = "Install it with `pip install 'kfmap[s3]'` or `pip install 'django-storages[s3]'`."
    message = "KFMAP_OBJECT_STORAGE needs django-storages."
    return [checks.Error(message, hint=hint, id="kfmap.E005")]


def check_sentry(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """See that failures can be sent where they are wanted."""
    if not settings.KFMAP_SENTRY_DSN or find_spec("sentry_sdk"):
        return []
    hint = "Install it with `pip install 'kfmap[sentry]'` or `pip install sentry-sdk`."
    return [checks.Error("KFMAP_SENTRY_DSN needs sentry-sdk.", hint=hint, id="kfmap.E006")]


def check_exposure(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn of what is safe on one's own machine only."""
    found: list[checks.CheckMessage] = []
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts that people type: KFMAP_ALLOWED_HOSTS=kfmap.example.org."
        found.append(
            checks.Warning("KFMAP_ALLOWED_HOSTS accepts any host.", hint=hint, id="kfmap.W001")
        )
    if settings.DEBUG and not set(settings.ALLOWED_HOSTS) <= _LOCAL:
        hint = "Unset KFMAP_DEBUG: error pages would show settings and source."
        found.append(checks.Error("KFMAP_DEBUG is on for other hosts.", hint=hint, id="kfmap.E004"))
    return found


def check_confinement(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Return what the process that reads uploads is not kept from on this platform."""
    hint = "Run kfmap on Linux 5.13 or newer, and allow seccomp and Landlock in its container."
    return [
        checks.Warning(f"Checks of uploads are not confined: {gap}", hint=hint, id="kfmap.W002")
        for gap in find_gaps()
    ]


CHECKS = (
    check_readable_values,
    check_broker,
    check_object_storage,
    check_sentry,
    check_exposure,
    check_confinement,
)
