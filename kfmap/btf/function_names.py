"""Names of all functions of a kernel, packed: what BTF has of vmlinux, a fingerprint of modules.

A trimmed BTF keeps kfuncs only, but programs attach to any function. Names are sorted; xz (or zstd)
finds what they share and unpacks them faster than Python would. Of modules only a hash of each name
is kept: one in a thousand names that no module has seems to be in one, never the other way round.
"""

from __future__ import annotations

import lzma
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from typing import NamedTuple

from kfmap.btf.layout import BtfError, Words
from kfmap.btf.little_endian import from_little

MARK = b"kfmap functions 2\n"
_WITHOUT_WORDS = b"kfmap functions 1\n"  # written before words of arguments were counted
MAX_ARGUMENTS = 12  # MAX_BPF_FUNC_ARGS, include/linux/bpf.h
HEADER = struct.Struct("<3I")  # length of the first part, number of names, number of hashes
_ZSTD = b"\x28\xb5\x2f\xfd"
_QUICK_LEVEL = 3
_MAX_UNPACKED = 64 << 20
_HASH_BITS = 28
_MOST_KEPT = 1000
_BLOCK = 4096  # bytes of names that are searched through for one
WIDE_SHIFT = 4  # of a code: in front of the number of arguments stands how many take two words
_ARGUMENTS = (1 << WIDE_SHIFT) - 1


class Refusal(IntEnum):
    """Why btf_distill_func_proto() lets no program attach; smaller codes count arguments."""

    TOO_MANY_ARGUMENTS = 255
    VARIABLE_ARGUMENTS = 254
    RETURN_TYPE = 253
    ARGUMENT_TYPE = 252
    VOID_ARGUMENT = 251


_FIRST_REFUSAL = min(Refusal)


class _Blocks(NamedTuple):
    """Where some of the sorted names stand: a name is between the last that is not behind it and
    the next. `starts`: the byte before each, and the last byte of all; `ranks`: names before it."""

    starts: list[int]
    ranks: list[int]
    first_names: list[bytes]


