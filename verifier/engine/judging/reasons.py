"""Reasons in the words of results, with the kernel's line where there is one."""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.kernel.facts import Place
from kfmap.permission.verdict import Reason as PermissionReason
from verifier.engine.result import Reason


def reason_at(rule: str, text: str, place: Place | None = None) -> Reason:
    """Make a reason from a place of the kernel tree, or from none."""
    return Reason(rule, text, place.file, place.line) if place else Reason(rule, text)


def take_over(reasons: Iterable[PermissionReason]) -> tuple[Reason, ...]:
    """Return the reasons of a decision about a cell."""
    return tuple(Reason(item.rule, item.text, item.file, item.line) for item in reasons)
