"""The conditions of #if in words, as reports say under which a kfunc is in its set."""

from __future__ import annotations

import re

ELSE = "#else of "
_WORDS = (
    (re.compile(r"\b(?:defined|IS_ENABLED)\s*\(?\s*(\w+)\s*\)?"), r"\1"),
    (re.compile(r"\bIS_(BUILTIN|MODULE|REACHABLE)\s*\(\s*(\w+)\s*\)"), r"\2"),
    (re.compile(r"\s*&&\s*"), " and "),
    (re.compile(r"\s*\|\|\s*"), " or "),
    (re.compile(r"!(?!=)\s*"), "not "),
)


def name_branch(expression: str) -> str:
    """Return the condition of a branch in words; `ELSE` stands before its #if's."""
    if expression.startswith(ELSE):
        return f"not ({name_condition(expression.removeprefix(ELSE))})"
    return name_condition(expression)


def name_condition(expression: str) -> str:
    """Return a preprocessor condition in words: "CONFIG_NET and not CONFIG_S390"."""
    for pattern, words in _WORDS:
        expression = pattern.sub(words, expression)
    return " ".join(expression.split())
