"""Write an initramfs: a cpio archive in the "newc" format.

Mirrors Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = b"070701"
_END = "TRAILER!!!"
_ALIGNMENT = 4
_CONSOLE = (5, 1)  # /dev/console, Documentation/admin-guide/devices.txt


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the archive: `mode` with its type bits, `device` for character devices."""

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def render_initramfs(init: bytes, files: dict[str, bytes]) -> bytes:
    """Return an archive with `init` as /init, an empty /dev with a console, and `files`.

    The names of `files` are relative to the root; their folders are made.
    """
    folders = sorted({folder for name in files for folder in _parents(name)} | {"dev"})
    entries = [
        *(Entry(folder, stat.S_IFDIR | 0o755) for folder in folders),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=_CONSOLE),
        Entry("init", stat.S_IFREG | 0o755, init),
        *(Entry(name, stat.S_IFREG | 0o644, data) for name, data in files.items()),
    ]
    return render_cpio(entries)


def render_cpio(entries: Iterable[Entry]) -> bytes:
    """Return the archive of `entries`, in their order."""
    parts: list[bytes] = []
    for number, entry in enumerate([*entries, Entry(_END, 0)], 1):
        name = entry.name.encode() + b"\0"
        fields = (
            *(number, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0),
            *(*entry.device, len(name), 0),
        )
        head = _MAGIC + b"".join(b"%08x" % field for field in fields) + name
        parts += [head, _padding(len(head)), entry.data, _padding(len(entry.data))]
    return b"".join(parts)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % _ALIGNMENT)


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
