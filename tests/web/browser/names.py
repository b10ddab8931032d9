"""Names that the browser tests ask for: of a bundled kernel, and of an object to check."""

from __future__ import annotations

from pathlib import Path

DISPATCH = "struct_ops:sched_ext_ops.dispatch"
MOVE = "scx_bpf_dsq_move_to_local"
OBJECT = Path(__file__).parents[2] / "objects" / "scheduler.bpf.o"
PASSING = OBJECT.with_name("linked.bpf.o")  # on the newest kernel, so that it can be signed off
