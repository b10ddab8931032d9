"""Names that may be enumerators, from the raw text of a file."""

from __future__ import annotations

import re

_COMMENT = r"/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/|//[^\n]*"
_TEXT = r"\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])++'"
_ENUM = re.compile(
    rf"enum(?:[^;{{}}()=/#]++|{_COMMENT}|#[^\n]*|/)*+\{{"
    rf"(?=((?:[^{{}}/\"']++|{_COMMENT}|{_TEXT}|[/\"']|\{{[^{{}}]*+\}})*+))",
    re.S,
)
_ANY_NAME = re.compile(r"[A-Za-z_]\w*", re.A)


def find_enumerators(text: str) -> set[str]:
    """Return all words of what may be definitions of enums in a raw text."""
    names: set[str] = set()
    for body in _find_enums(text) if "enum" in text else ():
        names.update(_ANY_NAME.findall(body))
    return names


def _find_enums(text: str) -> list[str]:
    """Return what stands behind the opening brace of all that looks like an enum; or the text."""
    found: list[str] = []
    length = 0
    for match in _ENUM.finditer(text):
        found.append(match[1])
        length += len(match[1])
        if length > len(text):  # they overlap, which those of a kernel never do
            return [text]
    return found
