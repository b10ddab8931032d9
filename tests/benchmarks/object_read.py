"""Reading objects, beside llvm-objdump -d of the same ones: the made-up large one and the small."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.benchmarks.figure import Figure, best_process_seconds, best_seconds, peak_megabytes
from tests.benchmarks.large_object import make_large_object
from tests.verifier.engine.object.llvm_dialect import OBJDUMP
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.object.read import read_object

_READ = """
import sys
from pathlib import Path
from verifier.engine.object.read import read_object
read_object(Path(sys.argv[1]).read_bytes())
"""


def run() -> list[Figure]:
    data = make_large_object()
    small = [object_bytes(name) for name in NAMES]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.bpf.o"
        path.write_bytes(data)
        name, reference = objdump_seconds(path)
        megabytes = peak_megabytes(_READ, str(path))
    each = best_seconds(lambda: [read_object(item) for item in small]) / len(small)
    return [
        Figure(
            f"read a large object ({len(data) / 1e6:.1f} MB)",
            best_seconds(lambda: read_object(data), 3),
            "s",
            name,
            reference,
            1.0,
        ),
        Figure("memory of reading it", megabytes, "MB", "the limit of a check", 300.0, 1.0),
        Figure("small objects read", 1 / each, "a second", "none known", None),
    ]


def objdump_seconds(path: Path) -> tuple[str, float | None]:
    if shutil.which(OBJDUMP) is None:
        return f"no {OBJDUMP} here", None
    return f"{OBJDUMP} -d", best_process_seconds([OBJDUMP, "-d", str(path)], 3)
