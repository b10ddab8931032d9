"""Macros that stand for statements: those that lead out of where they stand, or set a local."""

from __future__ import annotations

import re
from collections.abc import Collection

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.source import substitute
from kfmap.kernel.syntax import (
    Function,
    arguments_of,
    called_name,
    parse_statements,
    text_of,
)

_MAX_MACROS = 4  # macros within macros, in a statement
_NAME = re.compile(r"\b[A-Za-z_]\w*")
_LEADS_OUT = r"\b(?:return|goto|break|continue)\b"


def expand_statement(
    code: Code, function: Function, node: Node, line: int, variables: Collection[str]
) -> list[Node]:
    """Return the statements of such a macro, on the row of its use; none for any other node.

    `variables` are the locals that matter.
    """
    is_call = node.type == "call_expression"
    name = called_name(node) if is_call else text_of(node)
    if not name.isidentifier():
        return []
    macro = code.macro_beside(name, function.file, line)
    if macro is None or (macro.parameters is not None) is not is_call:
        return []
    text = substitute(macro, [text_of(argument) for argument in arguments_of(node)])
    sets = "|".join(map(re.escape, variables))
    assigned = rf"|\b(?:{sets})\b[\s)]*(?:[^\w\s]{{0,2}}=(?!=)|\+\+|--)" if sets else ""
    matters = re.compile(_LEADS_OUT + assigned)
    is_meant = _has(code, function.file, text, matters)
    return parse_statements(text, node.start_point.row) if is_meant else []


def _has(code: Code, file: str, text: str, pattern: re.Pattern[str], depth: int = 0) -> bool:
    """Return whether a text has a pattern, or a macro of the file does that is named in it.

    Macros that many files share lead nowhere by one another.
    """
    if pattern.search(text):
        return True
    source = code.source(file)
    own = source.defined.keys() if source else set[str]()
    names = (set(_NAME.findall(text)) & own) if own and depth < _MAX_MACROS else ()
    macros = (code.macro(name, file) for name in names)
    return any(_has(code, file, macro.body, pattern, depth + 1) for macro in macros if macro)
