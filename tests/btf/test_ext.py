""".BTF.ext is read back as it was written, with records longer than known, in both byte orders."""

from __future__ import annotations

import pytest

from kfmap.btf.ext import BtfExt, CoreKind, CoreRelocation, Line, read_btf_ext
from kfmap.btf.read import BtfError, read_btf
from tests.btf.btf_writer import BtfWriter, write_btf_ext


def _sample(byteorder: str, record_words: tuple[int, int, int] = (2, 4, 4)) -> tuple[bytes, bytes]:
    writer = BtfWriter(byteorder)
    function = writer.function("entry")
    file, first = writer.string("prog.bpf.c"), writer.string("\tint a = 1;")
    second, access = writer.string("\treturn a;"), writer.string("0:1")
    ext = write_btf_ext(
        writer,
        {"xdp": [(0, function)]},
        {"xdp": [(0, file, first, 10 << 10 | 6), (24, file, second, 11 << 10 | 2)]},
        {"xdp": [(8, 1, access, CoreKind.FIELD_EXISTS)], ".text": [(16, 2, access, 0)]},
        record_words,
    )
    return writer.build(), ext


@pytest.fixture(params=["little", "big"])
def ext(request: pytest.FixtureRequest) -> BtfExt:
    btf, data = _sample(request.param)
    return read_btf_ext(data, read_btf(btf))


def test_functions_have_slot_and_type(ext: BtfExt) -> None:
    assert list(ext.functions["xdp"].slots) == [0]
    assert ext.btf.name(ext.functions["xdp"].type_ids[0]) == "entry"


def test_line_holds_until_the_next_one(ext: BtfExt) -> None:
    first = Line("prog.bpf.c", 10, 6, "\tint a = 1;")
    second = Line("prog.bpf.c", 11, 2, "\treturn a;")
    assert [ext.line("xdp", slot) for slot in range(5)] == [first, first, first, second, second]
    assert ext.line("tc", 0) is None


def test_core_relocations_are_given_by_section(ext: BtfExt) -> None:
    assert ext.core_relocations("xdp") == (CoreRelocation(1, 1, "0:1", CoreKind.FIELD_EXISTS),)
    assert ext.core_relocations(".text") == (CoreRelocation(2, 2, "0:1", 0),)
    assert ext.core_relocations("tc") == ()


def test_line_before_the_first_record_is_unknown() -> None:
    writer = BtfWriter()
    ext = write_btf_ext(writer, lines={"xdp": [(16, 0, 0, 1 << 10)]})
    read = read_btf_ext(ext, read_btf(writer.build()))
    assert (read.line("xdp", 1), read.line("xdp", 2)) == (None, Line("", 1, 0, ""))


def test_lines_whose_text_is_not_genuine_are_unknown() -> None:
    writer = BtfWriter()
    start = writer.string("x" * 4000)
    lines = [(8 * slot, start + slot, start + slot, 1 << 10) for slot in range(100)]
    ext = write_btf_ext(writer, lines={"xdp": lines})
    read = read_btf_ext(ext, read_btf(writer.build()))
    assert read.line("xdp", 0) is not None
    assert [read.line("xdp", slot) for slot in range(100)][-1] is None


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_longer_records_are_read_by_their_size(byteorder: str) -> None:
    btf, data = _sample(byteorder, (3, 7, 5))
    ext = read_btf_ext(data, read_btf(btf))
    assert ext.line("xdp", 3) == Line("prog.bpf.c", 11, 2, "\treturn a;")
    assert ext.core_relocations("xdp")[0].slot == 1


def test_unsorted_lines_are_sorted() -> None:
    writer = BtfWriter()
    ext = write_btf_ext(writer, lines={"xdp": [(8, 0, 0, 2 << 10), (0, 0, 0, 1 << 10)]})
    read = read_btf_ext(ext, read_btf(writer.build()))
    assert [read.line("xdp", slot) for slot in (0, 1)] == [Line("", 1, 0, ""), Line("", 2, 0, "")]


def test_old_header_without_core_relocations_is_read() -> None:
    writer = BtfWriter()
    data = write_btf_ext(writer, {"xdp": [(0, 1)]})
    old = data[:4] + (24).to_bytes(4, "little") + data[8:24] + data[32:]
    read = read_btf_ext(old, read_btf(writer.build()))
    assert list(read.functions["xdp"].type_ids) == [1] and not read.core


def _error(data: bytes, btf: bytes) -> str:
    with pytest.raises(BtfError) as caught:
        read_btf_ext(data, read_btf(btf))
    return str(caught.value)


def test_truncated_ext_is_refused_at_every_byte() -> None:
    btf, data = _sample("little")
    for length in range(len(data)):
        assert _error(data[:length], btf).startswith(".BTF.ext: ")


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 0x464C457F, "not with the magic number"),
        (4, 99_999, "header length 99999"),
        (8, 0xFFFFFF00, "ends after the data"),
        (12, 15, "not a multiple of 4"),
        (32, 4, "records of function information have 4 bytes"),
        (32, 10, "records of function information have 10 bytes"),
        (40, 0, "announce 0 records"),
        (40, 0x40000000, "announce 1073741824 records"),
        (36, 0xFFFFFF, "string offset"),
    ],
)
def test_broken_ext_is_refused_with_the_reason(at: int, value: int, reason: str) -> None:
    btf, data = _sample("little")
    assert reason in _error(data[:at] + value.to_bytes(4, "little") + data[at + 4 :], btf)
