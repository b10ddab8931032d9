"""One finding about a kernel: what it is, where, and what could be done."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.kernel.facts import Place

NOTE = "note"
WARNING = "warning"
DEFECT = "defect"
SEVERITIES = (DEFECT, WARNING, NOTE)
KIND_WORDS = {
    "flag_copies": "Entries with other flags",
    "filter_overreach": "Filters that refuse what is not theirs",
    "foreign_exposure": "Open to foreign struct_ops",
    "governed_elsewhere": "Decided by another set's filter",
    "hidden_by_option": "Left out by this configuration",
    "hook_limit": "Hooks near their limit",
    "lost_in_btf": "Registered and not callable",
    "member_classes": "Members that allow the same",
    "multi_hook": "Kfuncs on several hooks",
    "multi_set": "Kfuncs in several sets",
    "naive_view": "Where a simpler view is wrong",
    "not_understood": "Not understood",
    "open_to_tracing": "Open to every tracing program",
    "untagged": "Not tagged in BTF",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` names the rule, `subject` the kfunc, hook, set or member class it is about.

    `cells` counts the cells concerned, None where that says nothing. `suggestion` may be "".
    """

    kind: str
    severity: str
    subject: str
    text: str
    places: tuple[Place, ...] = ()
    cells: int | None = None
    suggestion: str = ""


COLUMNS = ("severity", "rule", "subject", "text", "places", "cells", "suggestion")


def row_of(item: Finding) -> tuple[str | int | None, ...]:
    """Return a finding as a row of a table with COLUMNS."""
    places = " ".join(map(str, item.places))
    return (
        *(item.severity, item.kind, item.subject, item.text),
        *(places, item.cells, item.suggestion),
    )


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings: the most serious first, then by rule and subject."""
    return tuple(
        sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.kind, f.subject, f.text))
    )
