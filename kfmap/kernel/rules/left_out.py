"""What the source has and the configuration leaves out, with the options that gate it.

Looks at the text of files whatever their #if say: kfuncs in registered sets, struct_ops types,
iterators, LSM hooks, program types and types of maps (include/linux/bpf_types.h).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.gates import Gate, Gates
from kfmap.kernel.place import Place
from kfmap.kernel.program_facts import KernelPart, LeftOut
from kfmap.kernel.rules.struct_ops_types import TYPES_H
from kfmap.quick_dataclass import dataclass

_BLOCK = re.compile(
    r"BTF_(?<!\wBTF_)(KFUNCS|SET8)_START\s*\(\s*(\w+)\s*\)(.*?)BTF_(?<!\wBTF_)\1_END\s*\(", re.S
)
_ENTRY = re.compile(r"\bBTF_ID_FLAGS\s*\(\s*func\s*,\s*(\w+)")
_USED_SET = re.compile(r"\.\s*set\s*=\s*&\s*(\w+)")
_STRUCT_OPS = re.compile(r"register_bpf_struct_ops(?<!\w.{23})\s*\(\s*&\s*\w+\s*,\s*(\w+)\s*\)")
_LISTED = re.compile(r"\bBPF_STRUCT_OPS_TYPE\s*\(\s*(\w+)\s*\)")
_ITERATOR = re.compile(r"^DEFINE_BPF_ITER_FUNC\s*\(\s*(\w+)", re.M)
_LSM_HOOK = re.compile(r"\bLSM_HOOK\s*\(\s*[^,()]+,\s*[^,]+,\s*(\w+)")
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE\s*\(\s*(BPF_PROG_TYPE_\w+)")
_MAP_TYPE = re.compile(r"\bBPF_MAP_TYPE\s*\(\s*(BPF_MAP_TYPE_\w+)")
_BPF_TYPES_H = "include/linux/bpf_types.h"
_LSM_H = "include/linux/lsm_hook_defs.h"
# What a file without anything of a kind lacks: looked for first, for it is faster.
_MENTIONS = {
    KernelPart.STRUCT_OPS: ("register_bpf_struct_ops", "BPF_STRUCT_OPS_TYPE"),
    KernelPart.ITERATOR: ("DEFINE_BPF_ITER_FUNC",),
    KernelPart.LSM_HOOK: ("LSM_HOOK",),
    KernelPart.PROGRAM_TYPE: ("BPF_PROG_TYPE",),
    KernelPart.MAP_TYPE: ("BPF_MAP_TYPE",),
}
_MAX_FOUND = 5_000


@dataclass(frozen=True, slots=True)
class Present:
    """What the kernel has: the names by kind. `built`: the marked files that are part of it.

    Kinds without names (program and map types) are there where no #if leaves them out.
    """

    names: Mapping[str, Collection[str]]
    built: Collection[str]


def find_left_out(
    code: Code, gates: Gates, marked: Collection[str], present: Present
) -> tuple[LeftOut, ...]:
    """Return what is left out, by kind and name; `marked` are files that may hold something."""
    reader = _Reader(code, gates, present)
    for file in marked:
        reader.look_into(file)
    for kind, file, pattern in (
        (KernelPart.STRUCT_OPS, TYPES_H, _LISTED),
        (KernelPart.PROGRAM_TYPE, _BPF_TYPES_H, _PROGRAM_TYPE),
        (KernelPart.MAP_TYPE, _BPF_TYPES_H, _MAP_TYPE),
        (KernelPart.LSM_HOOK, _LSM_H, _LSM_HOOK),
    ):
        reader.look_for(
            kind, file, pattern, prefix="bpf_lsm_" if kind == KernelPart.LSM_HOOK else ""
        )
    return tuple(reader.found[key] for key in sorted(reader.found))


class _Reader:
    def __init__(self, code: Code, gates: Gates, present: Present) -> None:
        self._code = code
        self._gates = gates
        self._present = present
        self._of_file: dict[str, list[Gate]] = {}
        self.found: dict[tuple[KernelPart, str], LeftOut] = {}

    def look_into(self, file: str) -> None:
        """Find what a .c file has of kfuncs, struct_ops types and iterators."""
        text = self._plain(file)
        used = set(_USED_SET.findall(text))
        for block in _BLOCK.finditer(text):
            for entry in _ENTRY.finditer(block[3]) if block[2] in used else ():
                offset = block.start(3) + entry.start()
                if not _is_in_define(text, offset):
                    self._note(KernelPart.KFUNC, entry[1], file, text, offset)
        self.look_for(KernelPart.STRUCT_OPS, file, _STRUCT_OPS)
        self.look_for(KernelPart.ITERATOR, file, _ITERATOR, prefix="bpf_iter_")

    def look_for(
        self, kind: KernelPart, file: str, pattern: re.Pattern[str], prefix: str = ""
    ) -> None:
        """Find the names that a pattern gives in a file."""
        text = self._plain(file)
        for match in (
            pattern.finditer(text) if any(word in text for word in _MENTIONS[kind]) else ()
        ):
            self._note(kind, prefix + match[1], file, text, match.start())

    def _plain(self, file: str) -> str:
        source = self._code.source(file)
        return source.plain if source else ""

    def _note(self, kind: KernelPart, name: str, file: str, text: str, offset: int) -> None:
        key = (kind, name)
        if name in self._present.names.get(kind, ()) or len(self.found) > _MAX_FOUND:
            return
        if kind not in self._present.names and self._is_active(file, text, offset, name):
            return
        gates = self._gates.of_line(file, text, offset)
        if file.endswith(".c") and file not in self._present.built:
            if file not in self._of_file:
                self._of_file[file] = self._gates.of_file(file)
            gates = [*gates, *self._of_file[file]]
        options, asked = self._gates.off(gates)
        place = asked or Place(file, text.count("\n", 0, offset) + 1)
        if key not in self.found or not self.found[key].options:
            self.found[key] = LeftOut(kind, name, options, place)

    def _is_active(self, file: str, text: str, offset: int, name: str) -> bool:
        source = self._code.source(file)
        end = text.find(name, offset) + len(name)
        return source is not None and source.code[offset:end] == text[offset:end]


def _is_in_define(text: str, offset: int) -> bool:
    """Return whether an offset is in a macro, whose parameters are no names."""
    start = text.rfind("\n", 0, offset)
    while start > 0 and text[start - 1] == "\\":
        start = text.rfind("\n", 0, start)
    return text[start + 1 : offset].lstrip().startswith("#")


__all__ = ["Present", "find_left_out"]
