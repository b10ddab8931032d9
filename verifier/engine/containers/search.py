"""Look for BPF objects inside a file that is none itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO

from verifier.engine.containers.archives import File, read_ar, read_tar, read_zip
from verifier.engine.containers.beginnings import compression_of, is_ar, is_tar, is_zip
from verifier.engine.containers.embedded import find_embedded, is_object
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.containers.limits import (
    Budget,
    ContainerError,
    ContainerLimits,
    TooMuchError,
)
from verifier.engine.containers.skeletons import find_in_skeleton, looks_like_skeleton
from verifier.engine.containers.streams import Source, Unpacked

_TAR_BLOCK = 512
_DEBIAN = "debian-binary"
_IN = "!"  # between an archive and a file in it


def search_file(name: str, data: bytes, limits: ContainerLimits) -> Iterator[Found | NotFound]:
    """Return the objects in a file, each once, and what kept some of it from being looked at."""
    search = _Search(limits, len(data))
    try:
        yield from search.look(name, data, 0)
    except ContainerError as error:
        yield NotFound(name, str(error))
        return
    if not search.budget.objects:
        yield NotFound(name, search.say_nothing_found(data), is_empty=True)


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
        """Return the sentence that there is no object, and how many files were looked at."""
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
