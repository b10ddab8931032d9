"""The patches that the .spec of a source package applies, in its order.

Reads what kernels' spec files do in %prep: %autosetup and %autopatch, %patch in its forms, the
function ApplyPatch or ApplyOptionalPatch, patch(1) and git am. What else may apply a patch there is
said, for then it is not known what the package is built from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename

_MOST_LINES = 50_000
_MOST_DEPTH = 10  # of macros in macros
_MOST_VALUE = 10_000
_SECTION = re.compile(
    r"^%(package|description|prep|generate_buildrequires|build|install|check|clean|files|changelog"
    r"|pre|post|preun|postun|posttrans|pretrans)\b"
)
_DEFINED = re.compile(r"^\s*%(?:global|define)\s+(\w+)\s+(.*)$")
_TAG = re.compile(r"^(Name|Version|Release)\s*:\s*(\S+)", re.I)
_PATCH_TAG = re.compile(r"^Patch(\d*)\s*:\s*(\S+)", re.I)
_MACRO = re.compile(r"%\{(!?\??!?)(\w+)(?::([^{}]*))?\}|%(\w+)")
_CONDITION = re.compile(r"^\s*%(if|ifarch|ifnarch|ifos|elif|else|endif)\b\s*(.*)$")
_ALL = re.compile(r"^\s*%(?:autosetup|autopatch)\b(.*)$|\bgit\s+(?:am|apply)\b.*%\{patches\}")
_ONE = re.compile(r"^\s*%patch(\d*)\b(.*)$")
_BY_NAME = re.compile(r"^\s*Apply(?:Optional)?Patch\s+(\S+)")
_BY_PATCH = re.compile(r"\bpatch\b.*%\{(?:PATCH|P:)(\d+)\}|%\{PATCH(\d+)\}.*\|\s*patch\b", re.I)
_PERHAPS = re.compile(
    r"(?<![\w%./-])patch\s+-|\bgit\s+(?:am|apply)\b|\bquilt\s+push\b|\bapply[-_]patches\b"
)


@dataclass(slots=True)
class Spec:
    """The names of the patches that are applied, and the lines that were not understood."""

    patches: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    declared: dict[int, str] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)


def read_spec(text: str) -> Spec:
    """Return what the text of a .spec applies."""
    spec = Spec()
    is_prep = False
    in_function = False
    for line, holds in _lines(text.split("\n")[:_MOST_LINES], spec):
        if holds is False:
            continue
        section = _SECTION.match(line)
        if section:
            is_prep = section[1] == "prep"
        elif is_prep:
            # The body of a function applies what its callers name.
            in_function = (in_function or re.match(r"^\s*\w+\s*\(\s*\)", line) is not None) and (
                line.strip() != "}"
            )
            if not in_function:
                _prepare(line, spec, is_sure=holds is True)
        else:
            _declare(line, spec)
    return spec


def _lines(lines: list[str], spec: Spec) -> Iterator[tuple[str, bool | None]]:
    """Return each line, and whether the conditions around it hold; None where that is not known."""
    stack: list[tuple[bool | None, bool | None]] = []  # this branch, any branch before it
    for line in lines:
        found = _CONDITION.match(line)
        if found is None:
            values = [branch for branch, _ in stack]
            yield line, False if False in values else None if None in values else True
            continue
        word, rest = found.groups()
        if word == "endif":
            del stack[-1:]
        elif word in ("else", "elif") and stack:
            _, before = stack.pop()
            value = True if word == "else" else _holds(rest, spec)
            now = None if before is None else False if before else value
            stack.append((now, True if before else None if None in (before, value) else value))
        elif word not in ("else", "elif"):
            value = _holds(rest, spec) if word == "if" else _fits(word, rest)
            stack.append((value, value))


def _fits(word: str, rest: str) -> bool | None:
    """Return whether %ifarch or %ifnarch holds on x86-64, which kfmap reads where none is told."""
    if word not in ("ifarch", "ifnarch") or "%" in rest:
        return None
    return ("x86_64" in rest.split()) == (word == "ifarch")


def _holds(condition: str, spec: Spec) -> bool | None:
    """Return the value of a condition that is a number, or the opposite of one."""
    value = _expand(condition, spec).replace(" ", "")
    negated = value.startswith("!")
    number = value.lstrip("!")
    return (int(number[:18]) != 0) != negated if number.isdigit() else None


def _declare(line: str, spec: Spec) -> None:
    defined = _DEFINED.match(line)
    if defined:
        spec.macros[defined[1]] = defined[2].strip()
        return
    tag = _TAG.match(line)
    if tag:
        spec.macros[tag[1].lower()] = tag[2]
    patch = _PATCH_TAG.match(line)
    if patch:
        number = int(patch[1]) if patch[1] else max(spec.declared, default=-1) + 1
        spec.declared[number] = basename(_expand(patch[2], spec))


def _prepare(line: str, spec: Spec, *, is_sure: bool) -> None:
    line = line.split("#")[0] if line.lstrip().startswith("#") else line
    if defined := _DEFINED.match(line):
        spec.macros[defined[1]] = defined[2].strip()
        return
    named = _named(line, spec)
    if named is None:
        if _PERHAPS.search(line):
            spec.unread.append(line.strip())
    elif not is_sure and named:
        spec.unread.append(line.strip())
    else:
        spec.patches += named


def _named(line: str, spec: Spec) -> list[str] | None:
    """Return the patches that a line applies, None for a line that is not one that does."""
    every = _ALL.search(line)
    if every:
        options = (every[1] or "").split()
        if "%autosetup" in line and "-N" in options:
            return []
        return [spec.declared[number] for number in _range(options, spec)]
    by_name = _BY_NAME.match(line)
    if by_name:
        return [basename(_expand(by_name[1], spec))]
    one = _ONE.match(line)
    if one:
        numbers = [one[1]] if one[1] else re.findall(r"(?:^|\s)(?:-P\s*)?(\d+)(?=\s|$)", one[2])
        return _of_numbers(numbers or ["0"], spec)
    by_patch = _BY_PATCH.search(line)
    if by_patch:
        return _of_numbers([by_patch[1] or by_patch[2]], spec)
    return None


def _range(options: list[str], spec: Spec) -> list[int]:
    """Return the numbers that %autopatch takes: those between its -m and -M, all without them."""
    given = {key: int(value) for key, value in re.findall(r"-([mM])\s*(\d+)", " ".join(options))}
    least, most = given.get("m", 0), given.get("M", max(spec.declared, default=0))
    return [number for number in sorted(spec.declared) if least <= number <= most]


def _of_numbers(numbers: list[str], spec: Spec) -> list[str]:
    return [spec.declared.get(int(number), f"Patch{number}") for number in numbers]


def _expand(text: str, spec: Spec) -> str:
    """Replace macros; `%{?name}` of one that is not there is nothing, `%{name}` stays as it is."""
    for _ in range(_MOST_DEPTH):
        expanded = _MACRO.sub(lambda found: _value(found, spec), text)[:_MOST_VALUE]
        if expanded == text:
            break
        text = expanded
    return text


def _value(found: re.Match[str], spec: Spec) -> str:
    asked, name, then = found[1] or "", found[2] or found[4], found[3]
    is_there = name in spec.macros
    if "?" not in asked:
        return spec.macros[name] if is_there else found[0]
    if "!" in asked:
        return "" if is_there else then or ""
    if not is_there:
        return ""
    return spec.macros[name] if then is None else then
