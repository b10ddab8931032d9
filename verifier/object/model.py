"""What one compiled BPF object holds: programs, subprograms, calls, externs, struct_ops maps.

Given by `verifier.object.read.read_object`, independent of any kernel. Indexes are into tuples of the
same object; instruction indexes count 8-byte slots from the start of their section (ELF spec; the
two slots of lddw count as two, as in the kernel's own logs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kfmap.btf.ext import BtfExt
from kfmap.btf.read import Btf


class ObjectError(ValueError):
    """The bytes are not a BPF object that can be checked: says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Code:
    """Instructions of one executable section as four columns, one item a slot (struct bpf_insn).

    `opcodes`: u8. `registers`: dst in the low, src in the high four bits, whatever the byte order of
    the object. `offsets`: s16. `immediates`: s32. All are plain sequences of int.
    """

    section: str
    opcodes: bytes
    registers: bytes
    offsets: memoryview
    immediates: memoryview


@dataclass(frozen=True, slots=True)
class Extern:
    """An undefined symbol. `kind`: "kfunc", "ksym" (variable), "kconfig". `type_id` is its BTF type (0: none).

    `kernel_name` is the name the kernel is asked for: `name` less its last `___suffix`.
    """

    name: str
    kernel_name: str
    kind: str
    weak: bool
    type_id: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A relocated instruction: what it refers to.

    `kind`: "kfunc" and "extern" (index into externs), "call" (index into functions), "function"
    (the address of a function, as for callbacks; index into functions), "map" (index into maps),
    "data" (index into data sections, `addend` bytes into it), "core" is never here (see BtfExt).
    """

    kind: str
    index: int
    addend: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """A function symbol of an executable section; `start` and `count` in slots.

    `linkage`: "static", "global" (verified on its own, unknown arguments), "program" (an entry).
    `type_id`: the BTF FUNC, 0 if none.
    """

    name: str
    section: str
    start: int
    count: int
    linkage: str
    weak: bool
    type_id: int


@dataclass(frozen=True, slots=True)
class StructOpsUse:
    """A program as a member of a struct_ops map."""

    type: str
    member: str
    map: str


@dataclass(frozen=True, slots=True)
class Program:
    """An entry function, by libbpf's SEC() name (tools/lib/bpf/libbpf.c section_defs).

    `optional`: the section name starts with `?`, so it is loaded only when something switches it on
    (`autoload`). `target` is what follows the first `/`, in libbpf's words; `attach_target` the BTF name
    the kernel sees where it can be known (bpf_lsm_file_open, bpf_iter_task).
    """

    name: str
    function: int
    section: str
    program_type: str
    attach_type: str | None
    target: str | None
    attach_target: str | None
    sleepable: bool
    optional: bool
    struct_ops: tuple[StructOpsUse, ...]


@dataclass(frozen=True, slots=True)
class StructOpsMap:
    """A variable of `.struct_ops` or `.struct_ops.link`; `members` maps member → program name or None.

    `data` are its initial bytes. `type_name` has its `___suffix` as written; `kernel_type` has not.
    """

    name: str
    section: str
    type_name: str
    kernel_type: str
    type_id: int
    optional: bool
    members: tuple[tuple[str, str | None], ...]
    nonzero: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BpfMap:
    """A map of `.maps` (BTF defined). `kind`: BPF_MAP_TYPE_* as a number, 0 if not known."""

    name: str
    kind: int


@dataclass(frozen=True, slots=True)
class DataSection:
    """`.data*`, `.rodata*`, `.bss*`: bytes at load. `frozen`: the verifier may read it as constants (.rodata)."""

    name: str
    data: bytes
    frozen: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A named variable in a data section: `offset` and `size` in bytes."""

    name: str
    section: int
    offset: int
    size: int
    type_id: int


@dataclass(frozen=True, slots=True)
class BpfObject:
    """One object. `references` maps (section name, slot) → Reference. `notes`: what could not be read."""

    sha256: str
    size: int
    little_endian: bool
    license: str
    code: Mapping[str, Code]
    functions: tuple[Function, ...]
    programs: tuple[Program, ...]
    externs: tuple[Extern, ...]
    references: Mapping[tuple[str, int], Reference]
    maps: tuple[BpfMap, ...]
    struct_ops_maps: tuple[StructOpsMap, ...]
    data: tuple[DataSection, ...]
    variables: tuple[Variable, ...]
    btf: Btf | None
    btf_ext: BtfExt | None
    notes: tuple[str, ...]
