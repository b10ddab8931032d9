"""The report on one kernel: what it registers, what may be called where, what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kfmap.kernel.set_entries import list_entries
from kfmap.permission.findings.finding import (
    COLUMNS,
    DEFECT,
    KIND_WORDS,
    NOTE,
    WARNING,
    Finding,
    row_of,
)
from kfmap.permission.outcome_words import ALLOWED, LETTER_OF, LETTERS, REFUSED, TITLES
from kfmap.reports import document
from kfmap.reports.document import Entry, Level, Report, Rule, Section, Table, made_by
from kfmap.reports.kernel_data import KernelData

_LEVELS = {DEFECT: Level.ERROR, WARNING: Level.WARNING, NOTE: Level.NOTE}


def build_kernel_report(kernel: KernelData) -> Report:
    """Return the report; the workbook and JSON have all rows, the sections what people read."""
    kfuncs, registrations = _kfuncs(kernel), _registrations(kernel)
    counted = Counter("".join(kernel.rows.values()))
    outcomes = tuple((TITLES[LETTERS[letter]], count) for letter, count in counted.most_common())
    cells = Section("Cells", tables=(Table("Cells by outcome", ("outcome", "cells"), outcomes),))
    rules = (
        _findings_section(kernel.findings),
        Section("Registrations", tables=(registrations,)),
        Section("Kfuncs", tables=(kfuncs,)),
        *_graph_sections(kernel),
        Section("Not understood", _not_understood(kernel)),
    )
    return Report(
        "kernel",
        f"Report on kernel {kernel.name}",
        _lead(kernel, counted),
        (cells, *(() if kernel.facts.is_observed else rules)),
        (kfuncs, registrations, _findings_table(kernel.findings)),
        (*kernel.provenance, *made_by()),
        findings=tuple(map(_reported, kernel.findings)),
    )


def _lead(kernel: KernelData, counted: Counter[str]) -> tuple[str, ...]:
    facts, cells, contexts = (
        kernel.facts,
        sum(counted.values()),
        f"{len(kernel.contexts):,} contexts",
    )
    if facts.is_observed:
        refused = counted[LETTER_OF[REFUSED]]
        return (
            f"Release {facts.version}, booted and asked: {len(kernel.rows):,} kfuncs, {contexts}.",
            f"It refuses {refused:,} of {cells:,} cells. What its permission check lets pass is "
            "unknown, because nothing else was asked.",
            "Its sets, registrations and filters are not known: its source is not in the map.",
        )
    return (
        f"Release {facts.version}: {len(facts.kfuncs):,} kfuncs in {len(facts.sets):,} sets, "
        f"{contexts}.",
        f"{counted[LETTER_OF[ALLOWED]]:,} of {cells:,} cells are allowed.",
    )


def _graph_sections(kernel: KernelData) -> Iterator[Section]:
    """Return the graph of what callbacks may call, for the struct_ops type with the most of them:
    in kernels that have it, that is sched_ext_ops."""
    from kfmap.graphs.ops import build_ops_graph  # networkx takes a tenth of a second

    types = [item for item in kernel.facts.struct_ops if item.members]
    if types:
        largest = max(types, key=lambda item: (len(item.members), item.name))
        graph = build_ops_graph(kernel.decider, largest.name)
        yield Section(f"What callbacks of {largest.name} may call", graphs=(graph,))


def _kfuncs(kernel: KernelData) -> Table:
    """Return a row per kfunc: its sets and flags, and in how many contexts it may be called."""
    listed = list_entries(kernel.facts)
    letter = LETTER_OF[ALLOWED]
    rows = tuple(
        (
            item.name,
            " ".join(listed[item.name].sets),
            " ".join(listed[item.name].flags),
            kernel.rows.get(item.name, "").count(letter),
            str(item.place or ""),
        )
        for item in kernel.facts.kfuncs
    )
    return Table("kfuncs", ("kfunc", "sets", "flags", "contexts that may call", "place"), rows)


def _registrations(kernel: KernelData) -> Table:
    rows = tuple(
        (item.program_type, item.hook, item.kfunc_id_set, item.filter, item.owner, str(item.place))
        for item in kernel.facts.registrations
    )
    columns = ("program type", "hook", "kfunc id set", "filter", "owner", "place")
    return Table("registrations", columns, rows)


def _findings_table(findings: tuple[Finding, ...]) -> Table:
    return Table("findings", COLUMNS, tuple(map(row_of, findings)))


def _reported(item: Finding) -> document.Finding:
    advice = f" Try: {item.suggestion}" if item.suggestion else ""
    return document.Finding(
        Rule(item.kind, KIND_WORDS[item.kind]),
        _LEVELS[item.severity],
        item.subject,
        f"{item.text}{advice}",
        tuple((place.file, place.line) for place in item.places),
    )


def _findings_section(findings: tuple[Finding, ...]) -> Section:
    entries = tuple(
        Entry(
            f"{item.severity}: {item.subject}",
            (item.text, *([f"Try: {item.suggestion}"] if item.suggestion else [])),
            tuple(map(str, item.places)),
        )
        for item in findings
    )
    return Section("Findings", () if entries else ("Nothing was found.",), entries)


def _not_understood(kernel: KernelData) -> tuple[str, ...]:
    items = kernel.facts.not_understood
    told = tuple(f"{item.place}: {item.construct}: {item.text}" for item in items)
    return told or ("Everything that was read was understood.",)
