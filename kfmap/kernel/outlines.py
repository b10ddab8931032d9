"""What a header includes, and which names it may give values to, before its directives are read.

The files with kfuncs include 1,300 headers, and few of these are asked for more than that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kfmap.kernel.directives import find_directives
from kfmap.kernel.enumerators import find_enumerators
from kfmap.kernel.source import Include, read_include

_BLANK = r"(?:[ \t]|/\*[^\n]*?\*/)*"  # what may stand between a sign and its word
_INCLUDES = re.compile(rf"#{_BLANK}include\b")
_BETWEEN = r"(?:\s|\\\n|/\*.*?\*/)+"
_DEFINED = re.compile(rf"#{_BLANK}define{_BETWEEN}(\w+)", re.S | re.A)
_CHANGES_OPTION = re.compile(rf"#{_BLANK}(?:define|undef){_BETWEEN}CONFIG_", re.S)


class Outline(NamedTuple):
    """The #includes of a header, and what may be its macros; of enumerators, perhaps more names."""

    includes: tuple[Include, ...]
    macros: set[str]
    enumerators: set[str]


def find_outline(text: str, is_defined: Callable[[str], bool | None]) -> Outline | None:
    """Return the outline of a header; None where it hangs on an #if, or where options change.

    `is_defined` says it of a macro whatever the header does.
    """
    if "CONFIG_" in text and _CHANGES_OPTION.search(text):
        return None
    includes = _find_includes(text, is_defined)
    if includes is None:
        return None
    return Outline(includes, set(_DEFINED.findall(text)), find_enumerators(text))


def _find_includes(
    text: str, is_defined: Callable[[str], bool | None]
) -> tuple[Include, ...] | None:
    """Return the #includes where at most a guard of the whole header stands before them."""
    last = 0
    for match in _INCLUDES.finditer(text):
        last = match.end()
    if not last:
        return ()
    end = text.find("\n", last)
    includes: list[Include] = []
    guard = ""
    for number, (start, _, word, rest) in enumerate(
        find_directives(text[: len(text) if end < 0 else end])
    ):
        if word == "ifndef" and not number and is_defined(rest.strip()) is False:
            guard = rest.strip()
        elif word == "define" and number == 1 and guard:
            if rest.split() != [guard]:
                return None
        elif word.startswith(("if", "el", "end")) or (number == 1 and guard):
            return None
        elif word == "include":
            found = read_include(text, start, text.count("\n", 0, start) + 1)
            if found is not None:
                includes.append(found)
    return tuple(includes)
