"""Where the parts of a bundled kernel lie: in files of its own, or in one that shares with a base.

A part is given as it is used: facts as text, types as BTF, options as text, functions packed.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from kfmap.btf import function_names, pack
from kfmap.catalogue.shared_kernels import SharedKernel, read_shared, write_shared
from kfmap.quick_dataclass import dataclass


class Part(StrEnum):
    """What comes with a bundled kernel."""

    FACTS = "facts"
    TYPES = "types"
    CONFIG = "config"
    FUNCTIONS = "functions"


SHARED = "shared"  # the suffix of the file of a kernel that shares with another
SUFFIXES = {
    Part.FACTS: "json",
    Part.TYPES: "types.xz",
    Part.CONFIG: "config.xz",
    Part.FUNCTIONS: "functions.xz",
}
# What is compared with the same part of a base, of the file; and the part as it is used, of that.
_TO_CONTENT: Mapping[Part, Callable[[bytes], bytes]] = {
    Part.FACTS: bytes,
    Part.TYPES: pack.read_content,
    Part.CONFIG: lzma.decompress,
    Part.FUNCTIONS: function_names.read_content,
}
_FROM_CONTENT: Mapping[Part, Callable[[bytes], bytes]] = {
    Part.FACTS: bytes,
    Part.TYPES: pack.unpack_content,
    Part.CONFIG: bytes,
    Part.FUNCTIONS: function_names.repack_content,
}


class Parts(Protocol):
    """The parts of a kernel, wherever they lie."""

    def has(self, part: Part) -> bool:
        """Return whether a part came with the kernel."""

    def read(self, part: Part) -> bytes | None:
        """Return a part as it is used, None where none came with the kernel."""

    def path(self, part: Part) -> Path:
        """Return the file that a part is in, or would be."""

    def digest(self) -> str:
        """Return the SHA-256 of everything that the parts are made from."""


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The parts of a kernel that has a file for each."""

    folder: Path
    name: str

    def has(self, part: Part) -> bool:
        """Return whether there is a file for a part."""
        return self.path(part).exists()

    def read(self, part: Part) -> bytes | None:
        """Return a part as it is used."""
        if not self.has(part):
            return None
        data = self.path(part).read_bytes()
        if part is Part.FUNCTIONS:
            return data
        return _FROM_CONTENT[part](_TO_CONTENT[part](data))

    def read_content(self, part: Part) -> bytes:
        """Return what the part of another kernel is compared with, nothing where there is none."""
        return _TO_CONTENT[part](self.path(part).read_bytes()) if self.has(part) else b""

    def digest(self) -> str:
        """Return the SHA-256 of the files."""
        digest = hashlib.sha256()
        for part in (Part.FACTS, Part.TYPES, Part.CONFIG, Part.FUNCTIONS):
            if self.has(part):
                digest.update(self.path(part).read_bytes())
        return digest.hexdigest()

    def path(self, part: Part) -> Path:
        """Return the file of a part."""
        return self.folder / f"{self.name}.{SUFFIXES[part]}"


@dataclass(frozen=True, slots=True)
class SharedFile:
    """The parts of a kernel that shares with another, in one file."""

    file: Path

    def path(self, part: Part) -> Path:
        """Return the file, which has every part."""
        return self.file

    def has(self, part: Part) -> bool:
        """Return whether the file has a part."""
        return part in self._read().frames

    def read(self, part: Part) -> bytes | None:
        """Return a part as it is used."""
        content = self._read_content(part)
        return None if content is None else _FROM_CONTENT[part](content)

    @property
    def base(self) -> str:
        """Return the name of the kernel that this one shares with."""
        return self._read().base

    def read_contents(self) -> dict[Part, bytes]:
        """Return what the parts are made of."""
        found = {part: self._read_content(part) for part in Part}
        return {part: content for part, content in found.items() if content is not None}

    def digest(self) -> str:
        """Return the SHA-256 of the file and of its base."""
        base = OwnFiles(self.file.parent, self._read().base).digest()
        return hashlib.sha256(self.file.read_bytes() + base.encode()).hexdigest()

    def _read_content(self, part: Part) -> bytes | None:
        shared = self._read()
        if part not in shared.frames:
            return None
        return shared.read(part, OwnFiles(self.file.parent, shared.base).read_content(part))

    def _read(self) -> SharedKernel:
        return read_shared(self.file.read_bytes())


def write_as_shared(folder: Path, base: str, files: Mapping[Part, bytes]) -> bytes:
    """Return the file of a kernel whose parts are these files, shared with a base in `folder`."""
    contents = {part: _TO_CONTENT[part](data) for part, data in files.items()}
    return write_contents(folder, base, contents)


def write_contents(folder: Path, base: str, contents: Mapping[Part, bytes]) -> bytes:
    """Return the same for parts that are given as what they are made of."""
    own = OwnFiles(folder, base)
    parts = {part.value: (own_, own.read_content(part)) for part, own_ in contents.items()}
    return write_shared(base, parts)
