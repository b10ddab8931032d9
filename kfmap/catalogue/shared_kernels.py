"""A bundled kernel as what differs from another one, so that what they share is stored once.

`NAME.shared` names the other kernel, its base, and holds facts, types, options and functions as one
zstd frame each, made with the same part of the base as its dictionary. A base has files of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kfmap.quick_dataclass import dataclass

if TYPE_CHECKING:
    import zstandard  # when something is packed in it: it takes a while, and few kernels are

MARK = b"kfmap shared 1\n"
_LEVEL = 19
_WINDOW = 26  # 64 MB: reaches back over the whole of a base
_MAX_PART = 256 << 20


class SharedKernelError(ValueError):
    """The file of a shared kernel is damaged, or its base is another than it was made with."""


@dataclass(frozen=True, slots=True)
class SharedKernel:
    """The parts of a kernel by name, each as the difference from the part of its base."""

    base: str
    frames: Mapping[str, bytes]

    def read(self, part: str, of_base: bytes) -> bytes:
        """Return a part of the kernel; `of_base` is that of its base.

        Raises SharedKernelError where they do not fit.
        """
        import zstandard

        reader = zstandard.ZstdDecompressor(dict_data=_dictionary(of_base), max_window_size=1 << 27)
        try:
            return reader.decompress(self.frames[part], max_output_size=_MAX_PART)
        except zstandard.ZstdError as error:
            raise SharedKernelError(
                f"the {part} of a bundled kernel do not fit those of {self.base}: install again"
            ) from error


def read_shared(data: bytes) -> SharedKernel:
    """Read the file of a shared kernel. Raises SharedKernelError where it is something else."""
    header, _, frames = data.removeprefix(MARK).partition(b"\n")
    try:
        if not data.startswith(MARK):
            raise ValueError(data[:20])
        told = json.loads(header)
        lengths = {str(part): int(length) for part, length in told["lengths"].items()}
        base = str(told["base"])
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise SharedKernelError("not the file of a bundled kernel that shares with one") from error
    found, at = {}, 0
    for part, length in lengths.items():
        found[part] = frames[at : at + length]
        at += length
    if at != len(frames):
        raise SharedKernelError("the file of a bundled kernel is cut off: install again")
    return SharedKernel(base, found)


def write_shared(base: str, parts: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    """Return the file of a kernel whose parts are (its own, that of its base) each."""
    frames = {part: _shrink(own, of_base) for part, (own, of_base) in parts.items()}
    told = {"base": base, "lengths": {part: len(frame) for part, frame in frames.items()}}
    return MARK + json.dumps(told).encode() + b"\n" + b"".join(frames.values())


def _shrink(own: bytes, of_base: bytes) -> bytes:
    import zstandard

    settings = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, window_log=_WINDOW, enable_ldm=1, write_checksum=1, source_size=len(own)
    )
    writer = zstandard.ZstdCompressor(compression_params=settings, dict_data=_dictionary(of_base))
    return writer.compress(own)


def _dictionary(content: bytes) -> zstandard.ZstdCompressionDict | None:
    """Return a dictionary of bytes as they are; None for none, of which zstd makes none."""
    import zstandard

    if not content:
        return None
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
