"""What comes after permission: one rule a test."""

from dataclasses import replace

import pytest

from kfmap.kernel.facts import KernelFacts, Kfunc, Place
from kfmap.permission.context_text import parse_context
from kfmap.permission.decide import Decider
from tests.permission.small_kernel import (
    create_kernel,
    create_member,
    create_registration,
    create_set,
    create_struct_ops,
)


def create_flagged(*flags: str, **changes: object) -> KernelFacts:
    kfunc = Kfunc("bpf_it", "vmlinux", "void bpf_it(void)", None, None, None)
    return create_kernel(
        (create_set("ids", "bpf_it", flags=flags),),
        (create_registration("STRUCT_OPS", "ids"),),
        kfuncs=(replace(kfunc, **changes),),  # type: ignore[arg-type]
    )


def layers(facts: KernelFacts, context: str) -> dict[str, bool | None]:
    verdict = Decider(facts).decide(parse_context(context, facts), "bpf_it")
    assert verdict.verdict == "allowed"  # no layer changes permission
    return {layer.kind: layer.blocks for layer in verdict.layers}


@pytest.mark.parametrize(
    ("context", "found"),
    [
        ("struct_ops:toy_ops.init", {"sleepable": True}),
        ("struct_ops.s:toy_ops.init", {}),
        ("struct_ops.s:toy_ops.enqueue", {"sleepable_member": True}),
    ],
)
def test_sleepable_kfuncs_need_a_sleepable_program(context: str, found: dict[str, bool]) -> None:
    assert layers(create_flagged("KF_SLEEPABLE"), context) == found


@pytest.mark.parametrize(
    ("flag", "kind"), [("KF_DESTRUCTIVE", "destructive"), ("KF_PERFMON", "perfmon")]
)
def test_some_kfuncs_need_a_capability_of_the_loader(flag: str, kind: str) -> None:
    assert layers(create_flagged(flag), "struct_ops:toy_ops.enqueue") == {kind: False}


def test_device_bound_kfuncs_say_so() -> None:
    facts = create_flagged(device_bound=True)
    assert layers(facts, "struct_ops:toy_ops.enqueue") == {"device_bound": False}


def test_implicit_arguments_need_the_twin_in_btf() -> None:
    enqueue = "struct_ops:toy_ops.enqueue"
    assert layers(create_flagged("KF_IMPLICIT_ARGS"), enqueue) == {"malformed_btf": None}
    lost = create_flagged("KF_IMPLICIT_ARGS", callable_in_btf=False)
    assert layers(lost, enqueue) == {"malformed_btf": True}
    assert layers(create_flagged("KF_IMPLICIT_ARGS", callable_in_btf=True), enqueue) == {}


def test_members_may_be_unsupported_and_need_things() -> None:
    ops = replace(
        create_struct_ops(),
        members=(
            create_member("off", 0, supported=False),
            create_member("big", 8, needs=("arena",)),
            create_member("slow", 16, sleepable="must"),
        ),
    )
    facts = replace(create_flagged(), struct_ops=(ops,))
    assert layers(facts, "struct_ops:toy_ops.off") == {"unsupported_member": True}
    assert layers(facts, "struct_ops:toy_ops.big") == {"needs": False}
    assert layers(facts, "struct_ops:toy_ops.slow") == {"sleepable_member": True}
    assert layers(facts, "struct_ops.s:toy_ops.slow") == {}


def test_flags_come_from_the_common_hook_first() -> None:
    facts = create_kernel(
        (
            create_set("common", "bpf_it", flags=("KF_SLEEPABLE",)),
            create_set("own", "bpf_it"),
        ),
        (create_registration("UNSPEC", "common"), create_registration("XDP", "own")),
    )
    assert layers(facts, "xdp") == {"sleepable": True}


def test_entries_of_one_hook_that_differ_in_flags_are_not_known() -> None:
    facts = create_kernel(
        (create_set("one", "bpf_it", flags=("KF_SLEEPABLE",)), create_set("two", "bpf_it")),
        (create_registration("XDP", "one"), create_registration("XDP", "two")),
    )
    assert layers(facts, "xdp") == {"flags": None, "sleepable": None}


def test_who_may_iterate_css_tasks_is_said_with_the_function_that_decides() -> None:
    """The line of the kfunc's definition had been cited, where nothing is decided."""
    name = "bpf_iter_css_task_new"
    place = Place("kernel/bpf/task_iter.c", 800)
    facts = create_kernel(
        (create_set("ids", name),),
        (create_registration("XDP", "ids"),),
        kfuncs=(Kfunc(name, "vmlinux", f"int {name}(void)", place, None, None),),
    )
    found = Decider(facts).decide(parse_context("xdp", facts), name).layers
    (reason,) = (layer.reason for layer in found if layer.blocks)
    assert "check_css_task_iter_allowlist()" in reason.text
    assert not reason.file
