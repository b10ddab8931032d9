"""Parse pieces of C: bodies of functions, expressions, initialisers. Whole files are never parsed.

tree-sitter loses its way in files full of the kernel's macros; a piece that is cut out first is
short, so an error in one costs nothing elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from kfmap.kernel.brackets import split_outside
from kfmap.kernel.items import Item
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass

_MAX_PIECE = 1 << 20
_ATTRIBUTE = re.compile(r"\b__(?:maybe_|always_)?(?:un)?used\b")  # taken for the name after it


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its parameters' names, its body, and the lines that nodes of the body are on."""

    name: str
    file: str
    line: int
    parameters: tuple[str, ...]
    body: Node
    first_row: int

    def line_of(self, node: Node) -> int:
        """Return the line of a node of the body."""
        return self.first_row + node.start_point.row


def parse_function(item: Item) -> Function:
    """Parse the function that an item defines."""
    body = _ATTRIBUTE.sub(lambda match: " " * len(match[0]), item.text[item.brace :])
    root = _parse("void f(void)" + body)
    found = root.named_children[0] if root.named_children else root
    node = found.child_by_field_name("body") or found
    return Function(
        item.function,
        item.file,
        item.function_line,
        _parameters(item.head, item.function),
        node,
        item.line_at(item.brace),
    )


def parse_expression(text: str) -> Node:
    """Parse an expression; what is none gives a node of type ERROR."""
    root = _parse(f"int x = {text.strip()};")
    found = next((node for node in walk(root) if node.type == "init_declarator"), None)
    value = None if found is None else found.child_by_field_name("value")
    return root if value is None else value


def parse_statements(text: str, row: int) -> list[Node]:
    """Parse statements; their nodes are on this row (from 0), whatever text is before them.

    The last one may lack its semicolon.
    """
    root = _parse("void f(void)" + "\n" * row + "{" + text.replace("\n", " ") + ";}")
    body = next((node for node in walk(root) if node.type == "compound_statement"), root)
    return list(body.named_children)


def parse_initializer(text: str) -> Node:
    """Parse what follows `=` in a declaration with braces."""
    root = _parse(f"int x[] = {text.strip()};")
    found = next((node for node in walk(root) if node.type == "initializer_list"), None)
    return root if found is None else found


def walk(node: Node) -> Iterator[Node]:
    """Return the node and all under it, in order."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def text_of(node: Node) -> str:
    """Return the text of a node."""
    return (node.text or b"").decode(errors="replace")


def field_of(node: Node, name: str) -> Node | None:
    """Return a named part of a node."""
    return node.child_by_field_name(name)


def called_name(call: Node) -> str:
    """Return the name of the function or macro that is called, "" if it is not a plain name."""
    function = call.child_by_field_name("function")
    return text_of(function) if function is not None and function.type == "identifier" else ""


def arguments_of(call: Node) -> list[Node]:
    """Return the arguments of a call."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def declared_names(declaration: Node) -> list[str]:
    """Return the names of a declaration, none for another node."""
    if declaration.type != "declaration":
        return []
    declarators = declaration.children_by_field_name("declarator")
    names = ([n for n in walk(part) if n.type == "identifier"] for part in declarators)
    return [text_of(found[0]) for found in names if found]


def split_list(text: str) -> list[str]:
    """Split at the commas that are in no bracket, leaving out what is empty."""
    return split_outside(text, ",").texts


def strip_parentheses(node: Node) -> Node:
    """Return the expression inside any number of parentheses."""
    while node.type == "parenthesized_expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def _parameters(head: str, name: str) -> tuple[str, ...]:
    at = head.find("(", max(0, head.find(f"{name}("))) + 1
    names = tuple(_declared_name(text) for text in split_outside(head, ",", at).texts)
    return names if names != ("void",) else ()


def _declared_name(parameter: str) -> str:
    """Return the name in `const struct x *name`, `u8 name[4]`, `int (*name)(int)`."""
    if "(*" in parameter:
        parameter = parameter[parameter.index("(*") + 2 :].split(")")[0]
    words = parameter.split("[")[0].replace("*", " ").split()
    return words[-1] if words else ""


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_c.language()))


def _parse(text: str) -> Node:
    if len(text) > _MAX_PIECE:
        raise TreeError(f"a function or table of {len(text):,} characters: no kernel has such")
    return _parser().parse(text.encode()).root_node
