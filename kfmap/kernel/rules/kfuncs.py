"""What is known of each kfunc itself: where it is defined, its prototype, what BTF says of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from kfmap.btf.declare import declare_function
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from kfmap.kernel.code import Code
from kfmap.kernel.facts import VMLINUX, Kfunc, Place
from kfmap.kernel.items import Item

# net/core/xdp.c; "bpf: XDP metadata RX kfuncs", seen first in 6.12.
_DEVICE_BOUND = "bpf_dev_bound_kfunc_id"
_SET_OF_TEST = re.compile(r"\bbtf_id_set8?_contains\s*\(\s*&\s*(\w+)")
_NOT_IN_PROTOTYPE = re.compile(r"\b(?:__bpf_kfunc|static|noinline|notrace|__weak|__used|inline)\b")
# The declaration tag of sets that are made with BTF_KFUNCS_START(): "bpf: treewide: Annotate BPF
# kfuncs in BTF", seen first in 6.12. The verifier does not ask for it; tools that list kfuncs do.
_TAG = "bpf_kfunc"
# fetch_kfunc_meta() takes the prototype from the FUNC `name_impl`, which resolve_btfids makes:
# "bpf: Verifier support for KF_IMPLICIT_ARGS", seen first in 7.1.
_TWIN_FLAG = "KF_IMPLICIT_ARGS"
# The verifier passes it; programs do not see it (Documentation/bpf/kfuncs.rst, KF_IMPLICIT_ARGS).
_IMPLICIT_ARGUMENT = re.compile(r"(?:, *)?(?:const )?struct bpf_prog_aux *\* *\w+ *\)$")


class KfuncReader:
    """Reads kfuncs of one tree, with or without BTF."""

    def __init__(self, code: Code, files: Iterable[str], btf: Btf | None) -> None:
        self._btf = btf
        self._defined: dict[str, Item] = {}
        for file in files:
            for item in code.items(file):
                if item.function:
                    self._defined.setdefault(item.function, item)

    def read(self, name: str, owner: str, flags: Collection[str], *, device_bound: bool) -> Kfunc:
        """Return the facts of a kfunc; `flags` are those of all its entries."""
        item = self._defined.get(name)
        place = Place(item.file, item.function_line) if item else None
        prototype = _write_prototype(item.head, flags) if item else ""
        btf = self._btf if owner == VMLINUX else None
        if btf is None:
            return Kfunc(name, owner, prototype, place, None, None, device_bound)
        found = btf.find(name, Kind.FUNC)
        twin = _TWIN_FLAG not in flags or btf.find(f"{name}_impl", Kind.FUNC) is not None
        tagged = found is not None and any(tag.name == _TAG for tag in btf.tags(found))
        if found is not None:
            prototype = declare_function(btf, found)
        return Kfunc(
            name, owner, prototype, place, tagged, found is not None and twin, device_bound
        )


def find_device_bound_set(code: Code, files: Iterable[str]) -> tuple[str, str]:
    """Return (name, file) of the set that only programs bound to a device may use, or ("", "")."""
    for file in files:
        for item in code.items(file):
            match = _SET_OF_TEST.search(item.text) if item.function == _DEVICE_BOUND else None
            if match:
                return match[1], file
    return "", ""


def flags_by_kfunc(entries: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, set[str]]:
    """Collect the flags of each kfunc over all entries."""
    found: dict[str, set[str]] = {}
    for name, flags in entries:
        found.setdefault(name, set()).update(flags)
    return found


def _write_prototype(head: str, flags: Collection[str]) -> str:
    plain = " ".join(_NOT_IN_PROTOTYPE.sub(" ", head).split())
    seen = _IMPLICIT_ARGUMENT.sub(")", plain) if _TWIN_FLAG in flags else plain
    return seen.replace("()", "(void)")
