"""Join conditions of the rule form, leaving out what is constant."""

from __future__ import annotations

from kfmap.kernel.rule_form import All, Always, AnyOf, Condition, Node, Not, parts_of

_MAX_PARTS = 5_000
_MAX_DEPTH = 100  # whoever reads the rule form does so by recursion


def negate(condition: Condition) -> Condition:
    """Return the opposite."""
    if isinstance(condition, Always):
        return Always(not condition.value)
    return condition.condition if isinstance(condition, Not) else Not(condition)


def join(is_and: bool, conditions: tuple[Condition, ...]) -> Condition:
    """Return the conjunction or disjunction, without what is constant."""
    kind: type[All] | type[AnyOf] = All if is_and else AnyOf
    flat: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, Always):
            if condition.value is not is_and:
                return condition
        elif isinstance(condition, kind):
            flat.extend(condition.conditions)
        else:
            flat.append(condition)
    if not flat:
        return Always(is_and)
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def either(condition: Condition, then: Condition, otherwise: Condition) -> Condition:
    """Return `condition ? then : otherwise`."""
    if isinstance(condition, Always):
        return then if condition.value else otherwise
    if then == otherwise:
        return then
    first = join(True, (condition, then))
    return join(False, (first, join(True, (negate(condition), otherwise))))


def is_too_large(rule: Node | Condition) -> bool:
    """Return whether a rule or condition has more parts, or is deeper, than any real one."""
    waiting: list[tuple[Node | Condition, int]] = [(rule, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if count > _MAX_PARTS or depth > _MAX_DEPTH:
            return True
        waiting += [(inner, depth + 1) for inner in parts_of(part)]
    return False
