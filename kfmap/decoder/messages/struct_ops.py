"""struct_ops: types and members that a kernel lacks or has otherwise.

kernel/bpf/verifier.c: check_struct_ops_btf_id(); tools/lib/bpf/libbpf.c:
find_struct_ops_kern_types(), bpf_map__init_kern_struct_ops(); kernel/bpf/bpf_struct_ops.c.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_TYPE = (
    "struct_ops init_kern: struct {struct_ops} is not found in kernel BTF",
    "struct_ops init_kern: struct bpf_struct_ops_{struct_ops} is not found in kernel BTF",
    "struct bpf_struct_ops_{struct_ops} is not found in kernel BTF",
    "struct bpf_struct_ops_{struct_ops} is not found",
    "struct {struct_ops} is not found in kernel BTF",
    "struct_ops init_kern: struct {struct_ops} data is not found in struct {word}",
    "struct_ops module {word} is not found",
)
_MEMBER = (
    "struct_ops init_kern {map}: Cannot find member {member} in kernel BTF",
    "Cannot find member {member} in kernel BTF",
    "attach to invalid member idx {n} of struct {struct_ops}",
    "attach to invalid member {member}(@idx {n}) of struct {struct_ops}",
)
_MISMATCH = (
    "struct_ops init_kern {map}: Unmatched member type {member} {n} != {n}(kernel)",
    "struct_ops init_kern {map}: Error in size of member {member}: {n} != {n}(kernel)",
    "struct_ops init_kern {map}: bitfield {member} is not supported",
    "struct_ops init_kern {map}: failed to resolve the size of member {member}",
    "struct_ops init_kern {map}: kernel member {member} is not a func ptr",
    "struct_ops init_kern {map}: member {member} is not a struct_ops program",
    "struct_ops init_kern {map} func ptr {member}: invalid reuse of prog {function} in sec {word}"
    " with type {n}: attach_btf_id {n} != kern_type_id {n}",
    "struct_ops init_kern {map} func ptr {member}: invalid reuse of prog {function} in sec {word}"
    " with type {n}: expected_attach_type {n} != kern_member_idx {n}",
    "struct_ops reloc {map}: cannot use prog {function} in sec {word} with type {n}"
    " attach_btf_id {n} expected_attach_type {n} for func ptr {member}",
    "struct_ops reloc {map}: cannot find member at moff {n}",
    "struct_ops reloc {map}: cannot relocate non func ptr {member}",
    "struct_ops reloc {map}: prog {function} is not struct_ops BPF program",
    "struct_ops reloc {map}: invalid target program offset {n}",
    "struct_ops reloc {map}: cannot find prog at shdr_idx {n} to relocate func ptr {member}",
)
# The kernel's own trouble with a struct_ops type, at boot or when a module is loaded.
_REGISTRATION = (
    "Cannot find struct {struct_ops} in {word}",
    "Cannot find the stub function {function} in btf",
    "Cannot find the stub function name for the {member} in struct {struct_ops}",
    "Cannot support #{n} members in struct {struct_ops}",
    "Error in init bpf_struct_ops {struct_ops}",
    "Error in parsing func ptr {member} in struct {struct_ops}",
    "anon member in struct {struct_ops} is not supported",
    "bit field member {member} in struct {struct_ops} is not supported",
    "func ptr {member} in struct {struct_ops} has a >8 byte return value, which is not supported",
    "func ptr {member} in struct {struct_ops} returns non-struct pointer, which is not supported",
    "struct_ops name {struct_ops} is too long",
    "stub function {function} has {word} tagging to an unsupported type",
    "stub function {function} has an invalid trampoline ctx offset for arg#{n}",
    "'struct module' btf id not found. Is CONFIG_MODULES enabled?",
)

STRUCT_OPS = (
    *(Pattern(Kind.STRUCT_OPS_MISSING, template) for template in _TYPE),
    Pattern(Kind.STRUCT_OPS_MISSING, "bpf_struct_ops_{struct_ops} is not found", general=True),
    *(Pattern(Kind.MEMBER_MISSING, template) for template in _MEMBER),
    *(Pattern(Kind.MEMBER_MISMATCH, template) for template in _MISMATCH),
    Pattern(
        Kind.UNSUPPORTED_MEMBER, "attach to unsupported member {member} of struct {struct_ops}"
    ),
    Pattern(Kind.UNSUPPORTED_MEMBER, "attach to unsupported member", general=True),
    *(Pattern(Kind.KERNEL_SUPPORT, template, About.STRUCT_OPS) for template in _REGISTRATION),
    Pattern(Kind.KERNEL_SUPPORT, "Private stack not supported by jit", About.PRIVATE_STACK),
    Pattern(Kind.CALLBACK, "program with __ref argument cannot tail call"),
    Pattern(
        Kind.LICENCE, "struct ops programs must have a GPL compatible license", About.STRUCT_OPS
    ),
    Pattern(
        Kind.PROGRAM_TYPE,
        'SEC("struct_ops") program isn\'t referenced anywhere, did you forget to use it?',
        About.UNREFERENCED,
    ),
)
