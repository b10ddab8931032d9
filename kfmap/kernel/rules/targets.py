"""Attach targets that exist: LSM hooks and iterators, with which iterators sleep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import IteratorSleep
from kfmap.kernel.syntax import split_list

_LSM_H = "include/linux/lsm_hook_defs.h"
_LSM_HOOK = re.compile(r"\bLSM_HOOK\s*\(\s*[^,]+,\s*[^,]+,\s*(\w+)")
_ITERATOR = re.compile(r"^DEFINE_BPF_ITER_FUNC\s*\(\s*(\w+)", re.M)
ITERATOR_MARK = b"DEFINE_BPF_ITER_FUNC("
_REGISTERED = re.compile(r"\bstruct\s+bpf_iter_reg\b")
_FEATURE = re.compile(r"^\.\s*feature\s*=\s*(.*)$", re.S)
_TARGET = re.compile(r'\.\s*target\s*=\s*"(\w+)"')
# kernel/bpf/bpf_iter.c, bpf_iter_link_attach(): "bpf: Add support for bpf iterator programs to use
# sleepable helpers"; all releases read ask for it.
_RESCHED = "BPF_ITER_RESCHED"


def read_lsm_hooks(code: Code) -> tuple[str, ...]:
    """Return the LSM hooks by their BTF names."""
    source = code.source(_LSM_H)
    names = set(_LSM_HOOK.findall(source.code)) if source else set()
    return tuple(sorted(f"bpf_lsm_{name}" for name in names))


def find_iterators(code: Code, file: str) -> set[str]:
    """Return the iterators that a file defines, by their BTF names."""
    source = code.source(file)
    text = source.code if source else ""
    found = _ITERATOR.findall(text) if "DEFINE_BPF_ITER_FUNC" in text else ()
    return {f"bpf_iter_{name}" for name in found}


def find_iterator_sleep(code: Code, file: str) -> Iterator[IteratorSleep]:
    """Return which iterators of a file sleepable programs attach to (bpf_iter_link_attach())."""
    for item in code.items(file):
        if item.variable and _REGISTERED.search(item.text[: item.brace]):
            name = _target_name(code, item)
            if name:
                place = Place(file, item.line_at(item.text.find(".target")))
                yield IteratorSleep(f"bpf_iter_{name}", _is_resched(code, item), place)


def _target_name(code: Code, item: Item) -> str:
    """Return `.target`; its string is not in `Source`, which keeps no contents of strings."""
    first = item.line_at(item.brace)
    lines = code.tree.lines(item.file)
    last = item.line_at(len(item.text))
    found = _TARGET.search("\n".join(lines[first - 1 : last]))
    return found[1] if found else ""


def _is_resched(code: Code, item: Item) -> bool | None:
    body = item.text[item.brace + 1 : item.text.rfind("}")]
    feature = next((m[1] for m in map(_FEATURE.match, split_list(body)) if m), "0")
    value, bit = code.evaluate(feature, item.file), code.value(_RESCHED, item.file)
    return None if value is None or bit is None else bool(value & bit)
