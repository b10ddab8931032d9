"""Packing loses nothing, and what was not packed, or is damaged, is refused."""

from __future__ import annotations

import lzma
import struct

import pytest

from kfmap.btf import pack as pack_module
from kfmap.btf.pack import MARK, pack, unpack
from kfmap.btf.read import BtfError, read_btf
from kfmap.btf.trim import trim_btf
from tests.btf.btf_writer import BtfWriter
from tests.btf.sample import sample_kernel


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_pack_and_unpack_give_the_same_bytes(byteorder: str) -> None:
    trimmed = trim_btf(read_btf(sample_kernel(byteorder).build()), {"bpf_task_acquire"})
    assert unpack(pack(trimmed)) == trimmed
    assert len(pack(trimmed)) < len(trimmed)


def test_strings_are_put_into_the_order_of_their_use() -> None:
    writer = BtfWriter()
    writer.string("unused")
    writer.string("second")
    writer.struct("first", 4, [("second", writer.integer("first"), 0)])
    btf = read_btf(unpack(pack(writer.build())))
    assert (btf.name(1), btf.name(2), btf.members(2)[0].name) == ("first", "first", "second")
    assert b"unused" not in unpack(pack(writer.build()))


def test_kinds_of_a_layout_section_cannot_be_packed() -> None:
    writer = BtfWriter()
    writer.add(30, "future")
    with pytest.raises(BtfError, match="trim the BTF first"):
        pack(writer.build(bytes(4 * 31)))


def test_trim_leaves_kinds_of_a_layout_section_out() -> None:
    writer = BtfWriter()
    writer.typedef("alias", 2)
    writer.add(30, "future")
    trimmed = read_btf(trim_btf(read_btf(writer.build(bytes(4 * 31))), set()))
    assert (len(trimmed), trimmed.type_of(1)) == (2, 0)


def _packed(*numbers: int, words: tuple[int, ...] = (), strings: bytes = b"") -> bytes:
    content = struct.pack(f"<B4I{len(words)}I", *numbers, *words) + strings
    return MARK + lzma.compress(content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not packed BTF"),
        (lzma.compress(b"x"), "not packed BTF"),
        (MARK + b"nothing that xz knows", "damaged"),
        (pack(sample_kernel().build())[:-9], "truncated"),
        (MARK + lzma.compress(b"short"), "ends in its header"),
        (_packed(0, 1, 1, 1, 9), "other lengths than announced"),
        (_packed(0, 1, 0, 1, 0, words=(9, 0x02000000)), "names do not fit its strings"),
        (_packed(0, 0, 0, 1, 0, words=(0x02000000,)), "columns do not fit together"),
        (_packed(0, 0, 0, 1, 0, words=(0x04FFFFFF,)), "columns do not fit together"),
        (_packed(0, 0, 0, 1, 0, words=(0x7F000000,)), "kind 127 is not known"),
    ],
)
def test_unpack_refuses_what_is_damaged(data: bytes, reason: str) -> None:
    with pytest.raises(BtfError, match=reason):
        unpack(data)


def test_unpack_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_module, "MAX_UNPACKED", 1 << 20)
    with pytest.raises(BtfError, match="more than 1 MB"):
        unpack(MARK + lzma.compress(bytes(2 << 20)))
