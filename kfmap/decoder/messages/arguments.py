"""Arguments of kfuncs: what KF_TRUSTED_ARGS, KF_RCU, KF_RELEASE, iterators and dynptrs ask for.

kernel/bpf/verifier.c: check_kfunc_args(), process_kf_arg_ptr_to_*(), check_arena_arg().
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_TRUSTED = (
    "{argument} must be referenced or trusted",
    "{argument} must be referenced",
    "{argument} must be referenced when passed to release function",
    "Possibly NULL pointer passed to trusted {argument}",
    "allocated object must be referenced",
    "{argument} must have zero offset when passed to release func or trusted arg to kfunc",
    "{argument} must have zero offset when passed to release func",
)
_RCU = ("{argument} must be a rcu pointer",)
_RELEASE = (
    "release kfunc {kfunc} expects referenced PTR_TO_BTF_ID passed to {argument}",
    "release kernel function {kfunc} expects refcounted PTR_TO_BTF_ID",
    "kfunc {kfunc}#{n} reference has not been acquired before",
    "kfunc {kfunc}#{n} conversion of owning ref to non-owning failed",
)
_KIND = (
    "kernel function {kfunc} args#{n} expected pointer to {type} but R{n} has a pointer to {type}",
    "kernel function {kfunc} {argument} expected pointer to {type} but"
    " {argument} has a pointer to {type}",
    "kernel function {kfunc} args#{n} expected pointer to {type}",
    "kernel function {kfunc} args#{n} pointer type {type} is not supported",
    "kernel function {kfunc} {argument} pointer type {type} is not supported",
    "kernel function {kfunc} returns pointer type {type} is not supported",
    "{argument} pointer type {type} must point to scalar, or struct with scalar",
    "{argument} pointer type {type} must point to void, scalar, or struct with scalar",
    "{argument} pointer type {type} must be valid and initialized",
    "{argument} pointer type {type} not to stack",
    "{argument} pointer type {type} points to unsupported dynamic pointer type",
    "{argument} expected pointer to ctx, but got {type}",
    "{argument} expected pointer to allocated object",
    "{argument} expected pointer to map value or allocated object",
    "{argument} expected pointer to map value",
    "{argument} expected pointer to func",
    "{argument} expected pointer to stack or const struct bpf_dynptr",
    "{argument} expected pointer to an iterator on stack",
    "{argument} expected for {kfunc}()",
    "{argument} is {word} expected {words}",
    "{argument} prog->aux cannot be a stack argument",
    "{argument} pointer type {type} must point to {word} scalar, or struct with scalar",
    "{argument} is neither owning or non-owning ref",
    "{argument} can only take non-owning or refcounted bpf_rb_node pointer",
    "rbtree_remove node input must be non-owning ref",
    "{argument} doesn't point to a const string",
    "{argument} doesn't point to a map value",
    "{argument} doesn't point to map value or allocated object",
    "{argument} doesn't point to a type with bpf_refcount field",
    "expected valid iter pointer as {argument}",
    "expected uninitialized iter_{word} as {argument}",
    "expected an initialized iter_{word} as {argument}",
    "Expected an initialized dynptr as {argument}",
    "Expected a dynptr of type {word} as {argument}",
    "Dynptr has to be an uninitialized dynptr",
    "{argument} memory, len pair leads to invalid memory access",
    "pointer in {argument} isn't map pointer",
    "local type ID argument must be in range [0, U32_MAX]",
    "bpf_obj_new/bpf_percpu_obj_new requires prog BTF",
    "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct",
    "bpf_percpu_obj_new type size ({n}) is greater than {n}",
    "bpf_percpu_obj_new type ID argument must be of a struct of scalars",
    "bpf_percpu_obj_new type ID argument must not contain special fields",
    "Unknown type ID {n} passed to kfunc {kfunc}",
    "kfunc {kfunc} type ID argument must be of a struct or void",
    "kfunc {kfunc} type ID argument must be of a struct",
    "{kfunc} cannot be used in tracing programs on types with NMI unsafe fields",
    "operation on {word} expects arg#1 {word} at offset={n} in struct {word}, but arg is at"
    " offset={n} in struct {word}",
    "{argument} offset={n}, but expected {word} at offset={n} in struct {word}",
    "the prog does not allow writes to packet data",
    "acquire kernel function does not return PTR_TO_BTF_ID",
    "2 or more rdonly/rdwr_buf_size parameters for kfunc",
)
_ARENA = (
    "{argument} arena pointer requires a program with an associated arena",
    "arena argument of {function} requires a program with an associated arena",
    "{argument} is not a pointer to arena or scalar",
    "{argument} arena pointer cannot be a stack argument",
    "JIT does not support arena arguments",
    "addr_space_cast insn can only be used in a program that has an associated arena",
    "Only one arena per program",
    "CAP_BPF and CAP_PERFMON are required to use arena",
    "JIT is required to use arena",
    "JIT doesn't support arena",
    "arena's user address must be set via map_extra or mmap()",
    "Cannot attach to a target with arena context arguments",
    "sign extending loads from arena are not supported yet",
    "same insn cannot be used with and without arena pointer",
)

ARGUMENTS = (
    *(Pattern(Kind.ARGUMENT, template, About.TRUSTED) for template in _TRUSTED),
    *(Pattern(Kind.ARGUMENT, template, About.RCU) for template in _RCU),
    *(Pattern(Kind.ARGUMENT, template, About.RELEASE) for template in _RELEASE),
    *(Pattern(Kind.ARGUMENT, template, About.KIND) for template in _KIND),
    *(Pattern(Kind.ARENA, template) for template in _ARENA),
)
