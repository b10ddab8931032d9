"""Macros that stand for sets of kfuncs, kfunc id sets or registrations, written out in their file.

The kernel has none: it writes each of these in full. A tree that wraps them in macros of its own is
read as the compiler sees it. What is written out stays on the line of the macro's use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from kfmap.kernel.brackets import split_outside
from kfmap.kernel.place import KERNELS_OWN
from kfmap.kernel.rules.register_world import REGISTER, REGISTER_FMODRET
from kfmap.kernel.source import Define, Macro, read_macro
from kfmap.kernel.sources import Sources
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import replace

_WORDS = (
    "register_btf_",
    "btf_kfunc_id_set",
    "BTF_KFUNCS_START",
    "BTF_KFUNCS_END",
    "BTF_SET8_START",
    "BTF_SET8_END",
    "BTF_SET_START",
    "BTF_SET_END",
)
_WORD = re.compile("|".join(_WORDS))
_IN_WORDS = ("btf_", "BTF_")  # each has one of these: most headers have none
_NAME = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"\s*\(")
_OPTIONAL = re.compile(r"\b__VA_OPT__\s*\(")
_MAX_DEPTH = 20
_MAX_EXPANSIONS = 5_000  # in one file
_MAX_TEXT = 1 << 20  # characters that macros of one file stand for


def expand_registering_macros(sources: Sources, files: Iterable[str]) -> set[str]:
    """Write out such macros in these files for all who read them later; return those with any.

    Raises TreeError where they stand for more than in any kernel.
    """
    mentions: dict[str, bool] = {}
    changed: set[str] = set()
    for file in files:
        source = sources.source(file)
        names = _find_names(sources, file, mentions)
        if names and source is not None:
            text = _Expansion(sources, file, names).expand(source.code)
            if text != source.code:
                sources.replace_source(file, replace(source, expanded=text))
                changed.add(file)
    return changed


def _find_names(sources: Sources, file: str, mentions: dict[str, bool]) -> set[str]:
    """Return the macros that lead to one of the words, as the file and its headers define them."""
    bodies: dict[str, list[str]] = {}
    for other in sources.closure(file):
        if other not in mentions:
            text = sources.tree.read(other) or ""
            may_match = any(part in text for part in _IN_WORDS) and other not in KERNELS_OWN
            mentions[other] = may_match and _WORD.search(text) is not None
        source = sources.source(other) if mentions[other] else None
        for name, found in (source.defined if source else {}).items():
            bodies.setdefault(name, []).extend(_body(define) for define in found)
    names = {name for name, texts in bodies.items() if any(map(_WORD.search, texts))}
    names.update(name for name in (REGISTER, REGISTER_FMODRET) if name in bodies)
    while names:
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
        more = {name for name, texts in bodies.items() if any(map(word.search, texts))} - names
        if not more:
            break
        names |= more
    return names


def _body(define: Define) -> str:
    macro = read_macro(define)
    return macro.body if macro else ""


class _Expansion:
    """Expands the macros of one file."""

    def __init__(self, sources: Sources, file: str, names: set[str]) -> None:
        self._sources = sources
        self._file = file
        self._names = names
        self._count = 0
        self._length = 0

    def expand(self, code: str) -> str:
        """Return the code with the macros written out."""
        pieces: list[str] = []
        at, line, counted = 0, 1, 0
        while match := _NAME.search(code, at):
            line += code.count("\n", counted, match.start())
            counted = match.start()
            found = self._use(code, match, line, ())
            if found is None:
                pieces.append(code[at : match.end()])
                at = match.end()
                continue
            text, end = found
            pieces += code[at : match.start()], text, "\n" * code.count("\n", match.start(), end)
            at = end
        return "".join(pieces) + code[at:]

    def _use(
        self, text: str, match: re.Match[str], line: int, within: tuple[str, ...]
    ) -> tuple[str, int] | None:
        """Return what a macro stands for and where its use ends; None for what is left alone."""
        name = match[0]
        call = _CALL.match(text, match.end())
        if name in within or (name not in self._names and call is None):
            return None
        arguments, end = split_outside(text, ",", call.end()) if call else ((), match.end())
        given = [argument.text for argument in arguments]
        if name not in self._names and not any(
            word in self._names for argument in given for word in _NAME.findall(argument)
        ):
            return None
        macro = self._sources.macro(name, self._file, line)
        if macro is None or (macro.parameters is not None and call is None):
            return None
        if macro.parameters is None:
            return self._rescan(macro.body, line, (*within, name)), match.end()
        return self._rescan(_substitute(macro, given), line, (*within, name)), end + 1

    def _rescan(self, text: str, line: int, within: tuple[str, ...]) -> str:
        text = text.replace("\\\n", " ").replace("\n", " ")
        self._count += 1
        self._length += len(text)
        if len(within) > _MAX_DEPTH or self._count > _MAX_EXPANSIONS or self._length > _MAX_TEXT:
            raise TreeError(f"{self._file} has macros that register kfuncs and do not end")
        pieces: list[str] = []
        at = 0
        while match := _NAME.search(text, at):
            found = self._use(text, match, line, within)
            end = match.end() if found is None else found[1]
            pieces += text[at : match.start()], match[0] if found is None else found[0]
            at = end
        return "".join(pieces) + text[at:]


def _substitute(macro: Macro, arguments: list[str]) -> str:
    """Return the body with its parameters replaced, `a ## b` joined."""
    parameters, body = macro.parameters or (), macro.body
    given = dict(zip_longest(parameters, arguments[: len(parameters)], fillvalue=""))
    if parameters and not parameters[-1]:  # `...`
        rest = ", ".join(arguments[len(parameters) - 1 :])
        given |= {"": rest, "__VA_ARGS__": rest}
        body = _with_optional(body, is_wanted=bool(rest.strip()))
    body = re.sub(r"(?<!#)#\s*(\w+)", r'"\1"', body)
    body = _NAME.sub(lambda match: given.get(match[0], match[0]), body)
    return re.sub(r"\s*##\s*", "", body)


def _with_optional(body: str, *, is_wanted: bool) -> str:
    """Return the body of a macro with what is in `__VA_OPT__()`, or without it."""
    while match := _OPTIONAL.search(body):
        end = split_outside(body, ",", match.end()).end
        kept = body[match.end() : end] if is_wanted else ""
        body = body[: match.start()] + kept + body[end + 1 :]
    return body
