"""Checking objects from their bytes to verdicts: the made-up large one, and the small ones.

The large one is set beside llvm-objdump -d of it; its eight kernels differ in what they allow only.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figure import Figure, best_seconds
from tests.benchmarks.large_object import make_large_object
from tests.benchmarks.object_read import objdump_seconds
from tests.object.objects import NAMES, object_bytes
from tests.verdict.object_kernels import object_kernels
from verifier.object.read import read_object
from verifier.verdict import KernelUnderTest, check_object, prepare_object

_ALL = 8  # kernels that come with kfmap
_MEGABYTES = 300.0


def run() -> list[Figure]:
    data = make_large_object()
    small = [object_bytes(name) for name in NAMES]
    [kernel, _] = object_kernels()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.bpf.o"
        path.write_bytes(data)
        name, reference = objdump_seconds(path)
        megabytes = _memory_of_checking(path)
    one = best_seconds(lambda: _check(data, [kernel]), 3)
    all_of_them = best_seconds(lambda: _check(data, [kernel] * _ALL), 3)
    each = best_seconds(lambda: [_check(item, [kernel]) for item in small]) / len(small)
    size = f"{len(data) / 1e6:.1f} MB"
    return [
        Figure(f"check a large object ({size}) on one kernel", one, "s", name, reference, 1.0),
        Figure(f"check it on {_ALL} kernels", all_of_them, "s", name, reference, 3.0),
        Figure("memory of checking it", megabytes, "MB", "the limit", _MEGABYTES, 1.0),
        Figure("small objects checked", 1 / each, "a second", "aimed at", 50.0),
    ]


def _check(data: bytes, kernels: list[KernelUnderTest]) -> None:
    prepared = prepare_object(read_object(data))
    for kernel in kernels:
        check_object(prepared, kernel)


def _memory_of_checking(path: Path) -> float:
    """Give the highest memory use of a process that does nothing but check the object, in MB."""
    program = (
        "import resource, sys; from pathlib import Path;"
        "from tests.benchmarks.object_check import _check;"
        "from tests.verdict.object_kernels import object_kernels;"
        "_check(Path(sys.argv[1]).read_bytes(), [object_kernels()[0]]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024
