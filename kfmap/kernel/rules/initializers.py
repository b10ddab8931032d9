"""What a variable holds at first: the numbers, names and fields of its initialiser.

Positional and designated initialisers, arrays of either, structs with a name and without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from kfmap.kernel.brackets import split_outside
from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.source import substitute
from kfmap.kernel.syntax import field_of, parse_initializer, text_of
from kfmap.kernel.tree import TreeError
from kfmap.kernel.whole_word import find_followed
from kfmap.quick_dataclass import dataclass

_MAX_ELEMENTS = 4_000
_TAG = re.compile(r"\bstruct\s+(\w+)")
_DESIGNATED = re.compile(r"\s*\.\s*(\w+)\s*=\s*(.*)$", re.S)
_INITIALISED = re.compile(r"\s*((?:\[[^\]]*\]\s*)*)(=(?!=)|;\Z)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"\s*\(")
_DESIGNATES = re.compile(r"(?:^|[{,])\s*\.\s*\w+\s*=")
_MAX_MACROS = 200  # in one initialiser
_UNION = re.compile(r"\bunion\b")
_BIT_FIELD = re.compile(r"\w\s*:\s*\w+\s*[;,]")
_LAST_NAME = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*|:\s*\d+\s*)*\Z|\(\s*\*\s*(\w+)\s*\)")

# The text of an expression, or what the fields of a struct hold.
Held = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a file. `elements` by index; one at 0 where it is no array.

    None for an element that was not read. `type` is the tag of its struct, "" for none.
    """

    name: str
    file: str
    line: int
    type: str
    is_array: bool
    is_constant: bool
    elements: tuple[Held | None, ...]


def find_variable(code: Code, name: str, file: str) -> Variable | None:
    """Return a variable that is defined, looked for as `Sources.variable` does.

    A struct without an initialiser holds 0.
    """
    for other in code.files_with(name, file):
        for item in code.items(other):
            found = None
            if name in item.text and not item.function:
                found = read_variable(code, item, name)
            if found:
                return None if code.find_doubt(other, found.line, file) else found
    return None


def read_designated(item: Item) -> Mapping[str, str] | None:
    """Return `.name = value` of an initialiser, None where it has elements of another kind."""
    body = item.text[item.brace + 1 : item.text.rfind("}")]
    found = [_DESIGNATED.match(part) for part in split_outside(body, ",").texts]
    matches = [match for match in found if match is not None]
    if len(matches) < len(found):
        return None
    return {match[1]: match[2].strip() for match in matches}


def read_fields(code: Code, item: Item, name: str) -> Mapping[str, str] | None:
    """Return what the fields of a struct hold that an item defines, None where that is not read."""
    found = read_variable(code, item, name)
    held = found.elements[0] if found and not found.is_array and found.elements else None
    return held if isinstance(held, Mapping) else None


def read_variable(code: Code, item: Item, name: str) -> Variable | None:
    """Return the variable of a name that an item defines."""
    for at, match in find_followed(item.text, name, _INITIALISED):
        if match:
            is_one = match[2] == "=" or _is_struct(item.text[:at])
            return _read_variable(code, item, name, at, match) if is_one else None
    return None


def read_held(
    code: Code, head: str, dimensions: str, value: Node, file: str
) -> tuple[Held | None, ...]:
    """Return the elements of an initialiser; `head` is what stands before the variable's name."""
    names = member_names(code, head, file)
    if value.type == "initializer_list" and _has_odd_members(code, head, file):
        return (None,)
    if not dimensions.strip():
        return (_read_element(value, names),)
    if dimensions.count("[") > 1 or value.type != "initializer_list":
        return ()
    return _read_array(code, value, names, file)


def _has_odd_members(code: Code, head: str, file: str) -> bool:
    """Return whether it has a union, whose members share what they hold, or bit-fields."""
    tag = _TAG.search(head)
    item = code.type("struct", tag[1], file) if tag and "{" not in head else None
    text = item.text if item else head
    return _UNION.search(head) is not None or _BIT_FIELD.search(text) is not None


