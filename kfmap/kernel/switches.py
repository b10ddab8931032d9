"""The arms of a switch: which labels lead to which statements, falling through as C does."""

from __future__ import annotations

from tree_sitter import Node

from kfmap.kernel.syntax import declared_names, field_of
from kfmap.quick_dataclass import dataclass

_LEAVES = ("return_statement", "goto_statement", "continue_statement")
_OWN_BREAK = ("switch_statement", "while_statement", "for_statement", "do_statement")


@dataclass(frozen=True, slots=True)
class Arm:
    """Labels (None for default) and the statements they lead to, without the break at the end.

    `is_plain` False: a break further in, so that the statements are not all that happens.
    """

    labels: tuple[Node | None, ...]
    statements: tuple[Node, ...]
    is_plain: bool


def read_arms(switch: Node) -> list[Arm]:
    """Return the arms of a switch in order; labels without statements go with the next.

    One whose labels stand inside other statements is a single arm that is not plain.
    """
    body = field_of(switch, "body")
    if body and any(has_label(node) for node in body.named_children):
        return [Arm((None,), (), is_plain=False)]
    cases = [node for node in body.named_children if node.type == "case_statement"] if body else []
    own = [_flatten(_statements(case)) for case in cases]
    arms: list[Arm] = []
    labels: list[Node | None] = []
    for at, case in enumerate(cases):
        labels.append(field_of(case, "value"))
        if own[at] or at == len(cases) - 1:
            statements, is_plain = _until_break(own[at:])
            arms.append(Arm(tuple(labels), statements, is_plain))
            labels = []
    return arms


def find_block_locals(switch: Node) -> set[str]:
    """Return the names that arms declare in blocks, which `read_arms` takes apart."""
    body = field_of(switch, "body")
    cases = [node for node in body.named_children if node.type == "case_statement"] if body else []
    blocks = [node for case in cases for node in _statements(case)]
    names: set[str] = set()
    while blocks:
        block = blocks.pop()
        if block.type == "compound_statement":
            names.update(name for node in block.named_children for name in declared_names(node))
            blocks += block.named_children
    return names


def _statements(case: Node) -> list[Node]:
    label = field_of(case, "value")
    return [node for node in case.named_children if node != label and node.type != "comment"]


def _flatten(statements: list[Node]) -> list[Node]:
    flat: list[Node] = []
    for node in statements:
        inner = node.named_children if node.type == "compound_statement" else None
        flat += [node] if inner is None else _flatten([n for n in inner if n.type != "comment"])
    return flat


def _until_break(groups: list[list[Node]]) -> tuple[tuple[Node, ...], bool]:
    taken: list[Node] = []
    for group in groups:
        for node in group:
            if node.type == "break_statement":
                return tuple(taken), not any(map(_has_break, taken))
            taken.append(node)
            if node.type in _LEAVES:
                return tuple(taken), not any(map(_has_break, taken))
    return tuple(taken), not any(map(_has_break, taken))


def has_label(statement: Node) -> bool:
    """Return whether a label of the switch around it stands inside a statement."""
    is_case = statement.type == "case_statement"
    waiting = list(statement.named_children) if is_case else [statement]
    while waiting:
        current = waiting.pop()
        if current.type == "case_statement":
            return True
        if current.type != "switch_statement":
            waiting += current.named_children
    return False


def _has_break(node: Node) -> bool:
    """Return whether a break inside a statement leaves the switch around it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.type == "break_statement":
            return True
        if current.type not in _OWN_BREAK:
            waiting += current.children
    return False
