from __future__ import annotations

import shutil
import struct

import pytest

from tests.verifier.engine.object.llvm_dialect import OBJDUMP, disassemble_with_llvm
from tests.verifier.engine.object.objects import NAMES, OBJECTS, function, read
from verifier.engine.object.disassemble import disassemble, disassemble_around, print_instruction
from verifier.engine.object.model import Code


def code_of(*instructions: tuple[int, int, int, int, int]) -> Code:
    """Make code of (opcode, dst, src, off, imm)."""
    data = b"".join(
        struct.pack("<BBhi", opcode, dst | src << 4, off, imm)
        for opcode, dst, src, off, imm in instructions
    )
    view = memoryview(data)
    return Code("test", data[::8], data[1::8], view.cast("h")[1::4], view.cast("i")[1::2])


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ((0x07, 1, 0, 0, -8), "(07) r1 += -8"),
        ((0x0C, 1, 2, 0, 0), "(0c) w1 += w2"),
        ((0x3F, 1, 2, 1, 0), "(3f) r1 s/= r2"),
        ((0x94, 1, 0, 1, 5), "(94) w1 s%= 5"),
        ((0x97, 1, 0, 0, 5), "(97) r1 %= 5"),
        ((0xC7, 1, 0, 0, 63), "(c7) r1 s>>= 63"),
        ((0x84, 3, 0, 0, 0), "(84) w3 = -w3"),
        ((0xBF, 1, 2, 8, 0), "(bf) r1 = (s8)r2"),
        ((0xBC, 1, 2, 16, 0), "(bc) w1 = (s16)w2"),
        ((0xBF, 1, 2, 32, 0), "(bf) r1 = (s32)r2"),
        ((0xBF, 1, 2, 1, 1 << 16), "(bf) r1 = addr_space_cast(r2, 1, 0)"),
        ((0xD7, 1, 0, 0, 32), "(d7) r1 = bswap32 r1"),
        ((0xD4, 1, 0, 0, 16), "(d4) r1 = le16 r1"),
        ((0xDC, 1, 0, 0, 64), "(dc) r1 = be64 r1"),
        ((0x61, 1, 2, -4, 0), "(61) r1 = *(u32 *)(r2 -4)"),
        ((0x91, 1, 2, 4, 0), "(91) r1 = *(s8 *)(r2 +4)"),
        ((0x7A, 10, 0, -8, -1), "(7a) *(u64 *)(r10 -8) = -1"),
        ((0x73, 10, 1, -8, 0), "(73) *(u8 *)(r10 -8) = r1"),
        ((0xC3, 1, 2, 0, 0x00), "(c3) lock *(u32 *)(r1 +0) += r2"),
        ((0xDB, 1, 2, 8, 0xA0), "(db) lock *(u64 *)(r1 +8) ^= r2"),
        ((0xDB, 1, 2, 8, 0x41), "(db) r2 = atomic64_fetch_or((u64 *)(r1 +8), r2)"),
        ((0xC3, 1, 2, 8, 0x51), "(c3) r2 = atomic_fetch_and((u32 *)(r1 +8), r2)"),
        ((0xDB, 1, 2, 8, 0xE1), "(db) r2 = atomic64_xchg((u64 *)(r1 +8), r2)"),
        ((0xC3, 1, 2, 8, 0xF1), "(c3) r0 = atomic_cmpxchg((u32 *)(r1 +8), r0, r2)"),
        ((0xD3, 1, 2, 8, 0x100), "(d3) r1 = load_acquire((u8 *)(r2 +8))"),
        ((0xDB, 1, 2, 8, 0x110), "(db) store_release((u64 *)(r1 +8), r2)"),
        ((0x30, 0, 0, 0, 14), "(30) r0 = *(u8 *)skb[14]"),
        ((0x48, 0, 3, 0, 2), "(48) r0 = *(u16 *)skb[r3 + 2]"),
        ((0x05, 0, 0, -3, 0), "(05) goto pc-3"),
        ((0x06, 0, 0, 0, 70000), "(06) gotol pc+70000"),
        ((0x0D, 4, 0, 0, 0), "(0d) gotox r4"),
        ((0xE5, 0, 0, 5, 0), "(e5) may_goto pc+5"),
        ((0x15, 1, 0, 2, -1), "(15) if r1 == 0xffffffff goto pc+2"),
        ((0x6E, 1, 2, 2, 0), "(6e) if w1 s> w2 goto pc+2"),
        ((0xB5, 1, 0, 0, 9), "(b5) if r1 <= 0x9 goto pc+0"),
        ((0x45, 1, 0, 0, 1), "(45) if r1 & 0x1 goto pc+0"),
        ((0x85, 0, 0, 0, 1), "(85) call bpf_map_lookup_elem#1"),
        ((0x85, 0, 0, 0, 100000), "(85) call unknown#100000"),
        ((0x85, 0, 1, 0, -4), "(85) call pc-4"),
        ((0x85, 0, 2, 0, 1), "(85) call unknown#1"),
        ((0x8D, 2, 0, 0, 0), "(8d) callx r2"),
        ((0x95, 0, 0, 0, 0), "(95) exit"),
    ],
)
def test_instruction_prints_as_in_the_verifier_log(
    instruction: tuple[int, int, int, int, int], text: str
) -> None:
    assert print_instruction(code_of(instruction), 0) == text


