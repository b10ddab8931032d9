"""Files that unpack to too much, or never end, are left where the limits are."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
import zstandard

from tests.verifier.engine.containers.hosts import FIRST, SECOND, program, tar, zipped
from verifier.engine.containers.find import find_objects
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.containers.limits import ContainerLimits

_SMALL = ContainerLimits(
    members=10, objects=2, member=1 << 20, unpacked=4 << 20, ratio=50, free=1 << 18, depth=2
)


def _problems(data: bytes, limits: ContainerLimits = _SMALL) -> list[str]:
    found = find_objects("bomb", data, limits)
    return [item.problem for item in found if isinstance(item, NotFound)]


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, _zstd])
def test_what_unpacks_to_many_times_its_size_is_left(pack: Callable[[bytes], bytes]) -> None:
    assert _problems(pack(bytes(3 << 20))) == ["it unpacks to more than 50 times its size"]
    files = {"zeroes": bytes(900 << 10)}
    assert _problems(pack(tar(files))) == ["it unpacks to more than 50 times its size"]


def test_a_zip_that_unpacks_to_many_times_its_size_is_left() -> None:
    assert _problems(zipped({"zeroes": bytes(900 << 10)})) == [
        "it unpacks to more than 50 times its size"
    ]


def test_a_zip_of_very_many_files_is_left_before_its_directory_is_read() -> None:
    entry = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", *[0] * 9, 1, *[0] * 6) + b"a"
    directory = entry * 200_000
    end = struct.pack("<HHHHIIH", 0, 0, 9, 9, len(directory), 0, 0)
    data = b"PK\x03\x04" + directory + b"PK\x05\x06" + end
    tracemalloc.start()
    assert _problems(data) == ["it holds more than 10 files"]
    assert tracemalloc.get_traced_memory()[1] < 2 * len(data)
    tracemalloc.stop()


def test_what_unpacks_to_too_much_is_left() -> None:
    limits = ContainerLimits(unpacked=1 << 20, free=1 << 30)
    assert _problems(gzip.compress(bytes(2 << 20)), limits) == ["it unpacks to more than 1 MB"]


def test_a_member_that_is_too_large_is_not_read() -> None:
    [told] = _problems(tar({"large": bytes(2 << 20)}))
    assert told == "large in it is larger than 1 MB"


def test_a_zip_that_lies_about_a_size_is_left() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lies", bytes(3 << 20))
    data = out.getvalue().replace((3 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert len(_problems(data)) == 1


def test_too_many_members_end_the_search_with_what_was_found() -> None:
    files = {"one.bpf.o": FIRST} | {f"empty-{number}": b"" for number in range(20)}
    found = list(find_objects("many", tar(files), _SMALL))
    assert isinstance(found[0], Found)
    assert isinstance(found[1], NotFound)
    assert found[1].problem == "it holds more than 10 files"


def test_too_many_objects_end_the_search() -> None:
    others = [FIRST, SECOND, FIRST + b"\0"]
    third = FIRST.replace(b"GPL", b"BSD")
    assert third not in others
    assert _problems(program(FIRST, SECOND, third)) == ["it holds more than 2 BPF objects"]


def test_archives_in_archives_end_somewhere() -> None:
    data = FIRST
    for _ in range(6):
        data = gzip.compress(data)
    assert "without a BPF object in it" in _problems(data)[0]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_what_is_truncated_is_said_to_be(pack: Callable[[bytes], bytes]) -> None:
    data = pack(tar({"one.bpf.o": FIRST, "two.bpf.o": SECOND}))
    found = list(find_objects("cut", data[: len(data) // 2]))
    assert isinstance(found[-1], NotFound)
    assert "damaged" in found[-1].problem


def test_an_xz_file_that_asks_for_much_memory_is_left() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    data = lzma.compress(b"x", filters=filters)
    assert _problems(data) == ["it is damaged: Memory usage limit exceeded"]


def test_many_false_starts_cost_little() -> None:
    start = time.process_time()
    assert _problems(program() + FIRST[:64] * 50_000, ContainerLimits())
    assert time.process_time() - start < 5


def test_a_file_without_a_name_in_a_zip_is_passed_over() -> None:
    whole = zipped({"none": b"nothing", "one.bpf.o": FIRST})
    found = list(find_objects("a.zip", whole.replace(b"none", b"\0one")))  # names end at a zero
    assert [item.name for item in found] == ["a.zip!one.bpf.o"]
