"""Whole logs as tools print them, made up for tests: program `toy_running` under each of them."""

from __future__ import annotations

BANNER = (
    "Linux version 6.18.15+deb13-amd64 (debian-kernel@lists.debian.org) (gcc-14) #1 SMP PREEMPT"
)
_VERIFIER = """\
arg#0 reference type('UNKNOWN ') size cannot be determined: -22
0: R1=ctx() R10=fp0
; void BPF_STRUCT_OPS(toy_running, struct task_struct *p) @ toy.bpf.c:110
0: (79) r6 = *(u64 *)(r1 +0)
func 'running' arg0 has btf_id 115613 type STRUCT 'task_struct'
1: R1=ctx() R6_w=trusted_ptr_task_struct()
; scx_bpf_dispatch_nr_slots(); @ toy.bpf.c:113
5: (85) call scx_bpf_dispatch_nr_slots#72321
calling kernel function scx_bpf_dispatch_nr_slots is not allowed
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0"""

LIBBPF = f"""\
libbpf: loading object 'toy' from buffer
libbpf: sec 'struct_ops/toy_running': found program 'toy_running' at insn offset 0 (0 bytes), code\
 size 9 insns (72 bytes)
libbpf: struct_ops init: struct sched_ext_ops(type_id=34) toy_ops found at offset 0
libbpf: struct_ops init_kern toy_ops: func ptr running is set to prog toy_running from data(+80) to\
 kern_data(+80)
libbpf: prog 'toy_running': BPF program load failed: Permission denied
libbpf: prog 'toy_running': -- BEGIN PROG LOAD LOG --
{_VERIFIER}
-- END PROG LOAD LOG --
libbpf: prog 'toy_running': failed to load: -13
libbpf: failed to load object 'toy'
libbpf: failed to load BPF skeleton 'toy': -13"""

OLD_LIBBPF = f"""\
libbpf: load bpf program failed: Permission denied
libbpf: -- BEGIN DUMP LOG ---
libbpf:
{_VERIFIER}

libbpf: -- END LOG --
libbpf: failed to load program 'toy_running'
libbpf: failed to load object 'toy'"""

_INDENTED = "\n".join("\t" + line for line in _VERIFIER.split("\n"))
GO = f"loading objects: field Running: program toy_running: load program: permission denied:\n\
{_INDENTED}"

VERISTAT = f"""\
Processing 'toy.bpf.o'...
PROCESSING toy.bpf.o/toy_running, DURATION US: 121, VERDICT: failure, VERIFIER LOG:
{_VERIFIER}
File       Program      Verdict  Duration (us)"""

BPFTRACE = f"""\
Attaching 1 probe...
ERROR: Error loading BPF program for toy_running.
Kernel error log:
{_VERIFIER}

ERROR: Loading BPF object(s) failed."""

WHOLE_LOGS = {
    "libbpf": LIBBPF,
    "old_libbpf": OLD_LIBBPF,
    "go": GO,
    "veristat": VERISTAT,
    "bpftrace": BPFTRACE,
}

# The report that kernels write after a message since 7.3.
REPORT = """\
libbpf: prog 'toy_running': -- BEGIN PROG LOAD LOG --
5: (85) call scx_bpf_dispatch_nr_slots#72321
calling kernel function scx_bpf_dispatch_nr_slots is not allowed

Verification failed: Policy: Operation is not allowed

Reason:
  The kfunc scx_bpf_dispatch_nr_slots is not allowed: this program cannot call the kfunc.

At:
  toy_running @ toy.bpf.c:113:2
  Source context:
      112 | {
  >>> 113 | scx_bpf_dispatch_nr_slots();
          | ^-- error: policy check failed for kfunc scx_bpf_dispatch_nr_slots
  Instruction context:
      4 | (b7) r1 = 0
  >>> 5 | (85) call scx_bpf_dispatch_nr_slots#72321

Suggestion:
  Use a kfunc allowed for this program type and attach point, or change the program context.

processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --"""

EXIT_IN_JOURNAL = """\
Sep 23 13:02:57 box kernel: sched_ext: BPF scheduler "toy" disabled (runtime error)
Sep 23 13:02:57 box kernel: sched_ext: toy: kfunc with mask 0x6 called from an operation only\
 allowing 0x10
Sep 23 13:02:57 box kernel:    scx_kf_error+0x18d/0x220
Sep 23 13:02:57 box kernel:    scx_bpf_dsq_insert+0x192/0x350
Sep 23 13:02:57 box kernel:    bpf_prog_33340da880198fec_toy_running+0x359/0xcd5
Sep 23 13:02:58 box scx_toy[1052]: DEBUG DUMP
Sep 23 13:02:58 box scx_toy[1052]: ============================================================
Sep 23 13:02:58 box scx_toy[1052]: kworker/u48:11[32974] triggered exit kind 1024:
Sep 23 13:02:58 box scx_toy[1052]:   runtime error (kfunc with mask 0x6 called from an operation\
 only allowing 0x10)
Sep 23 13:02:58 box scx_toy[1052]: Backtrace:
Sep 23 13:02:58 box scx_toy[1052]:   scx_kf_error+0x18d/0x220
Sep 23 13:02:58 box scx_toy[1052]: CPU 0   : nr_run=1 flags=0x0 cpu_rel=0 ops_qseq=4 pnt_seq=4
Sep 23 13:02:58 box scx_toy[1052]: EXIT: runtime error (kfunc with mask 0x6 called from an\
 operation only allowing 0x10)"""
