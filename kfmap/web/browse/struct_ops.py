"""Ops structures and their members."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Member, OpMask, StructOps
from kfmap.permission.context_words import render_context
from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.member_classes import group_outcomes
from kfmap.permission.outcome_bits import OutcomeColumn
from kfmap.permission.outcome_words import ALLOWED, ONLY_IF_SLEEPABLE
from kfmap.web.browse.struct_ops_stages import list_member_stages, list_ops_stages
from kfmap.web.shared.addresses import address
from kfmap.web.shared.callers import (
    CALL_COLUMNS,
    group_by_set,
    kfuncs_by_set,
    list_calls,
    list_helpers,
)
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member with what it may call, its class of equal rights and its run-time mask.

    `asleep` counts what it may call only if it may sleep.
    """

    member: Member
    context_name: str
    allowed: int
    asleep: int
    fails: int
    unknown: int
    group: int
    mask: str

    @property
    def is_context(self) -> bool:
        """Return whether a program can stand here."""
        return bool(self.context_name)


@kernel_page()
def show_struct_ops(request: HttpRequest, this: ThisKernel, struct_ops: str) -> Page | HttpResponse:
    """Show the members of an ops structure."""
    ops = _find(this, struct_ops)
    rows = _build_rows(this.loaded, struct_ops)
    if chosen := request.GET.get("format"):
        return export_table(chosen, _export(this.name, struct_ops, rows))
    context = {
        "ops": ops,
        "tables": _render_tables(this.loaded, struct_ops),
        "classes": len({row.group for row in rows if row.group}),
        "elsewhere": list_ops_stages(this.kernels, struct_ops),
    }
    return Page("web/struct_ops.html", context)


@kernel_page()
def show_member(
    request: HttpRequest, this: ThisKernel, struct_ops: str, member: str
) -> Page | HttpResponse:
    """Show a member: its prototype, what it may call, who has the same rights."""
    ops = _find(this, struct_ops)
    rows = _build_rows(this.loaded, struct_ops)
    row = next((item for item in rows if item.member.name == member), None)
    if row is None:
        known = [item.name for item in ops.members]
        page = ("member", (this.name, struct_ops))
        raise NameNotFound(f"{struct_ops} of Linux {this.name}", "member", member, known, page)
    name = row.context_name
    groups = group_by_set(this.loaded, name) if name else []
    helpers = list_helpers(this.loaded, name) if name else []
    if chosen := request.GET.get("format"):
        calls = list_calls(groups, helpers)
        return export_table(
            chosen, Table(f"{this.name} {struct_ops} {member}", CALL_COLUMNS, calls)
        )
    context = {
        "ops": ops,
        "row": row,
        "member": row.member,
        "mask": _find_mask(this.loaded, struct_ops, member),
        "same": [item for item in rows if item.group and item.group == row.group and item != row],
        "groups": groups,
        "helpers": helpers,
        "timeline": list_member_stages(this.kernels, struct_ops, member),
    }
    return Page("web/member.html", context)


@once_per_facts
def _render_tables(kernel: LoadedKernel, struct_ops: str) -> str:
    """Return the members and what they may call as HTML: much, and it follows from the facts."""
    [ops] = [item for item in kernel.facts.struct_ops if item.name == struct_ops]
    names = {
        "loaded": kernel,
        "ops": ops,
        "rows": _build_rows(kernel, struct_ops),
        "reach": _find_reach(kernel, struct_ops),
    }
    return render_to_string("web/struct_ops_tables.html", names)


def _find(this: ThisKernel, name: str) -> StructOps:
    known = {ops.name: ops for ops in this.loaded.facts.struct_ops}
    return this.find("ops structure", name, known, "struct-ops")


@once_per_facts
def _build_rows(kernel: LoadedKernel, name: str) -> list[MemberRow]:
    [ops] = [item for item in kernel.facts.struct_ops if item.name == name]
    cells = load_cells(kernel)
    contexts = {
        context.member: render_context(context)
        for context in build_member_contexts(kernel.facts, name)
    }
    classes = {
        member: number
        for number, group in enumerate(group_outcomes(kernel.decider, name), start=1)
        for member in group.members
    }
    rows = []
    for member in ops.members:
        context_name = contexts.get(member.name, "")
        column = cells.columns.get(context_name)
        outcomes = cells.outcomes[column] if column is not None else OutcomeColumn()
        rows.append(
            MemberRow(
                member,
                context_name if column is not None else "",
                outcomes.allowed.bit_count(),
                outcomes.only_if_sleepable.bit_count(),
                outcomes.fails_at_run_time.bit_count(),
                outcomes.unknown.bit_count(),
                classes.get(member.name, 0),
                _name_mask(kernel, name, member.name),
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Reached:
    """Kfuncs of one set that the same callbacks may call; `asleep`: those that must sleep to."""

    set_name: str
    set_url: str
    kfuncs: tuple[tuple[str, str], ...]
    callbacks: tuple[str, ...]
    asleep: tuple[str, ...]

    @property
    def callers(self) -> int:
        """Count the callbacks."""
        return len(self.callbacks) + len(self.asleep)


@once_per_facts
def _find_reach(kernel: LoadedKernel, struct_ops: str) -> list[Reached]:
    """Return what the callbacks of a structure may call, kfuncs of fewest callbacks first."""
    cells = load_cells(kernel)
    columns = [
        (context.member or "", cells.outcomes[column])
        for column, context in enumerate(cells.contexts)
        if context.struct_ops == struct_ops
    ]
    found: list[Reached] = []
    for set_id, set_name, names in kfuncs_by_set(kernel):
        alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
        for name in names:
            row = cells.rows[name]
            who = tuple(
                tuple(member for member, column in columns if column.word(row) == word)
                for word in (ALLOWED, ONLY_IF_SLEEPABLE)
            )
            if any(who):
                alike.setdefault(who, []).append(name)
        url = address("set", kernel.name, set_id) if set_id else ""
        found += [
            Reached(set_name, url, _link(kernel.name, kfuncs), *who)
            for who, kfuncs in alike.items()
        ]
    return sorted(found, key=lambda item: (item.callers, item.set_name))


def _link(kernel: str, kfuncs: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, address("kfunc", kernel, name)) for name in kfuncs)


def _find_mask(kernel: LoadedKernel, struct_ops: str, member: str) -> OpMask | None:
    masks = kernel.decider.run_time
    return masks.ops.get((struct_ops, member)) if masks else None


def _name_mask(kernel: LoadedKernel, struct_ops: str, member: str) -> str:
    masks, found = kernel.decider.run_time, _find_mask(kernel, struct_ops, member)
    return masks.name_mask(found.mask) if masks and found else ""


def _export(kernel: str, name: str, rows: list[MemberRow]) -> Table:
    columns = (
        "member",
        "offset",
        "callback",
        "supported",
        "sleepable",
        "class",
        "run_time_mask",
        "allowed",
        "only_if_sleepable",
        "fails_at_run_time",
        "unknown",
        "prototype",
    )
    cells = [
        (
            row.member.name,
            row.member.offset,
            row.member.callback,
            row.member.supported,
            row.member.sleepable,
            row.group or None,
            row.mask,
            row.allowed,
            row.asleep,
            row.fails,
            row.unknown,
            row.member.prototype,
        )
        for row in rows
    ]
    return Table(f"{kernel} {name}", columns, cells)
