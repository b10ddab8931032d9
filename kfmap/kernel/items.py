"""The top level of a C file: functions, structs, enums, variables, found by their braces.

A brace that is out of balance costs the item it is in: kernel code closes top-level items with a
brace in the first column, and there the count starts again.
"""

from __future__ import annotations

import re
from functools import cached_property

from kfmap.kernel.brackets import find_opening
from kfmap.kernel.source import Source
from kfmap.quick_dataclass import dataclass

_MAX_HEAD = 8_000  # characters of a function's declaration
# Up to the next sign that counts: parentheses with none in them are stepped over.
_TO_SIGN = re.compile(r"(?:[^{}();]++|\([^{}();]*+\))*+([{}();])")
_NAME_AT_END = re.compile(r"\b([A-Za-z_]\w*)\s*\Z")
_DECLARED = re.compile(r"\b([A-Za-z_]\w*)\s*((?:\[[^\]]*\]\s*)*)=\s*\{")
_TAG = re.compile(r"\b(struct|union|enum)\s+(?:__\w+\s+)*(\w+)?[^;{}()=]*\{")
_ATTRIBUTES = frozenset(
    {
        "__attribute__",
        "__printf",
        "__scanf",
        "__acquires",
        "__releases",
        "__must_hold",
        "__cond_acquires",
        "__aligned",
        "__section",
        "__alloc_size",
        "__counted_by",
    }
)


@dataclass(frozen=True)
class Item:
    """One item of a file: its text, from its first word to its last brace or semicolon."""

    file: str
    text: str
    line: int

    @cached_property
    def brace(self) -> int:
        """Return the offset of the opening brace, -1 if there is none."""
        return self.text.find("{")

    @cached_property
    def function(self) -> str:
        """Return the name of the function that is defined here, "" if it is none."""
        start, end = self._function_span
        return self.text[start:end]

    @property
    def function_start(self) -> int:
        """Return the offset of the function's name."""
        return self._function_span[0]

    @property
    def function_line(self) -> int:
        """Return the line of the function's name."""
        return self.line_at(self._function_span[0])

    @cached_property
    def head(self) -> str:
        """Return the function's declaration: from after what precedes it to its brace."""
        start = self._function_span[0]
        before = self.text[:start]
        cut = max(before.rfind(";"), before.rfind(")"), before.rfind("}")) + 1
        return self.text[cut : self.brace].strip()

    @cached_property
    def _function_span(self) -> tuple[int, int]:
        """Find the name whose parentheses end right before the brace, but for attributes."""
        if self.brace < 0 or not _ends_call(self.text[: self.brace]):
            return 0, 0
        end = self.text.rfind(")", 0, self.brace)
        while end > 0:
            opening = find_opening(self.text, end)
            match = _NAME_AT_END.search(self.text, max(0, opening - 200), opening)
            if opening < 0 or not match:
                return 0, 0
            if match[1] not in _ATTRIBUTES:
                return match.start(1), match.end(1)
            end = self.text.rfind(")", 0, match.start())
        return 0, 0

    @cached_property
    def variable(self) -> str:
        """Return the name of the variable that is initialised with braces here, "" if none is."""
        if self.function or "=" not in self.text[: max(0, self.brace)]:
            return ""
        match = _DECLARED.search(self.text)
        return match[1] if match else ""

    @cached_property
    def tag(self) -> tuple[str, str]:
        """Return ("struct", name) and the like for a type that is defined here, else ("", "")."""
        if self.function or self.variable:
            return "", ""
        match = _TAG.search(self.text)
        return (match[1], match[2] or "") if match else ("", "")

    def line_at(self, offset: int) -> int:
        """Return the line of an offset in the text."""
        return self.line + self.text.count("\n", 0, offset)


def split_items(source: Source) -> list[Item]:
    """Return the items of a file in order."""
    code = source.code
    items: list[Item] = []
    start = parentheses = 0
    counted_to, line = 0, 1
    at = -1
    while match := _TO_SIGN.match(code, at + 1):
        sign, at = match[1], match.start(1)
        if sign in "()":
            parentheses = max(0, parentheses + (1 if sign == "(" else -1))
            continue
        ends = sign == ";" and not parentheses
        if sign == "{":
            ends = _ends_call(code[max(start, at - _MAX_HEAD) : at])
            at = _find_closing(code, at)
            if at < 0:
                break
        if sign in "{}":
            parentheses = 0  # inside of braces they say nothing
        if ends:
            text = code[start : at + 1]
            stripped = text.lstrip()
            begin = at + 1 - len(stripped)
            line += code.count("\n", counted_to, begin)
            counted_to = begin
            if stripped != ";":
                items.append(Item(source.file, stripped, line))
            start = at + 1
    return items


def _find_closing(code: str, opening: int) -> int:
    """Return where the braces end that begin at an offset, -1 where they do not."""
    depth, at = 1, opening
    while (closing := code.find("}", at + 1)) >= 0:
        depth += code.count("{", at + 1, closing) - 1
        if not depth or code[closing - 1] == "\n":
            return closing
        at = closing
    return -1


def _ends_call(text: str) -> bool:
    """Return whether what comes before a brace is the head of a function."""
    head = text.rstrip()
    last = head.rsplit(")", 1)
    if len(last) < 2:
        return False
    after = last[1].strip()  # an attribute without parentheses may follow the parameters
    if after and (not after.isidentifier() or after in ("enum", "struct", "union")):
        return False
    opening = find_opening(head, len(last[0]))
    return "=" not in head[max(0, opening - 200) : opening].rsplit(";", 1)[-1]
