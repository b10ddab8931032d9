"""Find every BPF object in a file, whatever the file is: bytes → objects with names.

An object itself, an executable or library that carries some, a skeleton header, an archive or
package of any of these, compressed or not. Files are told by how they begin, never by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Literal

from verifier.engine.containers.archives import (
    File,
    is_ar,
    is_tar,
    is_zip,
    read_ar,
    read_tar,
    read_zip,
)
from verifier.engine.containers.embedded import find_embedded, is_object
from verifier.engine.containers.limits import (
    DEFAULT_LIMITS,
    Budget,
    ContainerError,
    ContainerLimits,
    TooMuchError,
)
from verifier.engine.containers.skeletons import find_in_skeleton, looks_like_skeleton
from verifier.engine.containers.streams import Source, Unpacked, compression_of

_TAR_BLOCK = 512
_DEBIAN = "debian-binary"
_SKELETON = ".skel.h"
_IN = "!"  # between an archive and a file in it


@dataclass(frozen=True, slots=True)
class Found:
    """A BPF object. `name` leads from the file to it: `tools.tar.xz!sbin/opensnoop@0x5060`."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class NotFound:
    """Why a file, or the rest of it, could not be looked into.

    `is_empty`: it could be, and no object is in it.
    """

    name: str
    problem: str
    is_empty: bool = False


def find_objects(
    name: str, data: bytes, limits: ContainerLimits = DEFAULT_LIMITS
) -> Iterator[Found | NotFound]:
    """Return the objects in a file, each once, and what kept some of it from being looked at.

    A file that begins as a BPF object does is that object, however broken.
    """
    if looks_like_object(data):
        yield Found(name, data)
        return
    search = _Search(limits, len(data))
    try:
        yield from search.look(name, data, 0)
    except ContainerError as error:
        yield NotFound(name, str(error))
        return
    if not search.budget.objects:
        yield NotFound(name, search.say_nothing_found(data), is_empty=True)


def may_hold_objects(name: str, start: bytes) -> bool:
    """Return whether a file may hold objects, by how it begins and, for a skeleton, its name."""
    return (
        start.startswith(b"\x7fELF")
        or bool(compression_of(start))
        or is_tar(start)
        or is_zip(start)
        or is_ar(start)
        or name.endswith(_SKELETON)
    )


def looks_like_object(data: bytes) -> bool:
    """Return whether a file is meant as a BPF object: relocatable ELF, for BPF or no machine."""
    if is_object(data):
        return True
    if len(data) < 20 or not data.startswith(b"\x7fELF"):
        return False
    order: Literal["big", "little"] = "big" if data[5] == 2 else "little"
    kind, machine = (int.from_bytes(data[at : at + 2], order) for at in (16, 18))
    return machine == 247 or (machine == 0 and kind == 1)


class _Search:
    def __init__(self, limits: ContainerLimits, packed: int) -> None:
        self.budget = Budget(limits, packed)
        self._known: set[bytes] = set()

    def look(self, name: str, data: bytes, depth: int) -> Iterator[Found | NotFound]:
        """Look into a file of whatever kind."""
        if is_object(data):
            yield from self._take(name, data)
        elif depth >= self.budget.limits.depth:
            yield from self._look_within(name, data)
        elif compression_of(data):
            yield from self._look_unpacked(name, Unpacked(data, self.budget), depth)
        elif is_tar(data[:_TAR_BLOCK]):
            yield from self._look_at_all(name, read_tar(BytesIO(data), self.budget), depth)
        elif is_zip(data):
            yield from self._look_at_all(name, read_zip(data, self.budget), depth)
        elif is_ar(data):
            yield from self._look_into_ar(name, data, depth)
        else:
            yield from self._look_within(name, data)

    def say_nothing_found(self, data: bytes) -> str:
        """Say that there is no object, and how many files were looked at."""
        if not data:
            return "the file is empty"
        if self.budget.members:
            files = "1 file" if self.budget.members == 1 else f"{self.budget.members} files"
            return f"no BPF object is in it ({files} looked at)"
        is_elf = data.startswith(b"\x7fELF")
        what = "an ELF file without" if is_elf else "not an ELF file, and without"
        return (
            f"{what} a BPF object in it: give the .bpf.o that clang -target bpf writes, a "
            "program or library that carries some, a skeleton (.skel.h), or an archive of these"
        )

    def _look_unpacked(
        self, name: str, unpacked: Unpacked, depth: int
    ) -> Iterator[Found | NotFound]:
        start = unpacked.read(_TAR_BLOCK)
        source = _Rejoined(start, unpacked)
        if is_tar(start):
            yield from self._look_at_all(name, read_tar(source, self.budget), depth)
        else:
            data = start + unpacked.read_all(self.budget.limits.member)
            inner = name.rpartition(".")[0] or name
            yield from self.look(inner, data, depth + 1)

    def _look_into_ar(self, name: str, data: bytes, depth: int) -> Iterator[Found | NotFound]:
        files = read_ar(data, self.budget)
        if next(files, ("", b""))[0] != _DEBIAN:
            yield from self._look_within(name, data)
            return
        for member, content in files:
            if member.startswith("data.tar"):
                yield from self.look(name, content, depth)

    def _look_at_all(
        self, name: str, files: Iterable[File], depth: int
    ) -> Iterator[Found | NotFound]:
        for member, data in files:
            inner = f"{name}{_IN}{member.removeprefix('./')}"
            try:
                yield from self.look(inner, data, depth + 1)
            except TooMuchError:
                raise
            except ContainerError as error:
                yield NotFound(inner, str(error))

    def _look_within(self, name: str, data: bytes) -> Iterator[Found | NotFound]:
        """Look for objects within the bytes of a file that is none itself."""
        if looks_like_skeleton(data):
            for number, (title, content) in enumerate(find_in_skeleton(data)):
                yield from self._take(f"{name}{_IN}{title or number}", content)
        for start, end in find_embedded(data):
            yield from self._take(f"{name}@{start:#x}", data[start:end])

    def _take(self, name: str, data: bytes) -> Iterator[Found | NotFound]:
        digest = sha256(data).digest()
        if digest not in self._known:
            self._known.add(digest)
            self.budget.take_object()
            yield Found(name, data)


class _Rejoined:
    """A source whose first bytes were read already."""

    def __init__(self, start: bytes, rest: Source) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        given, self._start = self._start[:size], self._start[size:]
        return given if len(given) == size else given + self._rest.read(size - len(given))
