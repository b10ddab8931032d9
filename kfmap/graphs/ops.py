"""The graph callbacks → kfunc id sets → kfuncs of one ops structure.

Callbacks that may call the same are one node, kfuncs of the same sets with the same verdicts are
one node, and sets whose kfuncs every callback may call are one node: the picture can be read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import networkx as nx

from kfmap.counting import count_of
from kfmap.graphs.nodes import (
    CALLBACK,
    KFUNC,
    MIXED,
    SET,
    add_node,
    create_graph,
    join_nodes,
)
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import COMMON_HOOK
from kfmap.permission.member_classes import OutcomeClass, group_outcomes
from kfmap.permission.outcome_words import (
    ALLOWED,
    LETTER_OF,
    LETTERS,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    WILL_NOT_LOAD,
)
from kfmap.permission.view import STRUCT_OPS_TYPE

OPEN = "open"
_NEVER = LETTER_OF[REFUSED] + LETTER_OF[WILL_NOT_LOAD]
_ASLEEP = {LETTER_OF[ONLY_IF_SLEEPABLE], LETTER_OF[WILL_NOT_LOAD]}


@dataclass(frozen=True, slots=True)
class _Row:
    """A kfunc: the sets it is in, and its letter for each class of members."""

    name: str
    sets: tuple[str, ...]
    letters: str


def build_ops_graph(decider: Decider, struct_ops: str, *, refused: bool = False) -> nx.DiGraph[str]:
    """Build the graph of a struct_ops type; kfuncs no callback may call only if `refused`."""
    classes = group_outcomes(decider, struct_ops)
    rows = _read_rows(decider, classes)
    hidden = [row for row in rows if not refused and not row.letters.strip(_NEVER)]
    graph = create_graph(
        f"{struct_ops}: what its callbacks may call",
        "On the left the callbacks, those with equal rights in one box; in the middle the kfunc id "
        f"sets; on the right the kfuncs.{_say_hidden(len(hidden))}",
        ("callbacks", "kfunc id sets", "kfuncs"),
    )
    for number, group in enumerate(classes):
        note = say_rights(group)
        add_node(graph, f"class:{number}", CALLBACK, group.members, 0, note=note)
    _add_rows(graph, decider, [row for row in rows if row not in hidden], len(classes))
    _mark_parts(graph)
    return graph


def _say_hidden(count: int) -> str:
    """Return the sentence on what is not drawn, "" where everything is."""
    are = "is" if count == 1 else "are"
    text = f" {count_of(count, 'kfunc')} of the same hook that no callback may call {are} left out."
    return text if count else ""


def say_rights(group: OutcomeClass) -> str:
    """Return how many kfuncs the members of a class may call."""
    allowed = count_of(group.outcomes.allowed.bit_count(), "kfunc")
    asleep = group.outcomes.bits(ONLY_IF_SLEEPABLE).bit_count()
    return f"{allowed} allowed" + (f", {asleep} more if sleepable" if asleep else "")


def _read_rows(decider: Decider, classes: tuple[OutcomeClass, ...]) -> list[_Row]:
    hook_of = {item.program_type: item.hook for item in decider.facts.hook_of}
    hooks = [COMMON_HOOK] if decider.facts.decision.common else []
    hooks += [hook for hook in [hook_of.get(STRUCT_OPS_TYPE)] if hook]
    rows = []
    for index, name in enumerate(decider.kfuncs):
        sets = {item.kfunc_set.id for hook in hooks for item in decider.find_listed(name, hook)}
        if sets:
            letters = "".join(group.outcomes.letter(index) for group in classes)
            rows.append(_Row(name, tuple(sorted(sets)), letters))
    return rows


def _add_rows(graph: nx.DiGraph[str], decider: Decider, rows: list[_Row], classes: int) -> None:
    limited = _find_limited(rows)
    groups: dict[tuple[tuple[str, ...], str], list[_Row]] = defaultdict(list)
    for row in rows:
        sets = row.sets if limited.intersection(row.sets) else (OPEN,)
        groups[sets, row.letters].append(row)
    _add_sets(graph, decider, groups)
    for (sets, letters), group in sorted(groups.items()):
        node = f"kfuncs:{'+'.join(sets)}:{letters}"
        names = [row.name for row in group]
        add_node(graph, node, KFUNC, names, 2, verdict=_summarise(letters))
        for set_id in sets:
            join_nodes(graph, f"set:{set_id}", node, len(names), _summarise(letters))
            for number in range(classes):
                if letters[number] not in _NEVER:
                    verdict = LETTERS[letters[number]]
                    join_nodes(graph, f"class:{number}", f"set:{set_id}", len(names), verdict)


def _mark_parts(graph: nx.DiGraph[str]) -> None:
    """Mark the edges of callbacks that may call only some kfuncs of a set."""
    for start, end in graph.edges:
        if graph.nodes[start]["kind"] == CALLBACK:
            of = sum(graph.edges[end, kfuncs]["count"] for kfuncs in graph.successors(end))
            if graph.edges[start, end]["count"] < of:
                graph.edges[start, end]["verdict"] = MIXED


def _find_limited(rows: list[_Row]) -> set[str]:
    """Find the sets with a kfunc not open to every callback, and those sharing one with them.

    What every callback may call that may sleep is open: the callback says whether it may.
    """
    limited = {set_id for row in rows if not _is_open(row.letters) for set_id in row.sets}
    while True:
        near = {s for row in rows if limited.intersection(row.sets) for s in row.sets}
        if near <= limited:
            return limited
        limited |= near


def _is_open(letters: str) -> bool:
    return set(letters) <= {LETTER_OF[ALLOWED]} or set(letters) <= _ASLEEP


def _add_sets(
    graph: nx.DiGraph[str],
    decider: Decider,
    groups: dict[tuple[tuple[str, ...], str], list[_Row]],
) -> None:
    names = {item.id: item.name for item in decider.facts.sets}
    sizes = {item.id: len(item.entries) for item in decider.facts.sets}
    open_sets = {
        set_id
        for (sets, _), group in groups.items()
        if sets == (OPEN,)
        for row in group
        for set_id in row.sets
    }
    for set_id in dict.fromkeys(set_id for sets, _ in sorted(groups) for set_id in sets):
        if set_id == OPEN:
            items = sorted(names[item] for item in open_sets)
            label = f"open to every callback: {count_of(len(items), 'set')}"
            add_node(graph, f"set:{OPEN}", SET, items, 1, label=label)
        else:
            note = count_of(sizes[set_id], "kfunc")
            add_node(graph, f"set:{set_id}", SET, [names[set_id]], 1, note=note)


def _summarise(letters: str) -> str:
    """Return one word for a kfunc over all classes."""
    kinds = set(letters)
    if kinds <= set(_NEVER):
        return REFUSED
    if kinds <= _ASLEEP:
        return ONLY_IF_SLEEPABLE
    return LETTERS[kinds.pop()] if len(kinds) == 1 else MIXED
