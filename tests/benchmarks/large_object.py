"""A made-up scheduler of about 20 MB: code, BTF and line information, and nothing for debuggers.

Every callback calls chains of static subprograms; each subprogram computes, branches on rodata and
on the version of the kernel, reads fields through CO-RE, calls kfuncs and helpers. That is far more
code than schedulers of this size have, whose bytes are mostly DWARF: half a million instruction
slots.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import pairwise

from kfmap.btf.kinds import EXTERN, STATIC
from tests.btf.btf_writer import BtfWriter, write_btf_ext

MEMBERS = ("select_cpu", "enqueue", "dispatch", "tick", "running", "stopping", "enable", "init")
KFUNCS = {  # with the sizes of what they return
    "scx_bpf_nr_cpu_ids": 4,
    "scx_bpf_nr_node_ids": 4,
    "scx_bpf_now": 8,
}
VERSION = "LINUX_KERNEL_VERSION"
CHAIN = 6  # subprograms that call each other; the verifier allows eight frames
BLOCKS = 16  # of instructions in a subprogram
_SLOT = 8
_PROGBITS, _SYMTAB, _STRTAB, _REL = 1, 2, 3, 9
_WRITE, _ALLOC, _CODE = 1, 2, 4
_TEXT_SYMBOL, _RODATA_SYMBOL, _VERSION_SYMBOL, _FIRST_KFUNC = 1, 2, 3, 4  # in the symbol table
_FIELD_OFFSET, _FIELD_EXISTS = 0, 2  # kinds of CO-RE relocations

Instruction = tuple[int, int, int, int, int]


@dataclass
class _Section:
    """A section of code: slots, and relocations as (slot, symbol, type)."""

    code: bytearray = field(default_factory=bytearray)
    relocations: list[tuple[int, int, int]] = field(default_factory=list)
    fields: list[tuple[int, int]] = field(default_factory=list)  # slot, kind of CO-RE relocation

    @property
    def slot(self) -> int:
        return len(self.code) // _SLOT

    def add(self, *instructions: Instruction) -> None:
        for opcode, dst, src, offset, immediate in instructions:
            self.code += struct.pack("<BBhi", opcode, dst | src << 4, offset, immediate)

    def relocate(self, symbol: int, kind: int) -> None:
        self.relocations.append((self.slot, symbol, kind))

    def rel(self) -> bytes:
        return b"".join(
            struct.pack("<QQ", _SLOT * slot, symbol << 32 | kind)
            for slot, symbol, kind in self.relocations
        )


def make_large_object(chains: int = 400, structs: int = 66_000) -> bytes:
    """Return an object of `chains` chains of subprograms and `structs` types of no use."""
    text, starts = _write_subprograms(chains)
    programs = [_write_program(starts, number, chains) for number in range(len(MEMBERS))]
    btf, extra = _write_types(text, starts, programs, structs)
    return _write_file(text, starts, programs, btf, extra)


def _write_subprograms(chains: int) -> tuple[_Section, list[int]]:
    text, starts = _Section(), []
    for number in range(chains * CHAIN):
        starts.append(text.slot)
        text.add((0xBF, 6, 1, 0, 0))  # r6 = r1
        text.fields.append((text.slot, _FIELD_EXISTS))
        text.add((0xB7, 7, 0, 0, 0))  # r7 = whether the field exists
        text.relocate(_VERSION_SYMBOL, 1)
        text.add((0x18, 2, 0, 0, 0), (0, 0, 0, 0, 0), (0x61, 2, 2, 0, 0))
        text.add((0xA6, 2, 0, 1, 6 << 16), (0x07, 7, 0, 0, number))  # if w2 < 6.0 goto +1
        for block in range(BLOCKS):
            _write_block(text, number, block)
        if number % CHAIN:  # the one before is the next of the chain
            text.add((0xBF, 1, 7, 0, 0))
            text.add((0x85, 0, 1, 0, starts[-2] - text.slot - 1))
        text.add((0xBF, 0, 7, 0, 0), (0x95, 0, 0, 0, 0))  # r0 = r7; exit
    return text, starts


def _write_block(text: _Section, number: int, block: int) -> None:
    text.relocate(_RODATA_SYMBOL, 1)
    text.add((0x18, 2, 0, 0, 4 * (block % 16)), (0, 0, 0, 0, 0))  # r2 = &rodata[...]
    text.add((0x61, 2, 2, 0, 0), (0x16, 2, 0, 1, 0))  # r2 = *(u32 *)r2; if w2 == 0 goto +1
    text.fields.append((text.slot, _FIELD_OFFSET))
    text.add((0x61, 4, 6, 0, 0))  # r4 = task->tgid
    text.relocate(_FIRST_KFUNC + block % len(KFUNCS), 10)
    text.add((0x85, 0, 2, 0, -1))  # call of a kfunc
    text.add(
        (0x7B, 10, 7, -8 * (1 + block), 0),  # *(u64 *)(r10 - ...) = r7
        (0x79, 3, 10, -8 * (1 + block), 0),  # r3 = *(u64 *)(r10 - ...)
        (0x07, 3, 0, 0, number + block),  # r3 += ...
        (0x25, 3, 0, 2, 1000),  # if r3 > 1000 goto +2
        (0x67, 3, 0, 0, 3),  # r3 <<= 3
        (0x0F, 7, 3, 0, 0),  # r7 += r3
        (0x85, 0, 0, 0, 5),  # call bpf_ktime_get_ns
        (0xAF, 7, 0, 0, 0),  # r7 ^= r0
    )


def _write_program(starts: list[int], number: int, chains: int) -> _Section:
    """Call the last subprogram of each chain that belongs to this program."""
    code = _Section()
    code.add((0xBF, 6, 1, 0, 0))
    for chain in range(number, chains, len(MEMBERS)):
        target = starts[CHAIN * chain + CHAIN - 1]
        code.add((0xB7, 1, 0, 0, chain))
        code.relocate(_TEXT_SYMBOL, 10)
        code.add((0x85, 0, 1, 0, target - 1))
    code.add((0xB7, 0, 0, 0, 0), (0x95, 0, 0, 0, 0))
    return code


def _write_types(
    text: _Section, starts: list[int], programs: list[_Section], structs: int
) -> tuple[bytes, bytes]:
    btf = BtfWriter()
    number = btf.integer("unsigned int")
    task = btf.struct("task_struct", 8, [("pid", number, 0), ("tgid", number, 32)])
    callback = btf.pointer(btf.prototype(number, [("p", btf.pointer(task))]))
    rows = [(member, callback, 64 * place) for place, member in enumerate(MEMBERS)]
    ops = btf.struct("sched_ext_ops", 8 * len(MEMBERS), rows)
    variable = btf.variable("large_ops", ops, 1)
    btf.section(".struct_ops.link", 8 * len(MEMBERS), [(variable, 0, 8 * len(MEMBERS))])
    results = {4: number, 8: btf.integer("unsigned long long", 8)}
    kfuncs = [btf.function(name, results[size], linkage=EXTERN) for name, size in KFUNCS.items()]
    btf.section(".ksyms", 0, [(type_id, 0, 0) for type_id in kfuncs])
    btf.section(".kconfig", 0, [(btf.variable(VERSION, number, EXTERN), 0, 4)])
    params = [("number", number)]
    subprograms = [
        btf.function(f"subprogram_{index}", number, params, STATIC) for index in range(len(starts))
    ]
    entries = [btf.function(f"on_{member}", number, params) for member in MEMBERS]
    for index in range(structs):
        members = [(f"a_member_{index % 97}_{place}", number, 32 * place) for place in range(9)]
        btf.struct(f"a_struct_of_no_use_{index}", 36, members)
    functions = {".text": [(_SLOT * at, id) for at, id in zip(starts, subprograms, strict=True)]}
    for member, type_id in zip(MEMBERS, entries, strict=True):
        functions[f"struct_ops/{member}"] = [(0, type_id)]
    lines = {".text": _lines(btf, text)}
    for member, program in zip(MEMBERS, programs, strict=True):
        lines[f"struct_ops/{member}"] = _lines(btf, program)
    tgid = btf.string("0:1")
    core = {".text": [(_SLOT * at, task, tgid, kind) for at, kind in text.fields]}
    extra = write_btf_ext(btf, functions, lines, core)  # first, for it adds strings
    return btf.build(), extra


def _lines(btf: BtfWriter, section: _Section) -> list[tuple[int, int, int, int]]:
    """Return a source line for every other slot, as compilers do on average."""
    file = btf.string("large.bpf.c")
    texts = [btf.string(f"\tvalue += step_{number}(task, {number});") for number in range(5000)]
    return [
        (_SLOT * slot, file, texts[slot % len(texts)], slot // 2 + 1 << 10 | 9)
        for slot in range(0, section.slot, 2)
    ]


def _write_file(
    text: _Section, starts: list[int], programs: list[_Section], btf: bytes, extra: bytes
) -> bytes:
    """Put the sections together; symbols come in the order that the constants above say."""
    names = ["", ".text", *(f"struct_ops/{member}" for member in MEMBERS), ".rodata"]
    code = [text, *programs]
    place = {name: number for number, name in enumerate(names)}
    sections: list[tuple[str, int, int, bytes, int, int]] = [("", 0, 0, b"", 0, 0)]
    for name, part in zip(names[1:-1], code, strict=True):
        sections.append((name, _PROGBITS, _ALLOC | _CODE, bytes(part.code), 0, 0))
    sections.append((".rodata", _PROGBITS, _ALLOC, bytes(64), 0, 0))
    symbols, strings = _write_symbols(text, starts, programs, place, len(sections))
    sections.append((".struct_ops.link", _PROGBITS, _WRITE, bytes(8 * len(MEMBERS)), 0, 0))
    sections.append(("license", _PROGBITS, _WRITE, b"GPL\0", 0, 0))
    sections.append((".BTF", _PROGBITS, 0, btf, 0, 0))
    sections.append((".BTF.ext", _PROGBITS, 0, extra, 0, 0))
    sections.append((".strtab", _STRTAB, 0, strings, 0, 0))
    table = len(sections)
    sections.append((".symtab", _SYMTAB, 0, symbols, table - 1, 3))
    for number, part in enumerate(code, 1):
        sections.append((f".rel{names[number]}", _REL, 0, part.rel(), table, number))
    first_program = len(symbols) // 24 - len(MEMBERS) - 1
    members = b"".join(
        struct.pack("<QQ", 8 * number, first_program + number << 32 | 2)
        for number in range(len(MEMBERS))
    )
    sections.append((".rel.struct_ops.link", _REL, 0, members, table, len(names)))
    return _write_elf(sections)


def _write_symbols(
    text: _Section,
    starts: list[int],
    programs: list[_Section],
    place: dict[str, int],
    struct_ops: int,
) -> tuple[bytes, bytes]:
    """Write sections, kfuncs, subprograms, programs and the struct_ops variable, in this order."""
    strings, symbols = bytearray(b"\0"), bytearray(24)

    def add(name: str, info: int, section: int, value: int = 0, size: int = 0) -> None:
        offset = len(strings) if name else 0
        strings.extend(name.encode() + b"\0" if name else b"")
        symbols.extend(struct.pack("<IBBHQQ", offset, info, 0, section, value, size))

    add("", 3, place[".text"])
    add("", 3, place[".rodata"])
    for name in (VERSION, *KFUNCS):
        add(name, 0x20, 0)  # weak, no type
    for index, (start, end) in enumerate(pairwise([*starts, text.slot])):
        add(f"subprogram_{index}", 2, place[".text"], start * _SLOT, (end - start) * _SLOT)
    for member, program in zip(MEMBERS, programs, strict=True):
        add(f"on_{member}", 0x12, place[f"struct_ops/{member}"], 0, len(program.code))
    add("large_ops", 0x11, struct_ops, 0, 8 * len(MEMBERS))
    return bytes(symbols), bytes(strings)


def _write_elf(sections: list[tuple[str, int, int, bytes, int, int]]) -> bytes:
    names = bytearray(b"\0")
    headers, body, offset = bytearray(), bytearray(), 64
    entry_sizes = {_SYMTAB: 24, _REL: 16}
    for name, kind, flags, data, link, info in [*sections, (".shstrtab", _STRTAB, 0, b"", 0, 0)]:
        name_offset = len(names) if name else 0
        names += name.encode() + b"\0" if name else b""
        part = bytes(names) if name == ".shstrtab" else data
        row = (name_offset, kind, flags, 0, offset, len(part), link, info, 8)
        headers += struct.pack("<IIQQQQIIQQ", *row, entry_sizes.get(kind, 0))
        body += part + bytes(-len(part) % 8)
        offset = 64 + len(body)
    count = len(sections) + 1
    fields = (1, 247, 1, 0, 0, offset, 0, 64, 0, 0, 64, count, count - 1)
    start = b"\x7fELF\x02\x01\x01" + bytes(9)
    return start + struct.pack("<HHIQQQIHHHHHH", *fields) + bytes(body) + bytes(headers)
