"""Reading and indexing the BTF of a kernel, beside bpftool's dump of the same file.

The kernel is the file that KFMAP_BENCHMARK_BTF names (BTF, vmlinux or vmlinuz), else the running
kernel, else BTF of the size of a kernel's that is made up here.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from kfmap.btf.pack import pack, unpack
from kfmap.btf.read import read_btf
from kfmap.btf.trim import trim_btf
from kfmap.btf.vmlinux import extract_btf
from tests.benchmarks.figure import Figure, best_process_seconds, best_seconds
from tests.btf.btf_writer import BtfWriter

RUNNING_KERNEL = Path("/sys/kernel/btf/vmlinux")


def run() -> list[Figure]:
    source, btf = _kernel_btf()
    size = f"{len(btf) / 1e6:.1f} MB, {len(read_btf(btf))} types, {source}"
    trimmed = trim_btf(read_btf(btf), {"bpf_loop"})
    packed = pack(trimmed)
    seconds = best_seconds(lambda: read_btf(btf).find("task_struct"))
    name, reference = _bpftool_seconds(btf)
    return [
        Figure(f"read and index BTF ({size})", seconds, "s", name, reference, 1.0),
        Figure(
            "unpack, read and index trimmed BTF",
            best_seconds(lambda: read_btf(unpack(packed)).find("task_struct")),
            "s",
            "read and index all of it",
            seconds,
        ),
        Figure("trimmed and packed BTF", len(packed) / 1e3, "kB", "BTF", len(btf) / 1e3),
    ]


def _kernel_btf() -> tuple[str, bytes]:
    named = os.environ.get("KFMAP_BENCHMARK_BTF")
    path = Path(named) if named else RUNNING_KERNEL
    if named or path.exists():
        return path.name, extract_btf(path.read_bytes())
    return "made up", _made_up()


def _made_up(functions: int = 42_000) -> bytes:
    """Return BTF of about the size of a kernel's: a struct and a function with every third type."""
    writer = BtfWriter()
    number = writer.integer("int")
    for index in range(functions):
        if index % 4 == 0:
            rows = [(f"member_{n}", number, 32 * n) for n in range(6)]
            writer.pointer(writer.struct(f"a_struct_{index}", 24, rows))
        writer.function(f"a_function_{index}", number, [("first", number), ("second", number)])
    return writer.build()


def _bpftool_seconds(btf: bytes) -> tuple[str, float | None]:
    bpftool = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")
    if not bpftool:
        return "bpftool is not installed", None
    with tempfile.NamedTemporaryFile(suffix=".btf") as file:
        file.write(btf)
        file.flush()
        command = [bpftool, "btf", "dump", "file", file.name, "format", "raw"]
        return "bpftool btf dump format raw", best_process_seconds(command)
