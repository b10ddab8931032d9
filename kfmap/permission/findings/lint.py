"""All findings about a kernel, as one list; as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.findings.build_health import (
    find_full_hooks,
    find_hidden,
    find_lost_in_btf,
    find_not_understood,
)
from kfmap.permission.findings.exposure import find_foreign, find_open_to_tracing
from kfmap.permission.findings.finding import Finding, sort_findings
from kfmap.permission.findings.member_classes import find_member_classes
from kfmap.permission.findings.multi_set import (
    find_flag_copies,
    find_governed,
    find_multi_hook,
    find_multi_set,
    find_naive_errors,
    find_overreach,
)

VERSION = 1


def lint_kernel(decider: Decider, everything: KernelFacts | None = None) -> tuple[Finding, ...]:
    """Return all findings about a kernel; `everything` is the same tree with every option on.

    A kernel that was only asked has none: its registrations are not known.
    """
    if decider.facts.is_observed:
        return ()
    contexts = build_contexts(decider.facts)
    findings = [
        *find_multi_set(decider),
        *find_multi_hook(decider),
        *find_flag_copies(decider),
        *find_overreach(decider, contexts),
        *find_governed(decider),
        *find_naive_errors(decider, contexts),
        *find_foreign(decider),
        *find_open_to_tracing(decider),
        *find_lost_in_btf(decider),
        *find_full_hooks(decider),
        *find_not_understood(decider),
        *find_member_classes(decider),
    ]
    if everything:
        findings += find_hidden(decider.facts, everything)
    return sort_findings(findings)


def render_lint_text(findings: Sequence[Finding]) -> str:
    """Return findings for people, one a line with its places and what to do."""
    lines = []
    for item in findings:
        lines.append(f"{item.severity}: {item.kind}: {item.subject}: {item.text}")
        lines += [f"    {place}" for place in item.places]
        if item.suggestion:
            lines.append(f"    {item.suggestion}")
    return "".join(f"{line}\n" for line in lines)


def render_lint_json(kernel: str, findings: Sequence[Finding]) -> str:
    """Return findings for programs."""
    body = {
        "version": VERSION,
        "kernel": kernel,
        "findings": [
            {
                "kind": item.kind,
                "severity": item.severity,
                "subject": item.subject,
                "text": item.text,
                "places": [{"file": place.file, "line": place.line} for place in item.places],
                "cells": item.cells,
                "suggestion": item.suggestion,
            }
            for item in findings
        ],
    }
    return json.dumps(body, indent=1) + "\n"
