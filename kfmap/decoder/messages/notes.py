"""Lines that sound like complaints and are none: what loaders and the verifier note in passing."""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_NOTES = (
    "elf: skipping {detail}",
    "elf: section({n}) {detail}",
    "elf: '{quoted}' is 0 in symtab for '{quoted}'",
    "extern '{function}' (weak): not resolved, defaulting to zero",
    "extern (func ksym) '{function}': resolved to {detail}",
    "extern (var ksym) '{function}': resolved to {detail}",
    "struct_ops {map}: member {member} not found in kernel, skipping it as it's set to zero",
    "Error in bpf_create_map_xattr({map}):{quoted}. Retrying without BTF",
    "Error in bpf_create_map_xattr({map}): {quoted}. Retrying without BTF",
    "relo #{n}: no matching targets found",
    "relo #{n}: substituting insn #{n} w/ invalid insn",
    "relo #{n}: poisoning insn #{n} that calls kfunc '{function}'",
    "relo #{n}: poisoning insn #{n} that loads map #{n} '{map}'",
    "missing .BTF.ext line info for the main program, skipping all of .BTF.ext line info",
    "missing .BTF.ext function info for the main program, skipping all of .BTF.ext func info",
    "Func#{n} ('{quoted}') is safe for any args that match its prototype",
    "Func#{n} is safe for any args that match its prototype",
    "Func#{n} ('{quoted}') is global and assumed valid",
    "Func#{n} is global and valid. Skipping",
    "func '{quoted}' arg{n} has btf_id {n} type {word} '{quoted}'",
    "Cannot find btf of tracepoint template, fall back to {word}",
    "mark_precise: frame{n}: falling back to forcing all scalars precise",
    "failed to guess program type from ELF section '{quoted}'",
    "loading kernel BTF '{quoted}': 0",
    "skipping unrecognized data section({n}) {word}",
    "skipping relo section({n}) {detail}",
    "Kernel log seems to be trimmed",
    "i.e., in a RCU/IRQ/preempt-disabled section, or in",
    "use static function instead",
    "Failed with result '{quoted}'",
    "Main process exited, code={word}",
    "kernel doesn't support {words}",
    "sched_ext: Writing directly to p->scx.slice/dsq_vtime is deprecated",
    "ops->cpu_acquire/release() are deprecated, use sched_switch TP instead",
    "SCX_OPS_HAS_CGROUP_WEIGHT is deprecated and a noop",
)

NOTES = (
    *(Pattern(Kind.UNRECOGNISED, template, About.NOTE) for template in _NOTES),
    # The first line of a log that Rust prints as a value; any message in it goes before.
    Pattern(Kind.UNRECOGNISED, 'VerifierLog("{detail}', About.NOTE, wrapper=True, complaints=True),
)