class FunctionNames:
    """The functions of one kernel, unpacked when they are first asked for."""

    def __init__(self, data: bytes, unpack: Callable[[bytes], bytes] | None = None) -> None:
        """Take what `pack_functions` gave, and what unpacks the names in place of `decompress`.

        Raises BtfError where it is something else.
        """
        start = len(MARK) + HEADER.size
        if not data.startswith((MARK, _WITHOUT_WORDS)) or len(data) < start:
            raise BtfError(f"not packed names of functions: starts with {data[:18]!r}")
        length, count, hashes = HEADER.unpack_from(data, len(MARK))
        self._count, self._hashes = int(count), int(hashes)
        self._unpack = unpack or decompress
        self._counts_words = data.startswith(MARK)
        self._named, self._hashed = data[start : start + length], data[start + length :]
        self._codes: dict[str, int | None] = {}  # of the last names that were asked for

    def __len__(self) -> int:
        return self._count

    def has(self, name: str) -> bool:
        """Return whether the BTF of vmlinux has the function."""
        return self._code(name) is not None

    def arguments(self, name: str) -> int | None:
        """Return how many arguments a function takes, -1 where no program can attach to it.

        None where vmlinux has no such function.
        """
        code = self._code(name)
        return code if code is None else code & _ARGUMENTS if code < _FIRST_REFUSAL else -1

    def argument_words(self, name: str) -> int | None:
        """Return how many words of 64 bits the arguments take: two for a struct of up to 16 bytes.

        None where vmlinux has no such function, no program can attach, or they were not counted.
        """
        code = self._code(name)
        if code is None or code >= _FIRST_REFUSAL or not self._counts_words:
            return None
        return (code & _ARGUMENTS) + (code >> WIDE_SHIFT)

    def refusal(self, name: str) -> Refusal | None:
        """Return why no program can attach to a function, None where one can or there is none."""
        code = self._code(name)
        return None if code is None or code < _FIRST_REFUSAL else Refusal(code)

    @property
    def knows_modules(self) -> bool:
        """Return whether functions of modules are known."""
        return self._hashes > 0

    def module_may_have(self, name: str) -> bool | None:
        """Return whether a module of the kernel may have the function; None: not known."""
        if not self._hashes:
            return None
        wanted = hash_name(name)
        at = bisect_left(self._modules, wanted)
        return at < len(self._modules) and bool(self._modules[at] == wanted)

    def _code(self, name: str) -> int | None:
        """Return the code of a function: many programs of an object attach to the same one."""
        if name not in self._codes:
            if len(self._codes) >= _MOST_KEPT:
                self._codes.clear()
            self._codes[name] = self._find_code(name)
        return self._codes[name]

    def _find_code(self, name: str) -> int | None:
        names, codes = self._vmlinux
        wanted, blocks = name.encode(), self._blocks
        number = bisect_right(blocks.first_names, wanted) - 1
        if number < 0 or "\n" in name:
            return None
        start, end = blocks.starts[number : number + 2]
        at = names.find(b"\n%b\n" % wanted, start, end + 1)
        return None if at < 0 else codes[blocks.ranks[number] + names.count(b"\n", start, at)]

    @cached_property
    def _blocks(self) -> _Blocks:
        names, _ = self._vmlinux
        blocks = _Blocks([], [], [])
        at = rank = 0
        while (end := names.find(b"\n", at + 1)) > 0:
            blocks.starts.append(at)
            blocks.ranks.append(rank)
            blocks.first_names.append(names[at + 1 : end])
            following = names.rfind(b"\n", at + 1, at + _BLOCK)
            following = max(following, end)
            rank += names.count(b"\n", at, following)
            at = following
        blocks.starts.append(at)
        return blocks

    @cached_property
    def _vmlinux(self) -> tuple[bytes, bytes]:
        """Return the names, each between newlines, and the code of each."""
        text = self._unpack(self._named)
        return self._read_plain(text) if self._counts_words else self._read_shared(text)

    def _read_plain(self, text: bytes) -> tuple[bytes, bytes]:
        end = len(text) - self._count
        names = text[: max(end, 0)]
        if names.count(b"\n") != self._count + 1 or not names.endswith(b"\n"):
            raise BtfError("packed names of functions are damaged: their columns do not fit")
        return names, text[end:]

    def _read_shared(self, text: bytes) -> tuple[bytes, bytes]:
        """Read names as they were written before, each without what it shares with the last."""
        count = self._count
        tails = text[2 * count :].split(b"\n")
        if len(text) < 2 * count or len(tails) != count + 1:
            raise BtfError("packed names of functions are damaged: their columns do not fit")
        names, last = [b""], b""
        for shared, tail in zip(text[:count], tails, strict=False):
            last = last[:shared] + tail
            names.append(last)
        return b"\n".join((*names, b"")), text[count : 2 * count]

    @cached_property
    def _modules(self) -> Words:
        planes = decompress(self._hashed)
        if len(planes) != 4 * self._hashes:
            raise BtfError("packed names of functions are damaged: hashes are missing")
        steps = bytearray(len(planes))
        for plane in range(4):
            steps[plane::4] = planes[plane * self._hashes : (plane + 1) * self._hashes]
        return array("I", accumulate(from_little(bytes(steps))))


def read_content(data: bytes) -> bytes:
    """Return what the packed form holds, uncompressed: `repack_content` undoes it.

    Raises BtfError where it is damaged, or written before words of arguments were counted.
    """
    start = len(MARK) + HEADER.size
    if not data.startswith(MARK) or len(data) < start:
        raise BtfError(f"not packed names of functions: starts with {data[:18]!r}")
    length, count, hashes = HEADER.unpack_from(data, len(MARK))
    text = decompress(data[start : start + length])
    planes = decompress(data[start + length :]) if hashes else b""
    return HEADER.pack(len(text), count, hashes) + text + planes


def repack_content(content: bytes) -> bytes:
    """Return the packed form of a content; its parts are zstd frames, which are quickly made."""
    import zstandard

    length, count, hashes = HEADER.unpack_from(content)
    end = HEADER.size + length
    compressor = zstandard.ZstdCompressor(level=_QUICK_LEVEL)
    named = compressor.compress(content[HEADER.size : end])
    hashed = compressor.compress(content[end:]) if hashes else b""
    return MARK + HEADER.pack(len(named), count, hashes) + named + hashed


def decompress(data: bytes) -> bytes:
    """Return unpacked names. Raises BtfError where they are damaged or too many."""
    if data.startswith(_ZSTD):
        return _decompress_zstd(data)
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    try:
        content = decompressor.decompress(data, _MAX_UNPACKED)
    except lzma.LZMAError as error:
        raise BtfError(f"packed names of functions are damaged: {error}") from error
    if not decompressor.eof:
        raise BtfError("packed names of functions are truncated")
    return content


def _decompress_zstd(data: bytes) -> bytes:
    import zstandard  # takes a while, and few kernels are packed in it

    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_UNPACKED)
    except zstandard.ZstdError as error:
        raise BtfError(f"packed names of functions are damaged: {error}") from error


def hash_name(name: str) -> int:
    """Return what is kept of the name of a function in a module."""
    digest = blake2b(name.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> (32 - _HASH_BITS)
