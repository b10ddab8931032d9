"""Logs to try the decoder with: made up, in the form in which tools print them."""

from __future__ import annotations

_REFUSED = """\
Linux version 7.3.4+deb13-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC
libbpf: sec 'struct_ops/toy_running': found program 'toy_running' at insn offset 0 (0 bytes), code\
 size 9 insns (72 bytes)
libbpf: struct_ops init: struct sched_ext_ops(type_id=34) toy_ops found at offset 0
libbpf: struct_ops init_kern toy_ops: func ptr running is set to prog toy_running from data(+80) to\
 kern_data(+80)
libbpf: prog 'toy_running': BPF program load failed: Permission denied
libbpf: prog 'toy_running': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; void BPF_STRUCT_OPS(toy_running, struct task_struct *p) @ toy.bpf.c:110
0: (79) r6 = *(u64 *)(r1 +0)          ; R1=ctx() R6=trusted_ptr_task_struct()
; scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0); @ toy.bpf.c:113
5: (85) call scx_bpf_dsq_insert#72321
calling kernel function scx_bpf_dsq_insert is not allowed
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'toy_running': failed to load: -13
libbpf: failed to load object 'toy'
"""

_MISSING = """\
$ uname -r
6.12.107+deb13-amd64
$ sudo bpftool prog loadall toy.bpf.o /sys/fs/bpf/toy
libbpf: struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF
libbpf: extern (func ksym) 'scx_bpf_dsq_insert': not found in kernel or module BTFs
libbpf: failed to load object 'toy.bpf.o'
Error: failed to load object file
"""

_EXIT = """\
Sep 23 13:02:57 box kernel: Linux version 6.18.15+deb13-amd64 (debian-kernel@lists.debian.org)
Sep 23 13:05:11 box kernel: sched_ext: BPF scheduler "toy" disabled (runtime error)
Sep 23 13:05:11 box kernel: sched_ext: toy: kfunc with mask 0x6 called from an operation only\
 allowing 0x10
Sep 23 13:05:11 box kernel:    scx_kf_error+0x18d/0x220
Sep 23 13:05:11 box kernel:    scx_bpf_dsq_insert+0x192/0x350
Sep 23 13:05:11 box kernel:    bpf_prog_33340da880198fec_toy_running+0x359/0xcd5
Sep 23 13:05:12 box scx_toy[1052]: EXIT: runtime error (kfunc with mask 0x6 called from an\
 operation only allowing 0x10)
"""

SAMPLES = {"refused": _REFUSED, "missing": _MISSING, "exit": _EXIT}
SAMPLE_TITLES = {
    "refused": "a scheduler that the verifier refuses",
    "missing": "an object for another kernel",
    "exit": "a scheduler that the kernel ended",
}
