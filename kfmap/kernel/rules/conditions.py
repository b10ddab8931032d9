"""Join conditions of the rule form, leaving out what is constant."""

from __future__ import annotations

from kfmap.kernel.rule_form import All, Always, AnyOf, Condition, Not


def negate(condition: Condition) -> Condition:
    """Give the opposite."""
    if isinstance(condition, Always):
        return Always(not condition.value)
    return condition.condition if isinstance(condition, Not) else Not(condition)


def join(is_and: bool, conditions: tuple[Condition, ...]) -> Condition:
    """Give the conjunction or disjunction, without what is constant."""
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
    """Give `condition ? then : otherwise`."""
    if isinstance(condition, Always):
        return then if condition.value else otherwise
    if then == otherwise:
        return then
    first = join(True, (condition, then))
    return join(False, (first, join(True, (negate(condition), otherwise))))