def member_names(code: Code, head: str, file: str) -> tuple[str, ...]:
    """Return the members of the struct that a declaration names or defines, in order."""
    opening = head.find("{")
    if opening >= 0:
        body = head[opening + 1 : head.rfind("}")]
        return tuple(_declared_names(body))
    tag = _TAG.search(head)
    item = code.type("struct", tag[1], file) if tag else None
    return tuple(member.name for member in code.layout(item).members) if item else ()


def _declared_names(body: str) -> list[str]:
    names = []
    for declaration in split_outside(body, ";").texts:
        for part in split_outside(declaration, ",").texts:
            match = _LAST_NAME.search(part)
            if match:
                names.append(match[1] or match[2])
    return names


def _read_variable(code: Code, item: Item, name: str, at: int, match: re.Match[str]) -> Variable:
    """Read one whose name stands at an offset, with what follows it up to the `=`."""
    line = item.line_at(at)
    text = item.text[match.end() :].strip().removesuffix(";")
    text = _write_out(code, text, item.file, line)
    head = item.text[:at]
    value = parse_initializer(text) if text.startswith("{") else None
    elements: tuple[Held | None, ...] = (text.strip(),) if value is None else ()
    if match[2] != "=":
        elements = ({},) if not match[1].strip() else ()
    elif value is not None:
        elements = read_held(code, head, match[1], value, item.file)
    tag = _TAG.search(head)
    return Variable(
        name,
        item.file,
        line,
        tag[1] if tag else "",
        bool(match[1].strip()),
        re.search(r"\bconst\b", head) is not None,
        elements,
    )


def _write_out(code: Code, text: str, file: str, line: int) -> str:
    """Return an initialiser with the macros written out that stand for `.name = value`."""
    for _ in range(_MAX_MACROS):
        for word in _WORD.finditer(text):
            macro = code.macro(word[0], file, line) if text[word.start() - 1] != "." else None
            if macro is None or not _DESIGNATES.search(macro.body):
                continue
            call = _CALL.match(text, word.end())
            if (call is None) is not (macro.parameters is None):
                continue
            end = word.end()
            arguments: list[str] = []
            if call is not None:
                inside = split_outside(text, ",", call.end())
                arguments, end = inside.texts, inside.end + 1
            text = text[: word.start()] + substitute(macro, arguments) + text[end:]
            break
        else:
            return text
    return text


def _is_struct(head: str) -> bool:
    return re.search(r"\bstruct\s+\w+\s*\Z", head) is not None and "extern" not in head


def _read_array(
    code: Code, value: Node, names: tuple[str, ...], file: str
) -> tuple[Held | None, ...]:
    found: dict[int, Held | None] = {}
    at = 0
    for child in value.named_children:
        if child.type == "comment":
            continue
        held = child
        if child.type == "initializer_pair":
            index = _designated_index(code, child, file)
            held = field_of(child, "value") or child
            if index is None:
                return ()
            at = index
        if at >= _MAX_ELEMENTS:
            raise TreeError(f"{file} has an array of more than {_MAX_ELEMENTS:,} elements to read")
        found[at] = _read_element(held, names)
        at += 1
    length = max(found, default=-1) + 1
    return tuple(found.get(index, "0") for index in range(length))


def _designated_index(code: Code, pair: Node, file: str) -> int | None:
    designator = field_of(pair, "designator")
    if designator is None or designator.type != "subscript_designator":
        return None
    return code.evaluate(text_of(designator.named_children[0]), file)


def _read_element(value: Node, names: tuple[str, ...]) -> Held | None:
    """Return the fields of a struct or the text of an expression; None for what is neither."""
    if value.type == "compound_literal_expression":
        value = field_of(value, "value") or value
    if value.type != "initializer_list":
        return text_of(value)
    fields: dict[str, str] = {}
    at = 0
    for child in value.named_children:
        if child.type == "comment":
            continue
        held: Node | None = child
        if child.type == "initializer_pair":
            designator = field_of(child, "designator")
            held = field_of(child, "value")
            if designator is None or designator.type != "field_designator":
                return None
            name = text_of(designator).lstrip(".").strip()
            at = names.index(name) if name in names else len(names)
        elif at < len(names):
            name = names[at]
        else:
            return None
        fields[name] = text_of(held) if held is not None else ""
        at += 1
    return fields
