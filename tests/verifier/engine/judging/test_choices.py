"""What a loader does is read as people write it, fits the object or says what does not."""

from __future__ import annotations

import pytest

from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.object.objects import program, read
from verifier.engine.judging.choice_text import parse_choices
from verifier.engine.judging.choices import (
    ChoiceError,
    LoaderChoices,
    apply_choices,
    fit_choices,
)
from verifier.engine.judging.targets import target_objection


def test_choices_are_read_as_they_are_written() -> None:
    choices = parse_choices(
        ["debug=1", "mask=0x10", "on=true"],
        ["sub_attach", " map.tick ", "sub_attach"],
        ["loadbalancer=socket", "2/1=BPF_PROG_TYPE_SCHED_CLS"],
        ["entry=vfs_read", "other=a=b.o:main"],
    )
    assert choices.values == {"debug": 1, "mask": 16, "on": 1}
    assert choices.cleared == ("sub_attach", "map.tick")
    assert choices.types == {"loadbalancer": "socket", "2/1": "BPF_PROG_TYPE_SCHED_CLS"}
    assert choices.targets == {"entry": "vfs_read", "other": "a=b.o:main"}


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("values", "debug", "'debug' is not NAME=NUMBER"),
        ("values", "debug=many", "'debug=many' is not NAME=NUMBER"),
        ("values", "=1", "'=1' is not NAME=NUMBER"),
        ("cleared", " ", "' ' is not the name of a struct_ops member"),
        ("cleared", "tick=0", "'tick=0' is not the name of a struct_ops member"),
        ("types", "loadbalancer", "'loadbalancer' is not SECTION=TYPE"),
        ("targets", "entry=", "'entry=' is not PROGRAM=TARGET"),
    ],
)
def test_a_choice_of_another_form_is_named(kind: str, text: str, message: str) -> None:
    with pytest.raises(ChoiceError, match=message):
        parse_choices(**{kind: [text]})


def test_choices_that_do_not_fit_are_told_from_those_that_do() -> None:
    choices = LoaderChoices(
        values={"with_slots": 1, "no_such": 2},
        cleared=("tick", "gone"),
        types={"nowhere": "xdp"},
        targets={"nobody": "vfs_read"},
    )
    fitting, misfits = fit_choices(read("scheduler.bpf.o"), choices)
    assert fitting.values == {"with_slots": 1}
    assert fitting.cleared == ("tick",)
    assert (fitting.types, fitting.targets) == ({}, {})
    assert dict(misfits) == {
        "no_such": "no_such is not a variable in .rodata of this object",
        "gone": "no struct_ops map of this object has a member gone",
        "nowhere": "no program of this object is in a section nowhere",
        "nobody": "this object has no program nobody",
    }


@pytest.mark.parametrize(
    ("word", "program_type", "attach_type"),
    [
        ("cgroup/bind4", "BPF_PROG_TYPE_CGROUP_SOCK_ADDR", "BPF_CGROUP_INET4_BIND"),
        ("socket_filter", "BPF_PROG_TYPE_SOCKET_FILTER", None),
        ("BPF_PROG_TYPE_XDP", "BPF_PROG_TYPE_XDP", None),
    ],
)
def test_the_loader_sets_the_type_of_a_section(
    word: str, program_type: str, attach_type: str | None
) -> None:
    obj = read("kinds.bpf.o")
    changed = apply_choices(obj, LoaderChoices(types={"nobody/knows": word}))
    found = program(changed, "no_type")
    assert (found.kind.program_type, found.kind.attach_type) == (program_type, attach_type)
    assert sum(a != b for a, b in zip(obj.programs, changed.programs, strict=True)) == 1


@pytest.mark.parametrize(
    ("name", "word", "target"),
    [
        ("enters_somewhere", "vfs_read", "vfs_read"),
        ("enters", "nf_nat:nf_nat_alloc_null_binding", "nf_nat_alloc_null_binding"),
        ("opens_sleepable", "inode_create", "bpf_lsm_inode_create"),
    ],
)
def test_the_loader_sets_the_target_of_a_program(name: str, word: str, target: str) -> None:
    changed = apply_choices(read("kinds.bpf.o"), LoaderChoices(targets={name: word}))
    assert program(changed, name).kind.attach_target == target


def test_the_loader_sets_what_a_freplace_program_replaces() -> None:
    choices = LoaderChoices(targets={"replaces": "cgroup/bind4"})
    found = program(apply_choices(read("kinds.bpf.o"), choices), "replaces")
    assert found.replaces == "BPF_PROG_TYPE_CGROUP_SOCK_ADDR"
    assert found.kind.attach_type == "BPF_CGROUP_INET4_BIND"


def test_a_type_that_there_is_not_is_an_error() -> None:
    choices = LoaderChoices(types={"nobody/knows": "sokcet"})
    with pytest.raises(ChoiceError, match="'sokcet' is not a program type"):
        apply_choices(read("kinds.bpf.o"), choices)


def test_what_freplace_goes_into_has_a_program_type() -> None:
    choices = LoaderChoices(targets={"replaces": "nothing"})
    with pytest.raises(ChoiceError, match="'nothing' is not a program type that replaces could"):
        apply_choices(read("kinds.bpf.o"), choices)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("fentry/do_nanosleep", "Cannot extend fentry/fexit"),
        ("fexit/do_nanosleep", "Cannot extend fentry/fexit"),
        ("freplace/some_function", "Cannot recursively attach"),
        ("fmod_ret/bpf_modify_return_test", ""),
        ("tc", ""),
        ("lsm.s/file_open", ""),
    ],
)
def test_functions_of_tracing_programs_are_never_replaced(target: str, text: str) -> None:
    """As 7.3.4 said of 93 pairs of programs, and bpf_check_attach_target() of all kernels says."""
    choices = LoaderChoices(targets={"replaces": f"prog:{target}"})
    replaces = program(apply_choices(read("kinds.bpf.o"), choices), "replaces")
    found = target_objection(replaces, bundled_kernel("7.3"))
    assert (found.reasons[0].text if found else "").startswith(text)
    assert bool(found) == bool(text)
