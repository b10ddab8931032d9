"""Every object in a file is found and named, whatever carries it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard

from tests.verifier.engine.containers.hosts import (
    FIRST,
    SECOND,
    ar,
    package,
    program,
    skeleton,
    tar,
    zipped,
)
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.containers.find import find_objects, may_hold_objects
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.object.read import read_object


def _find(name: str, data: bytes) -> dict[str, bytes]:
    found = list(find_objects(name, data))
    assert all(isinstance(item, Found) for item in found), found
    return {item.name: item.data for item in found if isinstance(item, Found)}


def _problem(data: bytes) -> str:
    [told] = find_objects("input", data)
    assert isinstance(told, NotFound)
    return told.problem


@pytest.mark.parametrize("name", NAMES)
def test_an_object_is_itself(name: str) -> None:
    assert _find(name, object_bytes(name)) == {name: object_bytes(name)}


@pytest.mark.parametrize("name", NAMES)
def test_an_object_within_other_bytes_is_cut_out_to_the_byte(name: str) -> None:
    data = object_bytes(name)
    [(found, content)] = _find("tool", program(data)).items()
    assert content == data
    assert found == f"tool@{program(data).index(data):#x}"
    assert read_object(content).programs == read_object(data).programs


def test_every_object_of_a_program_is_found_once() -> None:
    found = _find("scx", program(FIRST, SECOND, FIRST))
    assert list(found.values()) == [FIRST, SECOND]


def test_an_object_that_is_cut_off_is_not_found() -> None:
    assert "an ELF file without a BPF object in it" in _problem(program()[:100] + FIRST[:-1])


def test_a_static_library_is_looked_through() -> None:
    found = _find("lib.a", ar({"one.o/": program(FIRST), "two.o/": b"text"}))
    assert list(found.values()) == [FIRST]


def test_a_large_skeleton_takes_little_more_than_its_text() -> None:
    """Its search had kept 170 bytes for each byte of the object: 150 MB for one of 0.9 MB."""
    data = FIRST + bytes(range(256)) * 1000
    text = skeleton("large", data)
    tracemalloc.start()
    try:
        found = _find("large.skel.h", text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == {"large.skel.h!large": data}
    assert peak < 6 * len(text)


def test_a_skeleton_gives_its_object_by_name() -> None:
    text = skeleton("opensnoop_bpf", FIRST) + skeleton("other", SECOND)
    assert _find("tools.skel.h", text) == {
        "tools.skel.h!opensnoop": FIRST,
        "tools.skel.h!other": SECOND,
    }


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, _zstd])
def test_what_is_compressed_is_unpacked(pack: Callable[[bytes], bytes]) -> None:
    files = {"objects/one.bpf.o": FIRST, "bin/two": program(SECOND), "README": b"text"}
    found = _find("all.tar.xx", pack(tar(files)))
    assert list(found.values()) == [FIRST, SECOND]
    assert next(iter(found)) == "all.tar.xx!objects/one.bpf.o"
    assert _find("one.bpf.o.xx", pack(FIRST)) == {"one.bpf.o": FIRST}


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, _zstd])
def test_compressed_streams_may_follow_each_other(pack: Callable[[bytes], bytes]) -> None:
    half = len(FIRST) // 2
    assert list(_find("x", pack(FIRST[:half]) + pack(FIRST[half:])).values()) == [FIRST]


def test_archives_of_every_kind_are_listed() -> None:
    files = {"./usr/sbin/opensnoop": program(FIRST), "./usr/lib/two.bpf.o": SECOND}
    for name, data in (("a.tar", tar(files)), ("a.zip", zipped(files)), ("a.deb", package(files))):
        found = _find(name, data)
        assert list(found.values()) == [FIRST, SECOND]
        assert list(found)[1] == f"{name}!usr/lib/two.bpf.o"


def test_archives_in_archives_are_listed() -> None:
    inner = zipped({"one.bpf.o": FIRST})
    found = _find(
        "outer.tar.gz", tar({"inner.zip": inner, "tool.deb": package({"a": SECOND})}, "w:gz")
    )
    assert found == {"outer.tar.gz!inner.zip!one.bpf.o": FIRST, "outer.tar.gz!tool.deb!a": SECOND}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"hello", "not an ELF file, and without a BPF object in it: give the .bpf.o"),
        (program(), "an ELF file without a BPF object in it"),
        (tar({"README": b"text"}, "w:xz"), "no BPF object is in it (1 file looked at)"),
        (zipped({"a": b"", "b": b"x"}), "no BPF object is in it (2 files looked at)"),
    ],
)
def test_a_file_without_objects_says_what_it_was_taken_for(data: bytes, problem: str) -> None:
    assert problem in _problem(data)


def test_a_broken_object_is_still_the_object() -> None:
    """What is wrong with it is for its reader to say."""
    assert _find("cut.o", FIRST[:200]) == {"cut.o": FIRST[:200]}


def test_files_of_a_folder_are_told_by_how_they_begin() -> None:
    for data in (FIRST, program(), tar({"a": b""}), zipped({"a": b""}), ar({}), gzip.compress(b"")):
        assert may_hold_objects("file", data)
    assert may_hold_objects("x.skel.h", b"/* text */")
    assert not may_hold_objects("x.h", b"/* text */")


def test_mutated_containers_never_break_the_search() -> None:
    chance = random.Random(7)
    files = {"one.bpf.o": FIRST, "two.skel.h": skeleton("two", SECOND), "three": program(FIRST)}
    hosts = [tar(files, f"w:{kind}") for kind in ("gz", "xz", "bz2")]
    hosts += [zipped(files), package(files), _zstd(tar(files)), tar(files), files["three"]]
    for host in hosts:
        for _ in range(40):
            data = bytearray(host)
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            end = chance.choice((len(data), chance.randrange(len(data))))
            for item in find_objects("mutated", bytes(data[:end])):
                assert item.name.startswith("mutated")
