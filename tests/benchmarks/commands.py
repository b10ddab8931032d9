"""CPU time of short commands, beside Python doing nothing and a disassembler of the same object.

0.35 s is what `verify` and `can-call` may take for a small object on one bundled kernel.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tests.benchmarks.figure import Figure, best_process_cpu, kept_bytecode

_OBJECT = "tests/objects/scheduler.bpf.o"
_VERIFY = (sys.executable, "-m", "kfmap.cli", "verify", _OBJECT, "--kernel=6.18")
_CAN_CALL = (sys.executable, "-m", "kfmap.cli", "can-call", "6.18", "xdp", "bpf_xdp_pull_data")


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, _settings(folder)):
        verify, can_call = best_process_cpu(_VERIFY), best_process_cpu(_CAN_CALL)
        first = best_process_cpu(_without_cache(Path(folder)))
    nothing = best_process_cpu((sys.executable, "-c", "pass"))
    figures = [
        Figure(name, value, "s CPU", "python -c pass", nothing)
        for name, value in (
            ("verify on one kernel, the first time", first),
            ("verify on one kernel", verify),
            ("can-call", can_call),
        )
    ]
    return [*figures, _beside_disassembler(verify)]


def _settings(folder: str) -> dict[str, str]:
    return {"KFMAP_DATA_DIR": folder, **kept_bytecode(folder)}


def _without_cache(folder: Path) -> tuple[str, ...]:
    """Return the command with a data folder that cannot be made, so that nothing is kept."""
    occupied = folder / "occupied"
    occupied.touch()
    return ("env", f"KFMAP_DATA_DIR={occupied}/data", *_VERIFY)


def _beside_disassembler(verify: float) -> Figure:
    program = shutil.which("llvm-objdump-19")
    if program is None:
        return Figure("verify on one kernel", verify, "s CPU", "llvm-objdump-19 is missing", None)
    seconds = best_process_cpu((program, "-d", _OBJECT))
    return Figure("verify on one kernel", verify, "s CPU", "llvm-objdump -d", seconds)
