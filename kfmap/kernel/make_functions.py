"""The functions of make on text, and the brackets and commas of their arguments.

Mirrors "Functions for Transforming Text" in GNU make's manual.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from itertools import zip_longest

# What cannot be evaluated, in a text: the number says at which line (see makefile.py).
MARK = re.compile("\ue000(\\d+)\ue001")


def find_end(text: str, opening: int) -> int:
    """Return the offset of the bracket that closes the one at `opening`, or the end."""
    sign = text[opening]
    closes = ")" if sign == "(" else "}"
    depth = 0
    for match in re.compile(rf"[{sign}{closes}]").finditer(text, opening):
        depth += 1 if match[0] == sign else -1
        if not depth:
            return match.start()
    return len(text)


def split_arguments(text: str) -> list[str]:
    """Return what stands between the commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r"[(){},]", text):
        if match[0] in "({":
            depth += 1
        elif match[0] in ")}":
            depth -= 1
        elif not depth:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def split_pair(text: str) -> tuple[str, str]:
    """Return both sides of ifeq's `(a,b)`, `"a" "b"` or `'a' 'b'`."""
    if text.startswith("("):
        parts = split_arguments(text[1 : find_end(text, 0)])
        return (parts[0], ",".join(parts[1:])) if len(parts) > 1 else ("", "?")
    quoted = re.match(r"""(["'])(.*?)\1\s*(["'])(.*?)\3""", text)
    return (quoted[2], quoted[4]) if quoted else ("", "?")


def _pattern(pattern: str) -> re.Pattern[str]:
    before, percent, after = pattern.partition("%")
    middle = "(.*)" if percent else ""
    return re.compile(f"{re.escape(before)}{middle}{re.escape(after)}\\Z", re.S)


def patsubst(pattern: str, replacement: str, text: str) -> str:
    """Return the words with those replaced that match a pattern with one `%`."""
    compiled = _pattern(pattern)

    def change(word: str) -> str:
        match = compiled.match(word)
        if match is None:
            return word
        return replacement.replace("%", match[1], 1) if compiled.groups else replacement

    return " ".join(map(change, text.split()))


def _filter(patterns: str, text: str, *, keep: bool) -> str:
    compiled = [_pattern(pattern) for pattern in patterns.split()]
    return " ".join(
        word
        for word in text.split()
        if MARK.search(word) or any(p.match(word) for p in compiled) is keep
    )


def _each(change: Callable[[str], str]) -> tuple[int, Callable[..., str]]:
    return 1, lambda text: " ".join(map(change, text.split()))


def _nth(number: str, text: str) -> str:
    words = text.split()
    return (
        words[int(number) - 1] if number.strip().isdigit() and 0 < int(number) <= len(words) else ""
    )


def _some(first: str, last: str, text: str) -> str:
    if not (first.strip().isdigit() and last.strip().isdigit()):
        return ""
    return " ".join(text.split()[max(0, int(first) - 1) : int(last)])


def _join(one: str, other: str) -> str:
    pairs = zip_longest(one.split(), other.split(), fillvalue="")
    return " ".join(first + second for first, second in pairs)


# name -> the number of its arguments, and what it does with them
TEXT: dict[str, tuple[int, Callable[..., str]]] = {
    "patsubst": (3, patsubst),
    "subst": (3, lambda old, new, text: text.replace(old, new) if old else text),
    "addprefix": (2, lambda prefix, text: " ".join(prefix.strip() + w for w in text.split())),
    "addsuffix": (2, lambda suffix, text: " ".join(w + suffix.strip() for w in text.split())),
    "filter": (2, lambda patterns, text: _filter(patterns, text, keep=True)),
    "filter-out": (2, lambda patterns, text: _filter(patterns, text, keep=False)),
    "findstring": (2, lambda word, text: word if word in text else ""),
    "sort": (1, lambda text: " ".join(sorted(set(text.split())))),
    "strip": (1, lambda text: " ".join(text.split())),
    "notdir": _each(posixpath.basename),
    "dir": _each(lambda word: posixpath.dirname(word) + "/" if "/" in word else "./"),
    "basename": _each(lambda word: posixpath.splitext(word)[0]),
    "suffix": _each(lambda word: posixpath.splitext(word)[1]),
    "abspath": _each(posixpath.normpath),
    "realpath": _each(posixpath.normpath),
    "word": (2, _nth),
    "wordlist": (3, _some),
    "join": (2, _join),
    "words": (1, lambda text: str(len(text.split()))),
    "firstword": (1, lambda text: text.split()[0] if text.split() else ""),
    "lastword": (1, lambda text: text.split()[-1] if text.split() else ""),
    "wildcard": (1, lambda text: text),
    "error": (1, lambda text: ""),
    "warning": (1, lambda text: ""),
    "info": (1, lambda text: ""),
}
LAZY = frozenset({"if", "or", "and", "foreach", "call"})
UNREAD = frozenset({"shell", "eval", "file", "value", "flavor", "let", "guile", "intcmp"})
