"""Attach targets that exist: LSM hooks and iterators."""

from __future__ import annotations

import re

from kfmap.kernel.code import Code

_LSM_H = "include/linux/lsm_hook_defs.h"
_LSM_HOOK = re.compile(r"\bLSM_HOOK\s*\(\s*[^,]+,\s*[^,]+,\s*(\w+)")
_ITERATOR = re.compile(r"^DEFINE_BPF_ITER_FUNC\s*\(\s*(\w+)", re.M)
ITERATOR_MARK = b"DEFINE_BPF_ITER_FUNC("


def read_lsm_hooks(code: Code) -> tuple[str, ...]:
    """Return the LSM hooks by their BTF names."""
    source = code.source(_LSM_H)
    names = set(_LSM_HOOK.findall(source.code)) if source else set()
    return tuple(sorted(f"bpf_lsm_{name}" for name in names))


def find_iterators(code: Code, file: str) -> set[str]:
    """Return the iterators that a file defines, by their BTF names."""
    source = code.source(file)
    return {f"bpf_iter_{name}" for name in _ITERATOR.findall(source.code)} if source else set()
