"""YAML of strangers → plain values with the line of each: no tags, no aliases, bounded.

PyYAML composes nodes only; nothing is constructed but texts, numbers, booleans, lists and maps.
"""

from __future__ import annotations

from typing import Any

import yaml

from kfmap.quick_dataclass import dataclass

MAX_BYTES = 256 * 1024
_MAX_DEPTH, _MAX_EVENTS = 12, 20_000
_PLAIN = {
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")
}
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line, the first of which is 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class YamlError(ValueError):
    """The text is no YAML that is taken."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.problem = Problem(line, text)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a text, and the line of each by its path."""

    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read_yaml(text: str) -> Document:
    """Return the one document of a text. Raises YamlError."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise YamlError(1, f"the file is larger than {MAX_BYTES >> 10} KB")
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(
            mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}"
        ) from error
    except yaml.YAMLError as error:  # a character that YAML does not take
        raise YamlError(1, f"this is not YAML: {str(error).splitlines()[0]}") from error
    if node is None:
        raise YamlError(1, "the file is empty")
    lines: dict[Path, int] = {}
    return Document(_build(node, (), lines), lines)


def _check_events(text: str) -> None:
    """Refuse, before anything is built, what can make a small text large or deep."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError(line, "anchors (&) and aliases (*) are not taken: write the value out")
        if getattr(event, "tag", None):
            raise YamlError(line, "tags (!) are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise YamlError(line, "nested too deeply, or too much of it")


def _build(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    """Return the value of a node; depth was bounded before."""
    lines[path] = _line(node)
    if isinstance(node, yaml.MappingNode):
        return _build_map(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, at), lines) for at, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if node.tag not in _PLAIN:  # dates and the like: they were meant as texts
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        raise YamlError(lines[path], "this value cannot be read") from error


def _build_map(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(line, "a key has to be a word")
        if key.value in found:
            raise YamlError(line, f"“{key.value}” is given twice")
        found[key.value] = _build(value, (*path, key.value), lines)
        lines[(*path, key.value)] = line
    return found


def _line(item: yaml.Node | yaml.Event) -> int:
    return item.start_mark.line + 1 if item.start_mark else 1
