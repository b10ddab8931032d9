"""Graphs of rights compared: members of one ops structure, and two ops structures."""

from __future__ import annotations

import networkx as nx

from kfmap.counting import count_of
from kfmap.graphs.nodes import (
    CALLBACK,
    KFUNC,
    STRUCT_OPS,
    add_node,
    create_graph,
    join_nodes,
)
from kfmap.graphs.ops import say_rights
from kfmap.permission.bits import name_bits
from kfmap.permission.decide import Decider
from kfmap.permission.member_classes import group_outcomes, list_attachable
from kfmap.permission.outcome_bits import OutcomeColumns


def build_class_graph(decider: Decider, struct_ops: str) -> nx.DiGraph[str]:
    """Build the classes of members with equal rights; arrows lead to classes that may call more.

    Arrows that follow from others are left out, so every arrow is the smallest step.
    """
    classes = group_outcomes(decider, struct_ops)
    rights = [item.outcomes.allowed | item.outcomes.only_if_sleepable for item in classes]
    wider: nx.DiGraph[int] = nx.DiGraph()
    wider.add_nodes_from(range(len(classes)))
    for a, small in enumerate(rights):
        for b, large in enumerate(rights):
            if small != large and small & large == small:
                wider.add_edge(a, b)
    steps = nx.transitive_reduction(wider)
    graph = create_graph(
        f"{struct_ops}: members with equal rights",
        "Each box is a class of members that may call exactly the same kfuncs; arrows lead to "
        "classes that may call all of these and more.",
        ("fewest rights", "more →"),
    )
    for column, generation in enumerate(nx.topological_generations(steps)):
        for number in sorted(generation):
            note = say_rights(classes[number])
            items = classes[number].members
            add_node(graph, f"class:{number}", CALLBACK, items, column, note=note)
    for a, b in sorted(steps.edges):
        more = (rights[b] & ~rights[a]).bit_count()
        join_nodes(graph, f"class:{a}", f"class:{b}", more)
    return graph


def build_shared_graph(decider: Decider, first: str, second: str) -> nx.DiGraph[str]:
    """Build what callbacks of two struct_ops types may call: shared, and each one's own."""
    columns = OutcomeColumns(decider)
    reach = []
    for name in (first, second):
        bits = 0
        for context in list_attachable(decider, name):
            column = columns.column(context, *decider.bits(context))
            bits |= column.allowed | column.only_if_sleepable
        reach.append(bits)
    graph = create_graph(
        f"Kfuncs of {first} and {second}",
        "What some callback of each type may call: shared kfuncs in the middle box.",
    )
    for name in (first, second):
        add_node(graph, f"ops:{name}", STRUCT_OPS, [name], 0)
    parts = (
        (f"only {first}", reach[0] & ~reach[1], (first,)),
        ("both", reach[0] & reach[1], (first, second)),
        (f"only {second}", reach[1] & ~reach[0], (second,)),
    )
    for note, bits, owners in parts:
        names = name_bits(bits, decider.kfuncs)
        if names:
            words = f"{note}: {count_of(len(names), 'kfunc')}"
            add_node(graph, f"part:{note}", KFUNC, names, 1, note=words)
        for owner in owners if names else ():
            join_nodes(graph, f"ops:{owner}", f"part:{note}", len(names))
    return graph
