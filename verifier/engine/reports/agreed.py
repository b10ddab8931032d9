"""What people agreed on beside the verdicts: policies, waivers, sign-offs."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.reports.document import Section, Table
from verifier.engine.reports.model import HeldUnder, ReportOptions, Waived

_EFFECTS = {"deny": "denied by", "warn": "warned of by", "allow": "permitted by"}


def agreed_sections(options: ReportOptions) -> Iterator[Section]:
    """Return the policies and waivers as a report on paper has them; sign-offs have a part."""
    if options.policies:
        columns = ("object", "policy", "version", "space", "effect", "for")
        rows = tuple(
            (
                item.file,
                item.policy,
                item.version,
                item.space,
                item.effect,
                "; ".join(item.findings),
            )
            for item in options.policies
        )
        yield Section("Policies", tables=(Table("Objects under policies", columns, rows),))
    if options.waivers:
        columns = ("finding", "reason", "owner", "until", "space", "fingerprint")
        waived = tuple(
            (item.finding, item.reason, item.owner, item.until, item.space, item.fingerprint)
            for item in options.waivers
        )
        yield Section("Waivers", tables=(Table("Findings that are answered for", columns, waived),))


def agreed_lines(options: ReportOptions) -> Iterator[str]:
    """Return the same in lines, sign-offs among them."""
    yield from (_policy_line(item) for item in options.policies)
    yield from (_waiver_line(item) for item in options.waivers)
    for said in options.sign_offs:
        rests = f"; rests on {said.rests_on}" if said.rests_on else ""
        line = f"{said.author}: {said.decision}, {said.when}, of {said.subject}; {said.holds}"
        yield f"{line}{rests}"


def _policy_line(item: HeldUnder) -> str:
    line = f"{item.file}: {_EFFECTS[item.effect]} policy {item.policy} version {item.version}"
    why = f": {'; '.join(item.findings)}" if item.findings else ""
    return f"{line} of {item.space}{why}"


def _waiver_line(item: Waived) -> str:
    return (
        f"waived in {item.space} until {item.until} by {item.owner}: {item.finding} "
        f"(because: {' '.join(item.reason.split())})"
    )
