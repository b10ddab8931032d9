"""Whether the text of a function is what runs, or another one stands in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.source import Doubt
from kfmap.kernel.syntax import parse_function, text_of, walk

_WEAK = re.compile(r"\b(?:__)?weak\b")


def is_weak(item: Item) -> bool:
    """Return whether a function gives way to another one of its name."""
    return _WEAK.search(item.text[: item.brace]) is not None


def find_doubt(code: Code, item: Item) -> tuple[str, int] | None:
    """Return why the text of a function may not be what runs, and its line; None where it is."""
    if is_weak(item):
        return "weak function", item.function_line
    doubt = find_branch_in_doubt(code, item)
    if doubt:
        return f"#if {doubt.expression[:60]}", doubt.start
    body = parse_function(item).body
    for node in walk(body) if body.has_error else ():
        is_attribute = node.is_error and text_of(node).startswith("__")
        if (node.is_error or node.is_missing) and not is_attribute:
            return "syntax", item.line_at(item.brace) + node.start_point.row
    return None


def find_branch_in_doubt(code: Code, item: Item) -> Doubt | None:
    """Return the #if around a function, or in it, of which it is not known which branch counts."""
    around = code.find_doubt(item.file, item.function_line, item.file)
    if around:
        return around
    return next(find_branches_in(code, item), None)


def find_branches_in(code: Code, item: Item, after: Doubt | None = None) -> Iterator[Doubt]:
    """Return the #ifs in a function that are not decided, or those after one of them."""
    source = code.source(item.file)
    first = item.function_line if after is None else after.start + 1
    lines = range(first, item.line_at(len(item.text)) + 1)
    return (d for d in (source.undecided if source else ()) if d.start in lines)
