"""Files that are no BPF objects, or broken ones: each is refused in a sentence."""

from __future__ import annotations

import struct

import pytest

from tests.verifier.engine.object.objects import NAMES, Patched, object_bytes
from verifier.engine.object.limits import Limits
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object

SCHEDULER = "scheduler.bpf.o"


def refuse(data: bytes | bytearray, words: str) -> None:
    with pytest.raises(ObjectError, match=words):
        read_object(bytes(data))


def test_empty_file_is_refused() -> None:
    refuse(b"", "empty: upload")


@pytest.mark.parametrize("data", [b"hello", b"\x7fELG" + bytes(100), b"!<arch>\n" + bytes(60)])
def test_other_file_is_refused(data: bytes) -> None:
    refuse(data, "not an ELF file")


def test_other_machine_is_refused() -> None:
    data = bytearray(object_bytes(SCHEDULER))
    struct.pack_into("<H", data, 18, 62)
    refuse(data, "EM_X86_64, not for BPF: build with -target bpf")


def test_32_bit_file_is_refused() -> None:
    data = bytearray(object_bytes(SCHEDULER))
    data[4] = 1
    refuse(data, "32-bit")


def test_executable_is_refused() -> None:
    data = bytearray(object_bytes(SCHEDULER))
    struct.pack_into("<H", data, 16, 2)
    refuse(data, "ET_EXEC: only relocatable")


@pytest.mark.parametrize("size", [4, 16, 52, 63])
def test_truncated_header_is_refused(size: int) -> None:
    refuse(object_bytes(SCHEDULER)[:size], "truncated inside the ELF header")


