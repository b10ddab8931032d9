"""Whatever the bytes are: BtfError at worst, and soon."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from time import process_time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfmap.btf.compat import resolve_function
from kfmap.btf.core import CoreResolver, ObjectSpecs
from kfmap.btf.declare import declare
from kfmap.btf.elf import read_section
from kfmap.btf.ext import CoreKind, read_btf_ext
from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.read import Btf, BtfError, read_btf
from kfmap.btf.trim import trim_btf
from kfmap.btf.vmlinux import extract_btf
from tests.btf.btf_writer import BtfWriter, write_btf_ext
from tests.btf.elf_writer import write_elf
from tests.btf.sample import sample_kernel

SECONDS = 2.0  # of CPU
BTF = sample_kernel().build()
MUTATIONS = st.lists(
    st.tuples(st.integers(0, len(BTF) - 1), st.sampled_from([0, 1, 2, 5, 0x7F, 0x80, 0xFF])),
    min_size=1,
    max_size=8,
)
EDITS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@contextlib.contextmanager
def _soon() -> Iterator[None]:
    start = process_time()
    with contextlib.suppress(BtfError):
        yield
    assert process_time() - start < SECONDS


def _mutated(data: bytes, mutations: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, value in mutations:
        changed[at % len(changed)] = value
    return bytes(changed)


def _ask_everything(btf: Btf) -> None:
    """Ask every type for all it may have; each question alone may fail."""
    for type_id in range(len(btf)):
        with contextlib.suppress(BtfError):
            btf.name(type_id)
            btf.resolve(type_id)
            btf.tags(type_id)
            declare(btf, type_id, "x")
        with contextlib.suppress(BtfError):
            btf.size(type_id)
        with contextlib.suppress(BtfError):
            if btf.kind(type_id) in COMPOSITE:
                [declare(btf, member.type_id, member.name) for member in btf.members(type_id)]
            elif btf.kind(type_id) in ENUMS:
                btf.enumerators(type_id)
            elif btf.kind(type_id) is Kind.DATASEC:
                btf.variables(type_id)
    with contextlib.suppress(BtfError):
        trim_btf(btf, {"bpf_task_acquire"})


@EDITS
@given(MUTATIONS)
def test_mutated_btf(mutations: list[tuple[int, int]]) -> None:
    with _soon():
        _ask_everything(read_btf(_mutated(BTF, mutations)))


@EDITS
@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_a_header(data: bytes) -> None:
    header = BTF[:8] + bytes(4) + len(data).to_bytes(4, "little") * 2 + (1).to_bytes(4, "little")
    with _soon():
        _ask_everything(read_btf(header + data + b"\0"))


@EDITS
@given(MUTATIONS, MUTATIONS)
def test_core_and_prototypes_of_mutated_btf(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    with _soon():
        local, kernel = read_btf(_mutated(BTF, ours)), read_btf(_mutated(BTF, theirs))
        _resolve_everything(local, kernel)


def _resolve_everything(local: Btf, kernel: Btf) -> None:
    writer = BtfWriter()
    accesses = [writer.string(text) for text in ("0", "0:0", "0:1:2", "0:0:1", "3:1")]
    rows = [
        (0, type_id, access, kind)
        for type_id in (7, 11, 18, 21, 25)
        for access in accesses
        for kind in CoreKind
    ]
    data = write_btf_ext(writer, core={"": rows})
    ext = read_btf_ext(data, read_btf(writer.build()))
    resolver = CoreResolver(ObjectSpecs(local), kernel)
    for relocation in ext.core_relocations(""):
        resolver.resolve(relocation)
    for type_id in range(len(local)):
        with contextlib.suppress(BtfError):
            resolve_function(local, type_id, kernel, local.name(type_id))


def _ext_sample() -> tuple[bytes, bytes]:
    writer = BtfWriter()
    function = writer.function("entry")
    text = writer.string("0:1")
    data = write_btf_ext(
        writer,
        {"xdp": [(0, function)], ".text": [(0, function), (80, function)]},
        {"xdp": [(8 * slot, text, text, slot << 10) for slot in range(5)]},
        {"xdp": [(8, 1, text, 2)], ".text": [(16, 2, text, 0)]},
    )
    return writer.build(), data


@EDITS
@given(MUTATIONS)
def test_mutated_btf_ext(mutations: list[tuple[int, int]]) -> None:
    btf, data = _ext_sample()
    with _soon():
        ext = read_btf_ext(_mutated(data, mutations), read_btf(btf))
        for section in ("xdp", ".text"):
            with contextlib.suppress(BtfError):
                ext.core_relocations(section)
            for slot in (0, 3, 1 << 40):
                with contextlib.suppress(BtfError):
                    ext.line(section, slot)


@EDITS
@given(MUTATIONS)
def test_mutated_elf(mutations: list[tuple[int, int]]) -> None:
    elf = write_elf({".text": b"x" * 16, ".BTF": BTF[:64]})
    with _soon():
        read_section(_mutated(elf, mutations), ".BTF")
    with _soon():
        extract_btf(_mutated(elf, mutations))
