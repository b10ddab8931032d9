"""Checking objects from their bytes to verdicts: the made-up large one, and the small ones.

The large one is set beside llvm-objdump -d of it and checked on the kernels that come with kfmap.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.bundled import kernels_with_types
from tests.benchmarks.figure import Figure, best_seconds, peak_megabytes
from tests.benchmarks.large_object import make_large_object
from tests.benchmarks.object_read import objdump_seconds
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.object.read import read_object
from verifier.engine.verdict import KernelUnderTest, check_object, collection_paused, prepare_object

_MEGABYTES = 200.0
_CHECK_ONE = """
import sys
from pathlib import Path
from tests.benchmarks.bundled import kernels_with_types
from verifier.engine.object.read import read_object
from verifier.engine.verdict import check_object, collection_paused
with collection_paused():
    check_object(read_object(Path(sys.argv[1]).read_bytes()), kernels_with_types()[-1])
"""


def run() -> list[Figure]:
    data = make_large_object()
    small = [object_bytes(name) for name in NAMES]
    kernels = kernels_with_types()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.bpf.o"
        path.write_bytes(data)
        name, reference = objdump_seconds(path)
        megabytes = peak_megabytes(_CHECK_ONE, str(path))
    newest = kernels[-1:]
    one = best_seconds(lambda: _check(data, newest), 3)
    all_of_them = best_seconds(lambda: _check(data, kernels), 3)
    each = best_seconds(lambda: _check_each(small, newest)) / len(small)
    size = f"{len(data) / 1e6:.1f} MB"
    return [
        Figure(f"check a large object ({size}) on one kernel", one, "s", name, reference, 1.0),
        Figure(f"check it on {len(kernels)} kernels", all_of_them, "s", name, reference, 3.0),
        Figure("memory of checking it", megabytes, "MB", "the limit", _MEGABYTES, 1.0),
        Figure("small objects checked", 1 / each, "a second", "aimed at", 50.0),
    ]


@collection_paused()
def _check(data: bytes, kernels: list[KernelUnderTest]) -> None:
    prepared = prepare_object(read_object(data))
    for kernel in kernels:
        check_object(prepared, kernel)


def _check_each(objects: list[bytes], kernels: list[KernelUnderTest]) -> None:
    for data in objects:
        _check(data, kernels)
