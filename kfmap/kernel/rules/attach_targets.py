"""Which functions, hooks and tracepoints programs may attach to, as far as the kernel lists them.

Mirrors bpf_check_attach_target() and check_attach_btf_id() (kernel/bpf/verifier.c), whose lists are
sets of BTF ids, ALLOW_ERROR_INJECTION() and prefixes of names, and kernel/bpf/bpf_lsm.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import KfuncSet, NotUnderstood, Place
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import AttachTargets, Target
from kfmap.kernel.rules.error_injection import find_injectable
from kfmap.kernel.rules.id_sets import find_id_sets
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.rules.tracepoints import find_faultable
from kfmap.kernel.syntax import called_name, field_of, parse_function, text_of, walk
from kfmap.quick_dataclass import dataclass

LSM_C = "kernel/bpf/bpf_lsm.c"
_CHECK = "bpf_check_attach_target"
_ATTACH = "check_attach_btf_id"
# Functions that decide for sleepable programs: the second was seen first in 7.1, the third in 7.2.
_SLEEPABLE = (_CHECK, "check_attach_sleepable", "btf_id_allow_sleepable")
_MODIFY = "check_attach_modify_return"
_NOT_SLEEPABLE = "check_non_sleepable_error_inject"
_INJECTION = "within_error_injection_list"
# kernel/bpf/verifier.c: the fallback of trees without error injection, seen first in 7.1.
_SYSCALL_PREFIX = "has_arch_syscall_prefix"
_IN_SET = re.compile(r"\bbtf_id_set_contains\s*\(\s*&\s*(\w+)")
_TEXT = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Listed:
    """What other rules found: files with ALLOW_ERROR_INJECTION(), sets of FMODRET registrations."""

    injecting: tuple[str, ...]
    fmodret: tuple[KfuncSet, ...]


def read_attach_targets(
    code: Code, listed: Listed, *, has_lsm: bool
) -> tuple[AttachTargets | None, tuple[NotUnderstood, ...]]:
    """Return the lists of one tree, None where it does not check attach targets."""
    if code.source(VERIFIER_C) is None:
        return None, ()
    items = {item.function: item for item in code.items(VERIFIER_C) if item.function}
    if _CHECK not in items or _ATTACH not in items:
        place = Place(VERIFIER_C, 1)
        return None, (NotUnderstood(place, "attach targets", f"{_CHECK}, {_ATTACH}"),)
    reader = _Reader(code, items, listed)
    denied, no_return, attach_types = reader.denied()
    targets = AttachTargets(
        sleepable=_sorted(reader.sleepable()),
        modifiable=_sorted(reader.modifiable()),
        denied=_sorted(denied),
        no_return=_sorted(no_return),
        no_return_attach_types=attach_types,
        sleepable_hooks=_sorted(reader.hooks("bpf_lsm_is_sleepable_hook") if has_lsm else ()),
        disabled_hooks=_sorted(reader.hooks("bpf_lsm_verify_prog", "disabled") if has_lsm else ()),
        faultable_tracepoints=_sorted(find_faultable(code, items.values())),
    )
    return targets, ()


def _sorted(targets: Iterable[Target]) -> tuple[Target, ...]:
    first: dict[tuple[str, bool], Target] = {}
    for target in targets:
        first.setdefault((target.name, target.prefix), target)
    return tuple(first[key] for key in sorted(first))


class _Reader:
    def __init__(self, code: Code, items: Mapping[str, Item], listed: Listed) -> None:
        self._code = code
        self._items = items
        self._listed = listed
        self._injectable = tuple(find_injectable(code, listed.injecting))

    def sleepable(self) -> Iterator[Target]:
        """Return what sleepable fentry, fexit and fmod_ret programs may attach to."""
        deciding = [self._items[name] for name in _SLEEPABLE if name in self._items]
        text = "\n".join(item.text for item in deciding)
        if _INJECTION in text:
            excluded = {target.name for target in self._set_in(self._items.get(_NOT_SLEEPABLE))}
            yield from (t for t in self._injectable if t.name not in excluded)
        if _SYSCALL_PREFIX in text:
            yield from self._prefixes(self._items.get(_SYSCALL_PREFIX))
        # bpf_check_attach_target(), "bpf: do not rely on ALLOW_ERROR_INJECTION for fmod_ret": seen
        # first in 6.12; 6.1 knows the error-injection list only.
        if "btf_kfunc_is_modify_return" in text and "KF_SLEEPABLE" in text:
            yield from self._fmodret("KF_SLEEPABLE")

    def modifiable(self) -> Iterator[Target]:
        """Return what fmod_ret programs may attach to."""
        check = self._items.get(_MODIFY)
        if check is not None and _INJECTION in check.text:
            yield from self._injectable
        if check is not None and _SYSCALL_PREFIX in check.text:
            yield from self._prefixes(self._items.get(_SYSCALL_PREFIX))
        yield from self._prefixes(check)
        if "btf_kfunc_is_modify_return" in self._items[_CHECK].text:
            yield from self._fmodret("")

    def denied(self) -> tuple[list[Target], list[Target], tuple[str, ...]]:
        """Return the functions refused to tracing programs, and those refused to some of them."""
        function = parse_function(self._items[_ATTACH])
        denied: list[Target] = []
        no_return: list[Target] = []
        attach_types: set[str] = set()
        for node in walk(function.body):
            condition = field_of(node, "condition") if node.type == "if_statement" else None
            text = text_of(condition) if condition is not None else ""
            found = _IN_SET.search(text)
            if condition is None or found is None:
                continue
            types = set(re.findall(r"\bexpected_attach_type\s*==\s*(\w+)", text))
            (no_return if types else denied).extend(self._set(found[1], VERIFIER_C))
            attach_types |= types
        return denied, no_return, tuple(sorted(attach_types))

    def hooks(self, function: str, word: str = "") -> Iterator[Target]:
        """Return the LSM hooks of the set that a function of kernel/bpf/bpf_lsm.c asks."""
        item = next((i for i in self._code.items(LSM_C) if i.function == function), None)
        for name in _IN_SET.findall(item.text) if item else ():
            if word in name:
                yield from self._set(name, LSM_C)

    def _set_in(self, item: Item | None) -> Iterator[Target]:
        for name in _IN_SET.findall(item.text) if item else ():
            yield from self._set(name, VERIFIER_C)

    def _set(self, name: str, file: str) -> Iterator[Target]:
        for found in find_id_sets(self._code, file, only=name):
            for entry in found.entries:
                yield Target(entry.kfunc, entry.place, name)

    def _fmodret(self, flag: str) -> Iterator[Target]:
        for found in self._listed.fmodret:
            for entry in found.entries:
                if not flag or flag in entry.flags:
                    yield Target(entry.kfunc, entry.place, found.name)

    def _prefixes(self, item: Item | None) -> Iterator[Target]:
        """Return the prefixes of names that a function compares with."""
        function = parse_function(item) if item else None
        for node in walk(function.body) if function else ():
            if function and node.type == "call_expression" and called_name(node) == "strncmp":
                line = function.line_of(node)
                prefix = self._text_at(function.file, line) or self._macro_text(text_of(node), line)
                if prefix:
                    yield Target(prefix, Place(function.file, line), function.name, prefix=True)

    def _macro_text(self, call: str, line: int) -> str:
        for name in re.findall(r"\b[A-Z_]{3,}\b", call):
            macro = self._code.macro(name, VERIFIER_C, line)
            if macro:
                return self._text_at(VERIFIER_C, macro.line)
        return ""

    def _text_at(self, file: str, line: int) -> str:
        """Return the string on a line; `Source` keeps no contents of strings."""
        lines = self._code.tree.lines(file)
        found = _TEXT.search(lines[line - 1]) if line <= len(lines) else None
        return found[1] if found else ""
