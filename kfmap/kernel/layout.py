"""Where the members of a struct are, from its declaration (System V ABI, 64-bit)."""

from __future__ import annotations

import re
from collections.abc import Callable

from kfmap.kernel.brackets import Part, split_outside
from kfmap.kernel.expressions import Value
from kfmap.kernel.items import Item
from kfmap.kernel.sources import Sources
from kfmap.quick_dataclass import dataclass

_POINTER = 8
_SCALARS = {
    "char": 1,
    "bool": 1,
    "_Bool": 1,
    "short": 2,
    "int": 4,
    "unsigned": 4,
    "signed": 4,
    "long": 8,
    "u8": 1,
    "s8": 1,
    "__u8": 1,
    "__s8": 1,
    "u16": 2,
    "s16": 2,
    "__u16": 2,
    "__be16": 2,
    "u32": 4,
    "s32": 4,
    "__u32": 4,
    "__s32": 4,
    "__be32": 4,
    "gfp_t": 4,
    "u64": 8,
    "s64": 8,
    "__u64": 8,
    "__s64": 8,
    "size_t": 8,
    "ssize_t": 8,
    "loff_t": 8,
    "uintptr_t": 8,
}
_IGNORED = frozenset(
    {"const", "volatile", "static", "__rcu", "__user", "__percpu", "__kptr", "__bpf_nullable"}
)
_CALLBACK = re.compile(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*\)\s*\(", re.S)
_ARRAY = re.compile(r"\[([^\]]*)\]")
_MAX_MEMBERS = 2_000
_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class LaidMember:
    """A member; offset and size in bytes, None where they are not known."""

    name: str
    offset: int | None
    size: int | None
    callback: bool
    declaration: str
    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A struct's members in order, with its size and alignment."""

    members: tuple[LaidMember, ...]
    size: int | None
    alignment: int


class Layouts:
    """Lays out the types of a tree. `evaluate` gives constant expressions as a file sees them.

    `known` keeps what was laid out, by the file and the line.
    """

    def __init__(
        self,
        sources: Sources,
        evaluate: Callable[[str, str], Value],
        known: dict[tuple[str, int], Layout],
    ) -> None:
        self.sources = sources
        self.evaluate = evaluate
        self._known = known

    def layout(self, item: Item) -> Layout:
        """Return the layout of the struct or union that an item defines."""
        key = (item.file, item.line)
        if key not in self._known:
            self._known[key] = _lay_out_item(self, item)
        return self._known[key]

    def offset_of(self, struct: str, member: str, file: str) -> int | None:
        """Return offsetof(struct STRUCT, MEMBER)."""
        item = self.sources.type("struct", struct, file)
        if item is None:
            return None
        return next((m.offset for m in self.layout(item).members if m.name == member), None)

    def size_of(self, type_text: str, file: str) -> int | None:
        """Return the size of a type by its text, None where it is not known."""
        found = _size_of(self, type_text, file, 0)
        return found[0] if found else None


def _lay_out_item(layouts: Layouts, item: Item, depth: int = 0) -> Layout:
    end = item.text.rfind("}")
    return _lay_out(layouts, item, item.brace + 1, end, item.tag[0] == "union", depth)


def _lay_out(
    layouts: Layouts, item: Item, start: int, end: int, is_union: bool, depth: int
) -> Layout:
    members: list[LaidMember] = []
    offset: int | None = 0
    size: int | None = 0
    alignment = 1
    for at, declaration in _split_members(item.text, start, end):
        line = item.line_at(at)
        for name, found, callback, inner in _declared(layouts, item, at, declaration, depth):
            member_size, align = found or (None, 1)
            alignment = max(alignment, align)
            if offset is not None and not is_union:
                offset = -(-offset // align) * align
            place = 0 if is_union else offset
            if inner is not None and not name:
                members += [_moved(member, place) for member in inner.members]
            else:
                members.append(LaidMember(name, place, member_size, callback, declaration, line))
            if is_union:
                size = None if None in (size, member_size) else max(size or 0, member_size or 0)
            elif offset is not None:
                offset = None if member_size is None or found is None else offset + member_size
        if len(members) > _MAX_MEMBERS:
            break
    total = size if is_union else offset
    if total is not None:
        total = -(-total // alignment) * alignment
    return Layout(tuple(members), total, alignment)


def _moved(member: LaidMember, by: int | None) -> LaidMember:
    offset = None if by is None or member.offset is None else member.offset + by
    return LaidMember(
        member.name, offset, member.size, member.callback, member.declaration, member.line
    )


def _split_members(text: str, start: int, end: int) -> list[Part]:
    """Return the declarations of a struct's body; what follows the last semicolon is none."""
    return [part for part in split_outside(text, ";", start, end).parts[:-1] if part.text]


_Declared = tuple[str, tuple[int, int] | None, bool, Layout | None]


def _declared(
    layouts: Layouts, item: Item, at: int, declaration: str, depth: int
) -> list[_Declared]:
    callback = _CALLBACK.search(declaration)
    if "{" in declaration:
        return _nested(layouts, item, at, declaration, depth)
    if callback:
        return [(callback[1], (_POINTER, _POINTER), True, None)]
    if re.search(r":\s*\d+$", declaration):
        return [(_last_word(declaration.split(":")[0]), None, False, None)]
    names = declaration.split(",")
    first = _ARRAY.sub(" ", names[0])
    head = first.rsplit(None, 1)[0] if len(first.replace("*", " * ").split()) > 1 else first
    head = head.split("*")[0]
    found: list[_Declared] = []
    for part in names:
        pointer = "*" in _ARRAY.sub("", part)
        base = (_POINTER, _POINTER) if pointer else _size_of(layouts, head, item.file, depth)
        dimensions = [layouts.evaluate(text, item.file) for text in _ARRAY.findall(part) if text]
        flexible = "[]" in part.replace(" ", "")
        name = _last_word(_ARRAY.sub(" ", part))
        found.append((name, _times(base, dimensions, flexible), False, None))
    return found


def _nested(layouts: Layouts, item: Item, at: int, declaration: str, depth: int) -> list[_Declared]:
    opening = item.text.index("{", at)
    closing = at + declaration.rindex("}")
    if depth > _MAX_DEPTH:
        return []
    is_union = declaration.lstrip().startswith("union")
    inner = _lay_out(layouts, item, opening + 1, closing, is_union, depth + 1)
    name = _last_word(declaration[declaration.rindex("}") + 1 :])
    size = None if inner.size is None else (inner.size, inner.alignment)
    return [(name, size, False, inner)]


def _times(
    base: tuple[int, int] | None, dimensions: list[int | None], flexible: bool
) -> tuple[int, int] | None:
    if base is None or None in dimensions:
        return None
    size, alignment = base
    for count in dimensions:
        size *= count or 0
    return (0 if flexible else size), alignment


def _size_of(layouts: Layouts, text: str, file: str, depth: int) -> tuple[int, int] | None:
    """Return (size, alignment) of a type."""
    if "*" in text:
        return _POINTER, _POINTER
    words = [word for word in text.split() if word not in _IGNORED]
    if not words or depth > _MAX_DEPTH:
        return None
    if words[0] == "enum":
        return 4, 4
    if words[0] in ("struct", "union") and len(words) > 1:
        item = layouts.sources.type(words[0], words[1], file)
        laid = None if item is None else _lay_out_item(layouts, item, depth + 1)
        return None if laid is None or laid.size is None else (laid.size, laid.alignment)
    if all(word in _SCALARS for word in words):
        decisive = next((word for word in ("long", "short", "char") if word in words), words[0])
        return _SCALARS[decisive], _SCALARS[decisive]
    return _typedef(layouts, words[-1], file, depth)


def _typedef(layouts: Layouts, name: str, file: str, depth: int) -> tuple[int, int] | None:
    pattern = re.compile(rf"^typedef\s+(.*?)\b{re.escape(name)}$", re.S)
    for other in layouts.sources.files_with(name, file):
        for item in layouts.sources.items(other):
            match = pattern.match(item.text.rstrip("; \n"))
            if match and item.brace >= 0:
                end = item.text.rfind("}")
                is_union = "union" in item.text[: item.brace]
                laid = _lay_out(layouts, item, item.brace + 1, end, is_union, depth + 1)
                return None if laid.size is None else (laid.size, laid.alignment)
            if match:
                return _size_of(layouts, match[1], other, depth + 1)
    return None


def _last_word(text: str) -> str:
    words = re.findall(r"\w+", text)
    return words[-1] if words else ""
