"""The modules a guest loads before it answers: those that bring kfuncs, after what they need.

Reads a folder lib/modules/RELEASE; `modules.dep` is kmod's: a module and those it needs, the
farthest last.
"""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path

from kfmap.probe.host import ProbeError

# Modules of Debian's kernels that register kfuncs or ops structures of their own.
WANTED = (
    "nf_conntrack",
    "nf_nat",
    "nf_flow_table",
    "xfrm_interface",
    "fou",
    "tcp_bbr",
    "tcp_dctcp",
    "hid",
)
_MOST_BYTES = 64 << 20
_SUFFIXES = (".ko", ".ko.xz", ".ko.gz", ".ko.zst")


def read_modules(folder: Path, wanted: tuple[str, ...] = WANTED) -> dict[str, bytes]:
    """Return the files `modules/NNN-name.ko` of an initramfs, in loading order.

    Raises ProbeError where the folder is no lib/modules/RELEASE.
    """
    try:
        text = (folder / "modules.dep").read_text(errors="replace")
    except OSError as error:
        raise ProbeError(
            f"{folder} has no modules.dep: give the folder lib/modules/RELEASE, after depmod"
        ) from error
    needs = dict(_parse_line(line) for line in text.splitlines() if ":" in line)
    order: list[str] = []
    for path in needs:
        if module_name(path) in wanted:
            order += [part for part in (*reversed(needs[path]), path) if part not in order]
    return {
        f"modules/{number:03}-{module_name(path)}.ko": _read_module(folder / path)
        for number, path in enumerate(order)
    }


def module_name(path: str) -> str:
    """Return a module's name as the kernel has it: with underscores, without a suffix."""
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def _parse_line(line: str) -> tuple[str, list[str]]:
    path, _, needed = line.partition(":")
    return path.strip(), needed.split()


def _read_module(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if path.name.endswith(".xz"):
            return lzma.LZMADecompressor(memlimit=_MOST_BYTES * 4).decompress(data, _MOST_BYTES)
        if path.name.endswith(".gz"):
            return zlib.decompressobj(31).decompress(data, _MOST_BYTES)
        if path.name.endswith(".zst"):
            import zstandard

            return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_BYTES)
    except (OSError, lzma.LZMAError, zlib.error) as error:
        raise ProbeError(f"{path.name} cannot be read: {error}") from error
    return data