@pytest.mark.parametrize("opcode", [0x00, 0x99, 0xE7, 0xF7, 0xFF, 0xB9, 0x98, 0xF5, 0xE2])
def test_unknown_instruction_says_so(opcode: int) -> None:
    assert print_instruction(code_of((opcode, 0, 0, 0, 0)), 0) == f"({opcode:02x}) unknown"


def test_every_opcode_prints_something() -> None:
    for opcode in range(256):
        for imm in (0, -1, 0xF1):
            assert print_instruction(code_of((opcode, 15, 15, -1, imm)), 0)


def test_wide_load_takes_two_slots() -> None:
    code = code_of((0x18, 1, 0, 0, -1), (0, 0, 0, 0, 1), (0x95, 0, 0, 0, 0))
    assert list(disassemble(code, 0, 3)) == [(0, "(18) r1 = 0x1ffffffff"), (2, "(95) exit")]


def test_wide_load_that_is_cut_off_still_prints() -> None:
    assert list(disassemble(code_of((0x18, 1, 0, 0, 7)), 0, 9)) == [(0, "(18) r1 = 0x7")]


def test_names_stand_for_what_is_referred_to() -> None:
    scheduler = read("scheduler.bpf.o")
    start = function(scheduler, "stopping").start
    assert disassemble_around(scheduler, "struct_ops/stopping", start, 0, 3) == (
        "0: (18) r1 = &with_slots",
        "2: (71) r1 = *(u8 *)(r1 +0)",
        "3: (56) if w1 != 0x1 goto pc+7",
        "4: (85) call scx_bpf_dispatch_nr_slots",
    )


def test_neighbours_stay_in_the_function() -> None:
    scheduler = read("scheduler.bpf.o")
    slots_if = function(scheduler, "slots_if")
    lines = disassemble_around(scheduler, ".text", slots_if.start + 1, before=50, after=50)
    assert lines[0].startswith(f"{slots_if.start}: ")
    assert lines[1].endswith("call scx_bpf_dispatch_nr_slots")
    assert lines[-1].endswith("exit")


def test_neighbours_of_every_slot_hold_it() -> None:
    scheduler = read("scheduler.bpf.o")
    for name, code in scheduler.code.items():
        for slot in range(len(code.opcodes)):
            lines = disassemble_around(scheduler, name, slot)
            if code.opcodes[slot]:
                assert any(line.startswith(f"{slot}: ") for line in lines)


@pytest.mark.clang
@pytest.mark.skipif(shutil.which(OBJDUMP) is None, reason=f"needs {OBJDUMP}")
@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_reads_as_llvm_reads_it(name: str) -> None:
    theirs = disassemble_with_llvm(OBJECTS / name)
    for section, code in read(name).code.items():
        ours = {
            slot: _without_call_words(text)
            for slot, text in disassemble(code, 0, len(code.opcodes))
        }
        assert ours == theirs[section]


def _without_call_words(text: str) -> str:
    """Leave of a call only its number, as llvm does."""
    start, call, target = text.partition(" call ")
    return start + call + target.rpartition("#")[2].removeprefix("pc").removeprefix("+")
