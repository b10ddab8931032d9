"""Does a tree let BPF programs call kfuncs at all, and if so, were any found?

A map of a kernel that has the mechanism and no kfunc would refuse every call, and say that it is
complete: that is an error in reading, unless options that are off leave out each file that has any.
"""

from __future__ import annotations

import re

from kfmap.kernel.code import Code
from kfmap.kernel.facts import REGISTERING, KernelFacts
from kfmap.kernel.gates import Gates
from kfmap.kernel.rules.hooks import BTF_C
from kfmap.kernel.rules.register_world import REGISTER
from kfmap.kernel.scan import Found
from kfmap.kernel.tree import TreeError

VERIFIER_C = "kernel/bpf/verifier.c"
BPF_OPTION = "CONFIG_BPF_SYSCALL"
# add_kfunc_call(), verifier.c: "bpf: Support bpf program calling kernel function" (5.13).
# Before register_btf_kfunc_id_set() (5.18) env->ops->check_kfunc_call() decided.
_CHECKED = re.compile(r"\bops->check_kfunc_call\b")
_DEFINED = re.compile(rf"^int\s+{REGISTER}\s*\(", re.M)
_CALLED = re.compile(rf"\b{REGISTER}\s*\(|\.\s*check_kfunc_call\s*=")


def has_mechanism(code: Code) -> bool:
    """Return whether the verifier of a tree lets programs call kfuncs that something permits."""
    registers = _DEFINED.search(code.tree.read(BTF_C) or "")
    checks = _CHECKED.search(code.tree.read(VERIFIER_C) or "")
    return registers is not None or checks is not None


def check_found(code: Code, facts: KernelFacts, found: Found, gates: Gates) -> None:
    """Do nothing where kfuncs were found, or may be, or where there can be none.

    Raises TreeError where the tree has the mechanism and options do not explain that it has none.
    """
    if facts.registrations or facts.unread or not has_mechanism(code):
        return
    if any(item.construct in REGISTERING for item in facts.not_understood):
        return
    if not code.config.is_enabled(BPF_OPTION):
        return
    files = [
        file
        for file in (*found.marked, *found.helping)
        if file != BTF_C and _CALLED.search(code.tree.read(file) or "")
    ]
    if files and all(gates.off(gates.of_file(file))[0] for file in files):
        return
    where = ", ".join(sorted(set(files))[:3]) or BTF_C
    why = "not the whole of it is there, or its Makefiles are none that kfmap can read"
    raise TreeError(
        f"no kfunc was found in {code.tree.root}, although its BPF programs may call some (see "
        f"{where}): {why}"
    )
