"""The contexts of a kernel: the columns of its matrix.

Every program type, with the attach types and targets that some filter tells apart and those that
are usual, every iterator, and every callback of every struct_ops type.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import KernelFacts, MemberSleep
from kfmap.kernel.rule_form import AttachTypeIs, TargetIn, TypeIs, find_atoms
from kfmap.permission.context import Context
from kfmap.permission.context_words import (
    ATTACH_WORDS,
    KPROBE,
    LSM,
    PROBE_KINDS,
    SYSCALL,
    TRACING,
    full_target,
)
from kfmap.permission.observed import read_observed
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE

# One attach type that such programs usually have, where the kernel demands one at load.
_USUAL_ATTACH = {
    "BPF_PROG_TYPE_CGROUP_SKB": "BPF_CGROUP_INET_INGRESS",
    "BPF_PROG_TYPE_CGROUP_SOCK": "BPF_CGROUP_INET_SOCK_CREATE",
    "BPF_PROG_TYPE_SOCK_OPS": "BPF_CGROUP_SOCK_OPS",
    "BPF_PROG_TYPE_CGROUP_DEVICE": "BPF_CGROUP_DEVICE",
    "BPF_PROG_TYPE_SK_MSG": "BPF_SK_MSG_VERDICT",
    "BPF_PROG_TYPE_CGROUP_SOCK_ADDR": "BPF_CGROUP_INET4_BIND",
    "BPF_PROG_TYPE_CGROUP_SYSCTL": "BPF_CGROUP_SYSCTL",
    "BPF_PROG_TYPE_CGROUP_SOCKOPT": "BPF_CGROUP_GETSOCKOPT",
    "BPF_PROG_TYPE_SK_LOOKUP": "BPF_SK_LOOKUP",
    "BPF_PROG_TYPE_NETFILTER": "BPF_NETFILTER",
}
_USUAL_LSM = ("file_open", "socket_connect", "task_free", "bprm_check_security")
_USUAL_REPLACED = ("BPF_PROG_TYPE_XDP", "BPF_PROG_TYPE_SCHED_CLS")


def build_contexts(facts: KernelFacts) -> tuple[Context, ...]:
    """Return the contexts of a kernel, by program type in enum order, struct_ops members last."""
    if facts.is_observed:
        return tuple(read_observed(row) for row in facts.observed)
    told_apart = _find_told_apart(facts)
    contexts: list[Context] = []
    for item in facts.program_types:
        contexts += _contexts_of_type(item.name, facts, told_apart)
    return tuple(dict.fromkeys(contexts))


def build_member_contexts(facts: KernelFacts, struct_ops: str) -> tuple[Context, ...]:
    """Return the contexts of one struct_ops type: its callbacks, in the order of the struct."""
    return tuple(
        Context(
            STRUCT_OPS_TYPE,
            struct_ops=ops.name,
            member=member.name,
            sleepable=member.sleepable == MemberSleep.MUST,
        )
        for ops in facts.struct_ops
        if ops.name == struct_ops
        for member in ops.members
        if member.callback
    )


def _contexts_of_type(
    program_type: str, facts: KernelFacts, told_apart: _ToldApart
) -> Iterator[Context]:
    if program_type == "BPF_PROG_TYPE_UNSPEC":
        return
    if program_type == STRUCT_OPS_TYPE:
        for ops in facts.struct_ops:
            yield from build_member_contexts(facts, ops.name)
    elif program_type == EXT_TYPE:
        yield from _replacing_contexts(facts, told_apart)
    elif program_type == TRACING:
        yield from _tracing_contexts(facts, told_apart)
    elif program_type == LSM:
        yield from _lsm_contexts(facts, told_apart)
    elif program_type == KPROBE:
        yield Context(KPROBE)
        known = {item.name for item in facts.attach_types}
        for attach_type in PROBE_KINDS.values():
            if attach_type in known:
                yield Context(KPROBE, attach_type)
    else:
        known = {item.name for item in facts.attach_types}
        attach = _USUAL_ATTACH.get(program_type)
        usual = attach if attach in known else None
        yield Context(program_type, usual, sleepable=program_type == SYSCALL)


def _tracing_contexts(facts: KernelFacts, told_apart: _ToldApart) -> Iterator[Context]:
    known = {item.name for item in facts.attach_types}
    usual = [attach for kind, attach in ATTACH_WORDS.values() if kind == TRACING]
    named = sorted(name for name in told_apart.attach_types if name.startswith("BPF_TRACE_F"))
    for attach_type in dict.fromkeys([*usual, *named]):
        if attach_type != "BPF_TRACE_ITER" and attach_type in known:
            yield Context(TRACING, attach_type)
    for iterator in facts.iterators:
        yield Context(TRACING, "BPF_TRACE_ITER", full_target("iter", iterator))


def _lsm_contexts(facts: KernelFacts, told_apart: _ToldApart) -> Iterator[Context]:
    hooks = {full_target("lsm", hook) for hook in facts.lsm_hooks}
    usual = [full_target("lsm", hook) for hook in _USUAL_LSM]
    named = sorted(target for target in told_apart.targets if target in hooks)
    for target in dict.fromkeys([*usual, *named]):
        if target in hooks or not hooks:
            yield Context(LSM, "BPF_LSM_MAC", target)
    if any(item.name == "BPF_LSM_CGROUP" for item in facts.attach_types):
        yield Context(LSM, "BPF_LSM_CGROUP", full_target("lsm", "socket_connect"))


def _replacing_contexts(facts: KernelFacts, told_apart: _ToldApart) -> Iterator[Context]:
    known = {item.name for item in facts.program_types}
    for replaced in dict.fromkeys([*_USUAL_REPLACED, *sorted(told_apart.program_types)]):
        if replaced in known and replaced not in (STRUCT_OPS_TYPE, EXT_TYPE):
            yield Context(EXT_TYPE, replaces=replaced)


class _ToldApart:
    """What the filters of a kernel tell apart."""

    def __init__(self) -> None:
        self.program_types: set[str] = set()
        self.attach_types: set[str] = set()
        self.targets: set[str] = set()


def _find_told_apart(facts: KernelFacts) -> _ToldApart:
    found = _ToldApart()
    names = {item.id: [entry.kfunc for entry in item.entries] for item in facts.sets}
    for filter_ in facts.filters:
        for atom in find_atoms(filter_.rule):
            if isinstance(atom, TypeIs):
                found.program_types.add(atom.program_type)
            elif isinstance(atom, AttachTypeIs):
                found.attach_types.add(atom.attach_type)
            elif isinstance(atom, TargetIn):
                found.targets.update(names.get(atom.set_id, []))
    return found
