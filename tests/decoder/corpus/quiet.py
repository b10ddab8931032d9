"""Lines of logs that are no messages."""

from __future__ import annotations

QUIET = (
    "0: R1=ctx() R10=fp0",
    "1: (85) call bpf_map_lookup_elem#1            ; R0_w=map_value_or_null(id=1,ks=4,vs=8)",
    "; return -EINVAL; /* cannot happen: invalid, not allowed */ @ toy.bpf.c:12",
    "from 3 to 7: R0=scalar() R10=fp0",
    "R0=map_value(ks=4,vs=8) R10=fp0",
    "mark_precise: frame0: last_idx 5 first_idx 0 subseq_idx -1",
    "mark_precise: frame0: falling back to forcing all scalars precise",
    "processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1",
    "verification time 12 usec",
    "stack depth 16+32",
    "Func#1 ('g') is safe for any args that match its prototype",
    "func 'running' arg0 has btf_id 115613 type STRUCT 'task_struct'",
    "libbpf: elf: skipping unrecognized data section(7) .eh_frame",
    "libbpf: extern 'bpf_later' (weak): not resolved, defaulting to zero",
    "libbpf: map 'events': created successfully, fd=4",
    "libbpf: prog 'probe': relo #0: no matching targets found",
    "CPU 0   : nr_run=1 flags=0x0 cpu_rel=0 ops_qseq=435 pnt_seq=440",
    "  do_error_trap+0x65/0x80",
    "[    1.234567] usb 1-1: device descriptor read/64, error -71",
    "Nov 26 13:57:22 box kernel: nvme0: controller is down; failed to reset",
    "",
)
