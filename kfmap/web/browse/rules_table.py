"""A filter as lines that can be read, and what each of its answers decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Filter
from kfmap.kernel.rule_form import Branch, Decide, MemberTable, Node, TableHas, Unknown, find_atoms
from kfmap.permission.rule_bits import Evaluate, compile_condition
from kfmap.permission.rule_words import describe_condition
from kfmap.permission.view import View
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.once_per_facts import once_per_facts

_MAX_LINES = 400


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line. `kind`: a condition (if, else) or an answer (refuse, pass, unknown)."""

    kind: str
    text: str
    depth: int
    file: str
    line: int
    cells: int = 0
    contexts: tuple[str, ...] = ()
    anchor: str = ""  # of the first line about a line of the tree, "" of others

    @property
    def word(self) -> str:
        """Return the verdict word of an answer."""
        return {"refuse": "refused", "pass": "allowed"}.get(self.kind, "unknown")


@dataclass(slots=True)
class _Decided:
    """What ends at one answer of a rule: cells, and the contexts they are in."""

    cells: int = 0
    contexts: dict[str, None] = field(default_factory=dict)


@once_per_facts
def build_rule_lines(kernel: LoadedKernel, filter_id: str) -> list[RuleLine]:
    """Return a filter's rule line by line, with the number of cells that each answer decides."""
    filter_ = kernel.decider.filters[filter_id]
    decided = _count_decided(kernel, filter_)
    lines = []
    known = {0}
    for line in _write(kernel, filter_.rule, decided):
        lines.append(line if line.line in known else replace(line, anchor=f"L{line.line}"))
        known.add(line.line)
        if len(lines) == _MAX_LINES:
            lines.append(RuleLine("unknown", "the rest is too long to show", 0, line.file, 0))
            break
    return lines


def _write(
    kernel: LoadedKernel, rule: Node, decided: dict[tuple[str, int], _Decided]
) -> Iterator[RuleLine]:
    sets = {item.id: item for item in kernel.facts.sets}
    stack: list[tuple[Node | str, int]] = [(rule, 0)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, str):
            yield RuleLine("else", node, depth, "", 0)
        elif isinstance(node, Branch):
            words = describe_condition(node.condition, sets)
            yield RuleLine("if", words, depth, node.file, node.line)
            if _is_short(node.then):
                stack += [(node.otherwise, depth), (node.then, depth + 1)]
            else:
                stack += [(node.otherwise, depth + 1), ("otherwise", depth), (node.then, depth + 1)]
        else:
            yield _answer_line(node, depth, decided.get((node.file, node.line), _Decided()))


def _is_short(node: Node) -> bool:
    """Return whether a side ends at once, so that the other side can go on at the same depth."""
    return not isinstance(node, Branch)


def _answer_line(node: Decide | Unknown, depth: int, decided: _Decided) -> RuleLine:
    if isinstance(node, Unknown):
        kind, text = "unknown", f"not understood: {node.construct}"
    else:
        kind, text = ("refuse", "refuse") if node.refuse else ("pass", "let pass")
    names = tuple(decided.contexts)
    return RuleLine(kind, text, depth, node.file, node.line, decided.cells, names)


def _count_decided(kernel: LoadedKernel, filter_: Filter) -> dict[tuple[str, int], _Decided]:
    """Send every cell of the filter's hooks through it, and count where each one ends."""
    decider, cells = kernel.decider, load_cells(kernel)
    listed = [
        (name, decider.hook_listed(owner, name))
        for (owner, name), hook in decider.tables.hooks.items()
        if filter_.id in hook.filters
    ]
    conditions = _compile(kernel, filter_.rule)
    found: dict[tuple[str, int], _Decided] = {}
    for context, name in zip(cells.contexts, cells.names, strict=True):
        asked = decider.hooks_asked(context)
        bits = 0
        for hook, on_hook in listed:
            bits |= on_hook if hook in asked else 0
        if bits:
            view = decider.views.build_view(context)
            for node, ended in _send(filter_.rule, conditions, view, bits):
                at = found.setdefault((node.file, node.line), _Decided())
                at.cells += ended.bit_count()
                at.contexts[name] = None
    return found


def _send(
    rule: Node, conditions: dict[int, Evaluate], view: View, bits: int
) -> Iterator[tuple[Decide | Unknown, int]]:
    """Return the answers that kfuncs arrive at; those at a condition not known arrive at none."""
    stack: list[tuple[Node, int]] = [(rule, bits)]
    while stack:
        node, left = stack.pop()
        if not left:
            continue
        if isinstance(node, Branch):
            holds, may_hold = conditions[id(node)](view)
            stack += [(node.then, left & holds), (node.otherwise, left & ~may_hold)]
        else:
            yield node, left


def _compile(kernel: LoadedKernel, rule: Node) -> dict[int, Evaluate]:
    """Compile the condition of every branch, by the identity of the node."""
    found: dict[int, Evaluate] = {}
    stack: list[Node] = [rule]
    while stack:
        node = stack.pop()
        if isinstance(node, Branch) and id(node) not in found:
            found[id(node)] = compile_condition(node.condition, kernel.decider.names)
            stack += [node.then, node.otherwise]
    return found


@once_per_facts
def find_tables(kernel: LoadedKernel, filter_id: str) -> list[MemberTable]:
    """Return the member tables that a filter reads."""
    atoms = find_atoms(kernel.decider.filters[filter_id].rule)
    names = {atom.table for atom in atoms if isinstance(atom, TableHas)}
    return [table for table in kernel.facts.tables if table.name in names]
