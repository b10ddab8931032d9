"""What one compiled BPF object holds: programs, subprograms, calls, externs, struct_ops maps.

Returned by `verifier.engine.object.read.read_object`, independent of any kernel. Indexes are into
tuples of the same object; instruction indexes count 8-byte slots from the start of their section
(the two slots of lddw count as two, as in the kernel's own logs).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kfmap.btf.ext import BtfExt
from kfmap.btf.read import Btf
from kfmap.permission.section_names import ProgramKind
from kfmap.quick_dataclass import dataclass


class ExternKind(StrEnum):
    """What an undefined symbol stands for; a KSYM is a variable of the kernel."""

    KFUNC = "kfunc"
    KSYM = "ksym"
    KCONFIG = "kconfig"


class ReferenceKind(StrEnum):
    """What a relocated instruction refers to. FUNCTION: the address of one, as for callbacks."""

    KFUNC = "kfunc"
    EXTERN = "extern"
    CALL = "call"
    FUNCTION = "function"
    MAP = "map"
    DATA = "data"


class Linkage(StrEnum):
    """How a function is verified: with its callers, on its own with unknown arguments, as an entry.

    Hidden functions are STATIC too.
    """

    STATIC = "static"
    GLOBAL = "global"
    PROGRAM = "program"


class ObjectError(ValueError):
    """The bytes are not a BPF object that can be checked: says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Code:
    """Instructions of one executable section as four columns, one item per slot (struct bpf_insn).

    `opcodes`: u8. `registers`: dst in the low, src in the high four bits, whatever the byte order
    of the object. `offsets`: s16. `immediates`: s32. All are plain sequences of int.
    """

    section: str
    opcodes: bytes
    registers: bytes
    offsets: memoryview
    immediates: memoryview


@dataclass(frozen=True, slots=True)
class Extern:
    """An undefined symbol.

    `type_id`: its FUNC or VAR in BTF, 0 if none. `kernel_name`: what the kernel is asked for, the
    name less its last `___suffix`. `declared`: it is __ksym or __kconfig, as libbpf wants it.
    """

    name: str
    kernel_name: str
    kind: ExternKind
    weak: bool
    type_id: int
    declared: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """A relocated instruction: what it refers to.

    `index` is one into externs (KFUNC, EXTERN), functions (CALL, FUNCTION), maps or data sections
    (`addend` bytes into it). Calls of subprograms are here whether relocated or not; CO-RE
    relocations never (see BtfExt).
    """

    kind: ReferenceKind
    index: int
    addend: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """A function symbol of an executable section; `start` and `count` in slots.

    `type_id`: the BTF FUNC, 0 if none.
    """

    name: str
    section: str
    start: int
    count: int
    linkage: Linkage
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
    """An entry function.

    `section` is without a `?` in front (the section of its function has it). `kind` is what that
    name says, or what the loader says instead; it is optional as well where every struct_ops map
    that uses the program is. `exception_callback`: index of the function that its declaration tag
    names. `replaces`: the type of the program that a freplace program goes into, None if it is not
    known. `on_program`: it attaches to a BPF program.
    """

    name: str
    function: int
    section: str
    kind: ProgramKind
    struct_ops: tuple[StructOpsUse, ...]
    exception_callback: int | None = None
    replaces: str | None = None
    on_program: bool = False


@dataclass(frozen=True, slots=True)
class StructOpsMap:
    """A variable of `.struct_ops` or `.struct_ops.link`.

    `members`: its callbacks, each with its program or None. `nonzero`: members with a value and no
    program. `data`: its initial bytes. `type_name` has its `___suffix` as written, `kernel_type`
    has not. `optional`: not made by default (the first variable of `?.struct_ops`).
    """

    name: str
    section: str
    type_name: str
    kernel_type: str
    type_id: int
    optional: bool
    members: tuple[tuple[str, str | None], ...]
    nonzero: tuple[str, ...]
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class BpfMap:
    """A map of `.maps` (BTF defined). `kind`: BPF_MAP_TYPE_* as a number, 0 if not known.

    `tail_calls`: indexes of the functions that a program array has from the start. Sizes are in
    bytes. `key_type`, `value_type`: ids in the object's BTF, 0 where it gives a size only.
    `inner`: how the maps in a map of maps are made.
    """

    name: str
    kind: int
    tail_calls: tuple[int, ...] = ()
    key_size: int = 0
    value_size: int = 0
    max_entries: int = 0
    flags: int = 0
    key_type: int = 0
    value_type: int = 0
    inner: BpfMap | None = None


@dataclass(frozen=True, slots=True)
class DataSection:
    """`.data*`, `.rodata*`, `.bss*`, `.percpu*`, arena data, jump tables: bytes at load.

    `frozen`: the verifier may read it as constants (.rodata). `data` is empty for .bss, which has
    `size` zeroes. `shared`: it has a variable that is neither static nor hidden, so libbpf maps it
    into the memory of its loader (map_is_mmapable()).
    """

    name: str
    data: bytes
    frozen: bool
    size: int = 0
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A named variable in a data section; `offset`, `size` in bytes, `type_id` 0 if not known."""

    name: str
    section: int
    offset: int
    size: int
    type_id: int


@dataclass(frozen=True, slots=True)
class BpfObject:
    """One object.

    `code` is by section name, `references` by (section name, slot). `notes`: what could not be
    read. `refusals`: why libbpf does not open the file, whatever the kernel. `has_function_types`:
    .BTF.ext says which FUNC of .BTF each function is; else the kernel takes all for static.
    """

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
    refusals: tuple[str, ...] = ()
    has_function_types: bool = True