@pytest.mark.parametrize("name", NAMES)
def test_truncated_at_any_section_is_refused(name: str) -> None:
    data = object_bytes(name)
    mark = "<" if data[5] == 1 else ">"
    (table,) = struct.unpack_from(f"{mark}Q", data, 40)
    (count,) = struct.unpack_from(f"{mark}H", data, 60)
    ends = {table + 64 * number for number in range(count)}
    for at in sorted(ends):
        offset, size = struct.unpack_from(f"{mark}QQ", data, at + 24)
        ends |= {offset, offset + size // 2, offset + size}
    for end in sorted(ends - {len(data)}):
        if end < len(data):
            with pytest.raises(ObjectError):
                read_object(data[:end])


def test_section_past_the_end_is_refused() -> None:
    patched = Patched(SCHEDULER).set(".rodata", "offset", 1 << 40)
    refuse(patched.data, r"truncated: section \d+ \(.rodata\)")


def test_sections_that_overlap_are_refused() -> None:
    patched = Patched(SCHEDULER).set(".rodata", "offset", 0)
    size = len(patched.data)
    refuse(patched.set(".rodata", "size", size - 64).data, "sections overlap")


def test_struct_ops_maps_that_overlap_are_refused() -> None:
    patched = Patched("optional.bpf.o")
    start, _ = patched.place(".symtab")
    at = start + patched.symbol("made")
    patched.put(".symtab", patched.symbol("not_made"), bytes(patched.data[at : at + 24]))
    refuse(patched.data, "overlaps another variable of .struct_ops.link")


def test_huge_bss_costs_nothing() -> None:
    patched = Patched(SCHEDULER).set(".bss", "size", 1 << 60)
    read = read_object(bytes(patched.data))
    assert next(item for item in read.data if item.name == ".bss").size == 1 << 60


def test_no_symbol_table_is_refused() -> None:
    refuse(Patched(SCHEDULER).set(".symtab", "type", 1).data, "0 symbol tables")


def test_symbol_names_that_are_missing_are_refused() -> None:
    refuse(Patched(SCHEDULER).set(".symtab", "link", 999).data, "section 999, which does not exist")


def test_half_a_symbol_is_refused() -> None:
    patched = Patched(SCHEDULER)
    _, size = patched.place(".symtab")
    refuse(patched.set(".symtab", "size", size - 1).data, "does not hold entries of 24 bytes")


def test_symbol_in_no_section_is_refused() -> None:
    patched = Patched(SCHEDULER)
    patched.put(".symtab", patched.symbol("seen") + 6, struct.pack("<H", 500))
    refuse(patched.data, "is in section 500, which does not exist")


def test_relocation_against_no_symbol_is_refused() -> None:
    patched = Patched(SCHEDULER).put(".rel.text", 12, b"\xff\xff\0\0")
    refuse(patched.data, "against symbol 65535")


def test_relocation_past_the_code_is_refused() -> None:
    patched = Patched(SCHEDULER).put(".rel.text", 0, struct.pack("<Q", 1 << 20))
    refuse(patched.data, "is not at an instruction")


def test_relocations_of_a_missing_section_are_refused() -> None:
    refuse(Patched(SCHEDULER).set(".rel.text", "info", 999).data, "for section 999")


def test_half_an_instruction_is_refused() -> None:
    patched = Patched(SCHEDULER)
    _, size = patched.place(".text")
    refuse(patched.set(".text", "size", size - 3).data, "whole instructions")


def test_function_past_its_section_is_refused() -> None:
    patched = Patched(SCHEDULER)
    patched.put(".symtab", patched.symbol("running") + 16, struct.pack("<Q", 8000))
    refuse(patched.data, "function running .* ends after its section")


def test_member_that_leads_to_no_program_is_refused() -> None:
    patched = Patched(SCHEDULER)
    patched.put(".symtab", patched.symbol("running") + 8, struct.pack("<Q", 8))
    with pytest.raises(ObjectError):
        read_object(bytes(patched.data))


def test_struct_ops_without_btf_is_refused() -> None:
    patched = Patched(SCHEDULER).set(".BTF", "type", 7)
    refuse(patched.data, "cannot be read without BTF")


def test_damaged_btf_is_refused() -> None:
    refuse(Patched(SCHEDULER).put(".BTF", 0, b"\0\0").data, "BTF is damaged")


def test_damaged_btf_ext_is_refused() -> None:
    refuse(Patched(SCHEDULER).put(".BTF.ext", 0, b"\0\0").data, "BTF is damaged")


@pytest.mark.parametrize(
    ("part", "field", "words"),
    [
        (0, 1, "type id"),  # of a function
        (1, 1, "string offset"),  # the file of a line
        (1, 2, "string offset"),  # its text
        (2, 1, "type id"),  # of a CO-RE relocation
        (2, 2, "string offset"),  # its access string
    ],
)
def test_btf_ext_that_points_outside_of_btf_is_refused(part: int, field: int, words: str) -> None:
    patched = Patched("kinds.bpf.o")
    start, _ = patched.place(".BTF.ext")
    (header,) = struct.unpack_from("<I", patched.data, start + 4)
    (offset,) = struct.unpack_from("<I", patched.data, start + 8 + 8 * part)
    first = header + offset + 12  # behind the length of records, a section's name and their number
    patched.put(".BTF.ext", first + 4 * field, struct.pack("<I", 1 << 30))
    refuse(patched.data, f"BTF is damaged: {words} {1 << 30} is outside")


def test_missing_btf_ext_is_noted() -> None:
    read = read_object(bytes(Patched(SCHEDULER).set(".BTF.ext", "type", 7).data))
    assert read.btf_ext is None
    assert any("no .BTF.ext" in note for note in read.notes)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(size=100), "bytes are more than the limit of 100"),
        (Limits(sections=3), "sections are more"),
        (Limits(symbols=3), "symbols are more"),
        (Limits(relocations=3), "relocations are more"),
        (Limits(instructions=3), "instructions are more"),
        (Limits(functions=3), "functions are more"),
        (Limits(programs=3), "programs are more"),
        (Limits(maps=0), "maps are more"),
        (Limits(variables=1), "variables are more"),
    ],
)
def test_limits_are_kept(limits: Limits, words: str) -> None:
    with pytest.raises(ObjectError, match=words):
        read_object(object_bytes(SCHEDULER), limits)


def test_names_that_overlap_are_refused() -> None:
    """Thousands of symbols, each with a long tail of the same text, as no linker writes them."""
    text = b"\0" + b"x" * 4000 + b"\0"
    symbols = b"".join(
        struct.pack("<IBBHQQ", 1 + number % 4000, 0x10, 0, 0, 0, 0) for number in range(4000)
    )
    refuse(_elf(text, symbols), "names overlap")


def test_name_without_end_is_refused() -> None:
    symbols = struct.pack("<IBBHQQ", 1, 0x10, 0, 0, 0, 0)
    refuse(_elf(b"\0" + b"x" * 5000, symbols), "does not end within 4096 bytes")


def _elf(names: bytes, symbols: bytes) -> bytes:
    """Make an object of a symbol table alone."""
    sections = b"\0.names\0"
    parts = [sections, names, symbols]
    starts = [64 + sum(map(len, parts[:number])) for number in range(4)]
    kinds = [(3, 0), (3, 0), (2, 2)]  # SHT_STRTAB twice, SHT_SYMTAB with its names in section 2
    table = bytes(64) + b"".join(
        struct.pack("<IIQQQQIIQQ", 1, kind, 0, 0, start, len(part), link, 0, 1, 0)
        for (kind, link), start, part in zip(kinds, starts, parts, strict=False)
    )
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        1,
        247,
        1,
        0,
        0,
        starts[3],
        0,
        64,
        0,
        0,
        64,
        4,
        1,
    )
    return header + b"".join(parts) + table
