"""Kernels that have most of what the committed objects ask for."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.permission.small_kernel import create_struct_ops
from tests.verifier.engine.judging.toy import kernel_facts
from tests.verifier.engine.object.objects import NAMES, read
from verifier.engine.verdict import KernelUnderTest


@cache
def object_kernels() -> tuple[KernelUnderTest, ...]:
    """Make two: the toy kernel with the kfuncs of all objects and the types of one of them."""
    externs = {extern.name for name in NAMES for extern in read(name).externs}
    facts = kernel_facts(*sorted(name for name in externs if "no_such" not in name))
    maps = read("scheduler.bpf.o").struct_ops_maps
    callbacks = {callback for item in maps for callback, _ in item.members}
    ops = create_struct_ops("sched_ext_ops", tuple(sorted(callbacks)))
    facts = replace(facts, struct_ops=(*facts.struct_ops, ops))
    return tuple(
        KernelUnderTest(facts, read(name).btf) for name in ("scheduler.bpf.o", "kinds.bpf.o")
    )
