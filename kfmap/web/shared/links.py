"""The addresses of everything that has a name, made in one place, and the page of a kernel line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from django.conf import settings

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Filter, Guard, OpMask, Place
from kfmap.kernel.program_facts import OpCircumstances, RunTimeCheck
from kfmap.kernel.rule_form import Branch, Node
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.web.shared.addresses import address
from kfmap.web.shared.once_per_facts import once_per_facts

_PUBLISHED = re.compile(r"\A[1-9]\d*\.\d+(\.\d+)?(-rc\d+)?\Z")


def question_url(kernel: str, context: str, kfunc: str) -> str:
    """Return the address of an answer."""
    asked = f"kernel={quote_plus(kernel)}&context={quote_plus(context)}&kfunc={quote_plus(kfunc)}"
    return f"{address('can-call')}?{asked}"


def context_url(kernel: str, context: Context) -> str:
    """Return the page of a context: that of the member for struct_ops."""
    if context.struct_ops and context.member:
        return address("member", kernel, context.struct_ops, context.member)
    return address("context", kernel, render_context(context))


def place_url(kernel: LoadedKernel, file: str, line: int) -> str:
    """Return the page that shows what stands at a line of the kernel tree, "" if none does."""
    return _index_places(kernel).get((file, line), "") if file else ""


def source_urls(kernel: LoadedKernel, file: str, line: int) -> list[tuple[str, str]]:
    """Return where the source of a line opens, by the names in the settings.

    Only for kernels whose tree is a published one: a version such as 6.18.15.
    """
    version = kernel.facts.origin.tree_version
    if not _PUBLISHED.match(version):
        return []
    tag = version.removesuffix(".0") if version.count(".") == 2 else version
    parts = {"version": tag, "file": quote(file), "line": line}
    return [(name, url.format(**parts)) for name, url in settings.KFMAP_SOURCE_LINKS.items()]


@once_per_facts
def _index_places(kernel: LoadedKernel) -> dict[tuple[str, int], str]:
    """Index every line that facts stand on; where several do, filters win, then registrations."""
    index: dict[tuple[str, int], str] = {}
    for place, url in (
        *_filter_places(kernel),
        *_registration_places(kernel),
        *_member_places(kernel),
        *_run_time_places(kernel),
        *_entry_places(kernel),
    ):
        index.setdefault((place.file, place.line), url)
    return index


def _filter_places(kernel: LoadedKernel) -> Iterator[tuple[Place, str]]:
    tables = {item.name: item for item in kernel.facts.tables}
    for item in kernel.facts.filters:
        url = address("filter", kernel.name, item.id)
        yield item.place, url
        for file, line in rule_places(item):
            yield Place(file, line), f"{url}#L{line}"
        for table in tables.values():
            if table.file == item.place.file:
                yield Place(table.file, table.line), f"{url}#T{table.line}"
                for row in table.rows:
                    yield Place(table.file, row.line), f"{url}#T{row.line}"


def rule_places(item: Filter) -> set[tuple[str, int]]:
    """Return the lines that a filter's rule speaks of."""
    found: set[tuple[str, int]] = set()
    seen: set[int] = set()
    stack: list[Node] = [item.rule]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found.add((node.file, node.line))
        if isinstance(node, Branch):
            stack += [node.then, node.otherwise]
    return found


def _registration_places(kernel: LoadedKernel) -> Iterator[tuple[Place, str]]:
    for item in kernel.facts.registrations:
        url = address("set", kernel.name, item.set_id)
        yield item.place, f"{url}#registrations"
        yield item.set_place, f"{url}#registrations"
    for hook in kernel.facts.hook_of:
        if hook.hook:
            yield hook.place, address("hook", kernel.name, hook.hook)


def _member_places(kernel: LoadedKernel) -> Iterator[tuple[Place, str]]:
    for ops in kernel.facts.struct_ops:
        yield ops.place, address("struct-ops", kernel.name, ops.name)
        for member in ops.members:
            url = address("member", kernel.name, ops.name, member.name)
            for place in (member.place, member.supported_place, member.sleepable_place):
                if place:
                    yield place, url


def _run_time_places(kernel: LoadedKernel) -> Iterator[tuple[Place, str]]:
    masks = kernel.facts.run_time
    ops: list[OpMask | OpCircumstances] = [*(masks.ops if masks else ())]
    for op in (*ops, *kernel.facts.op_circumstances):
        for place in op.places:
            yield place, address("member", kernel.name, op.struct_ops, op.member)
    checks: list[Guard | RunTimeCheck] = [*(masks.guards if masks else ())]
    for check in (*checks, *kernel.facts.run_time_checks):
        for _, place in check.path:
            yield place, address("kfunc", kernel.name, check.kfunc)


def _entry_places(kernel: LoadedKernel) -> Iterator[tuple[Place, str]]:
    for item in kernel.facts.sets:
        url = address("set", kernel.name, item.id)
        yield item.place, url
        for entry in item.entries:
            yield entry.place, f"{url}#L{entry.place.line}"
