"""Programs written as text, as bpftool prints them, made into objects without a compiler.

main: static|global|program        starts a function
r1 = 5; w1 = r2; r1 += 3           moves and arithmetic (w: 32 bits)
r1 = *(u32 *)(r10 - 8)             loads; *(u64 *)(r10 - 8) = r1 (or a number) stores
r1 = &name + 4                     address of .rodata, .data, a function, an extern, a map (map1)
r0 = packet 4                      LD_ABS: a byte of the packet
r1 = core 7                        a move that CO-RE relocates
if r1 s> 5 goto end; goto end; end:
call name (function, extern or number of a helper); exit
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from kfmap.btf.ext import BtfExt, CoreInfo
from kfmap.btf.read import read_btf
from kfmap.permission.section_names import ProgramKind
from verifier.engine.object.model import (
    BpfMap,
    BpfObject,
    Code,
    DataSection,
    Extern,
    ExternKind,
    Function,
    Linkage,
    Program,
    Reference,
    ReferenceKind,
)

SECTION = "text"
_XDP = ProgramKind("BPF_PROG_TYPE_XDP", None, None, None, False, False)
_OPERATORS = {
    "+": 0x00, "-": 0x10, "*": 0x20, "/": 0x30, "|": 0x40, "&": 0x50, "<<": 0x60,
    ">>": 0x70, "%": 0x90, "^": 0xA0, "": 0xB0, "s>>": 0xC0,
}  # fmt: skip
_TESTS = {
    "==": 0x10, ">": 0x20, ">=": 0x30, "&": 0x40, "!=": 0x50, "s>": 0x60, "s>=": 0x70,
    "<": 0xA0, "<=": 0xB0, "s<": 0xC0, "s<=": 0xD0,
}  # fmt: skip
_SIZES = {"32": 0x00, "16": 0x08, "8": 0x10, "64": 0x18}

_FUNCTION = re.compile(r"(\w+): (static|global|program)$")
_LABEL = re.compile(r"(\w+):$")
_ALU = re.compile(r"([rw])(\d+) (\S*)= (?:([rw])(\d+)|(-?\w+))$")
_CORE = re.compile(r"r(\d+) = core (-?\d+)$")
_PACKET = re.compile(r"r0 = packet (\d+)$")
_LOAD = re.compile(r"r(\d+) = \*\((u|s)(\d+) \*\)\(r(\d+) ([+-]) (\d+)\)$")
_STORE = re.compile(r"\*\(u(\d+) \*\)\(r(\d+) ([+-]) (\d+)\) = (?:r(\d+)|(-?\w+))$")
_ADDRESS = re.compile(r"r(\d+) = &([.\w]+)(?: \+ (\d+))?$")
_JUMP = re.compile(r"if ([rw])(\d+) (\S+) (?:[rw](\d+)|(-?\w+)) goto (\w+)$")
_GOTO = re.compile(r"(goto|may_goto) (\w+)$")
_CALL = re.compile(r"call (\w+)$")


@dataclass
class _Assembler:
    rodata: bytes
    weak: frozenset[str]
    kconfig: tuple[str, ...]
    rows: list[list[int]] = field(default_factory=list)
    functions: list[list[object]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    jumps: list[tuple[int, str]] = field(default_factory=list)
    references: list[tuple[int, str, int]] = field(default_factory=list)
    core: list[int] = field(default_factory=list)

    def add(self, opcode: int, dst: int = 0, src: int = 0, offset: int = 0, imm: int = 0) -> None:
        self.rows.append([opcode, dst | src << 4, offset, imm])

    def read(self, text: str) -> None:
        for part in text.replace("\n", ";").split(";"):
            if part.strip():
                self._line(" ".join(part.split()))

    def _line(self, line: str) -> None:
        for pattern, handler in _HANDLERS:
            match = pattern.match(line)
            if match:
                handler(self, *match.groups())
                return
        raise ValueError(f"cannot read {line!r}")

    def function(self, name: str, linkage: str) -> None:
        self.functions.append([name, linkage, len(self.rows)])

    def label(self, name: str) -> None:
        self.labels[name] = len(self.rows)

    def alu(self, width: str, dst: str, operator: str, _: str, src: str, imm: str) -> None:
        kind = (7 if width == "r" else 4) | _OPERATORS[operator]
        if src is not None:
            self.add(kind | 8, int(dst), int(src))
        else:
            self.add(kind, int(dst), imm=int(imm, 0))

    def core_move(self, dst: str, imm: str) -> None:
        self.core.append(len(self.rows))
        self.add(0xB7, int(dst), imm=int(imm))

    def packet(self, place: str) -> None:
        self.add(0x30, imm=int(place))

    def load(self, dst: str, sign: str, size: str, base: str, direction: str, offset: str) -> None:
        mode = 0x80 if sign == "s" else 0x60
        self.add(mode | _SIZES[size] | 1, int(dst), int(base), int(direction + offset))

    def store(self, size: str, base: str, direction: str, offset: str, src: str, imm: str) -> None:
        place = int(direction + offset)
        if src is not None:
            self.add(0x63 | _SIZES[size], int(base), int(src), place)
        else:
            self.add(0x62 | _SIZES[size], int(base), 0, place, int(imm, 0))

    def address(self, dst: str, name: str, addend: str) -> None:
        self.references.append((len(self.rows), name, int(addend or 0)))
        self.add(0x18, int(dst))
        self.add(0)

    def jump(self, width: str, dst: str, test: str, src: str, imm: str, label: str) -> None:
        self.jumps.append((len(self.rows), label))
        kind = (5 if width == "r" else 6) | _TESTS[test]
        if src is not None:
            self.add(kind | 8, int(dst), int(src))
        else:
            self.add(kind, int(dst), imm=int(imm, 0))

    def goto(self, word: str, label: str) -> None:
        self.jumps.append((len(self.rows), label))
        self.add(0x05 if word == "goto" else 0xE5)

    def call(self, name: str) -> None:
        if not name.isdigit():
            self.references.append((len(self.rows), name, 0))
        self.add(0x85, imm=int(name) if name.isdigit() else -1)

    def exit(self) -> None:
        self.add(0x95)

    def finish(self) -> BpfObject:
        for slot, label in self.jumps:
            self.rows[slot][2] = self.labels[label] - slot - 1
        names = [str(function[0]) for function in self.functions]
        externs = self._externs(names)
        references = {
            (SECTION, slot): self._reference(slot, name, addend, names, externs)
            for slot, name, addend in self.references
        }
        ends = [*[int(str(item[2])) for item in self.functions[1:]], len(self.rows)]
        functions = tuple(
            Function(
                str(name),
                SECTION,
                int(str(start)),
                end - int(str(start)),
                Linkage(str(kind)),
                False,
                0,
            )
            for (name, kind, start), end in zip(self.functions, ends, strict=True)
        )
        return _object(self, functions, tuple(externs.values()), references)

    def _externs(self, names: list[str]) -> dict[str, Extern]:
        externs = {name: Extern(name, name, ExternKind.KCONFIG, False, 0) for name in self.kconfig}
        for slot, name, _ in self.references:
            if name not in names and name not in externs and not name.startswith(("map", ".")):
                is_kfunc = self.rows[slot][0] == 0x85 or name in self.weak
                kind = ExternKind.KFUNC if is_kfunc else ExternKind.KSYM
                externs[name] = Extern(name, name, kind, name in self.weak, 0)
        return externs

    def _reference(
        self, slot: int, name: str, addend: int, names: list[str], externs: Mapping[str, Extern]
    ) -> Reference:
        is_call = self.rows[slot][0] == 0x85
        if name in names:
            return Reference(ReferenceKind("call" if is_call else "function"), names.index(name))
        if name in externs:
            kind = ReferenceKind.KFUNC if is_call else ReferenceKind.EXTERN
            return Reference(kind, list(externs).index(name))
        if name.startswith("."):
            return Reference(ReferenceKind.DATA, (".rodata", ".data").index(name), addend)
        return Reference(ReferenceKind.MAP, int(name.removeprefix("map") or 0))


_HANDLERS = (
    (_FUNCTION, _Assembler.function),
    (_LABEL, _Assembler.label),
    (_CORE, _Assembler.core_move),
    (_PACKET, _Assembler.packet),
    (_LOAD, _Assembler.load),
    (_STORE, _Assembler.store),
    (_ADDRESS, _Assembler.address),
    (_JUMP, _Assembler.jump),
    (_GOTO, _Assembler.goto),
    (_CALL, _Assembler.call),
    (re.compile("exit$"), _Assembler.exit),
    (_ALU, _Assembler.alu),
)


def _object(
    made: _Assembler,
    functions: tuple[Function, ...],
    externs: tuple[Extern, ...],
    references: Mapping[tuple[str, int], Reference],
) -> BpfObject:
    opcodes, registers, offsets, immediates = zip(*made.rows, strict=True)
    code = Code(
        SECTION,
        bytes(opcodes),
        bytes(registers),
        memoryview(array("h", offsets)),
        memoryview(array("i", immediates)),
    )
    programs = tuple(
        Program(function.name, index, "xdp", _XDP, ())
        for index, function in enumerate(functions)
        if function.linkage == "program"
    )
    core = CoreInfo(*(array("I", made.core) for _ in range(4)))
    return BpfObject(
        size=0,
        little_endian=True,
        license="GPL",
        code={SECTION: code},
        functions=functions,
        programs=programs,
        externs=externs,
        references=references,
        maps=_maps(references),
        struct_ops_maps=(),
        data=(DataSection(".rodata", made.rodata, True), DataSection(".data", b"\1" * 64, False)),
        variables=(),
        btf=None,
        btf_ext=_core_only(core) if made.core else None,
        notes=(),
    )


def _maps(references: Mapping[tuple[str, int], Reference]) -> tuple[BpfMap, ...]:
    """Return arrays, as many as the numbers of the maps that are named."""
    used = [item.index for item in references.values() if item.kind == ReferenceKind.MAP]
    return tuple(BpfMap(f"map{index}", 2) for index in range(max(used, default=-1) + 1))


def _core_only(core: CoreInfo) -> BtfExt:
    """Return the places of relocations; what they are is made up by the tests."""
    no_types = read_btf(struct.pack("<HBB5I", 0xEB9F, 1, 0, 24, 0, 0, 0, 1) + b"\0")
    return BtfExt(no_types, {}, {}, {SECTION: core})


def assemble(
    text: str, rodata: bytes = b"", weak: tuple[str, ...] = (), kconfig: tuple[str, ...] = ()
) -> BpfObject:
    """Make an object; names that are no function are externs, `weak` ones kfuncs."""
    made = _Assembler(rodata, frozenset(weak), kconfig)
    made.read(text)
    return made.finish()
