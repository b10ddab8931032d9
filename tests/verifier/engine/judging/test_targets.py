"""What programs attach to: there, in a module, or listed by the kernel as not to be attached to.

The texts are those of libbpf_find_attach_btf_id() (libbpf) and check_attach_btf_id() (verifier).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import Btf, read_btf
from kfmap.kernel.facts import Constant, KernelFacts, Place
from kfmap.kernel.program_facts import AttachTargets, Target
from tests.btf.btf_writer import BtfWriter
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from tests.verifier.functions import named_functions
from verifier.engine.object.limits import Limits
from verifier.engine.object.model import BpfObject
from verifier.engine.object.programs import read_programs
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import (
    KernelUnderTest,
    LoaderChoices,
    check_object,
    prepare_object,
)

_PLACE = Place("kernel/bpf/verifier.c", 7)
_FUNCTIONS = named_functions(
    {"do_nanosleep": 2, "vfs_open": 2, "do_exit": 1, "migrate_disable": 0, "security_file_open": 1},
    ("nf_nat_setup_info", "__traceiter_kvm_exit"),
)
_LISTS = AttachTargets(
    sleepable=(),
    modifiable=(
        Target("security_", _PLACE, "security hooks", prefix=True),
        Target("bpf_modify_return_test", _PLACE, "FMODRET"),
    ),
    denied=(Target("migrate_disable", _PLACE, "btf_id_deny"),),
    no_return=(Target("do_exit", _PLACE, "noreturn_deny"),),
    no_return_attach_types=("BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN"),
    sleepable_hooks=(),
    disabled_hooks=(Target("bpf_lsm_getselfattr", _PLACE, "bpf_lsm_disabled_hooks"),),
    faultable_tracepoints=(),
)


def _facts() -> KernelFacts:
    """Make the toy kernel with a hook that is off, and what all tracing programs need."""
    facts = kernel_facts()
    hooks = (*facts.lsm_hooks, "bpf_lsm_getselfattr")
    names = {item.name for item in facts.attach_types}
    needed = ("BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN", "BPF_TRACE_RAW_TP")
    more = tuple(
        replace(facts.attach_types[0], name=name, value=100 + at)
        for at, name in enumerate(needed)
        if name not in names
    )
    raw = Constant("BPF_PROG_TYPE_RAW_TRACEPOINT", 17)
    return replace(
        facts,
        lsm_hooks=hooks,
        attach_types=(*facts.attach_types, *more),
        program_types=(*facts.program_types, raw),
        targets=_LISTS,
    )


def _types() -> Btf:
    writer = BtfWriter()
    writer.typedef("btf_trace_sched_switch", 0)
    return read_btf(writer.build())


def _object(section: str) -> BpfObject:
    """Make an object of one empty program in a section."""
    obj = assemble("main: program; exit")
    function = replace(obj.functions[0], section=section)
    code = {section: replace(obj.code[obj.functions[0].section], section=section)}
    obj = replace(obj, functions=(function,), code=code, license="GPL")
    return replace(obj, programs=read_programs(obj.functions, (), None, Limits()))


def _check(
    section: str,
    functions: FunctionNames | None = _FUNCTIONS,
    choices: LoaderChoices | None = None,
    facts: KernelFacts | None = None,
    types: Btf | None = None,
) -> ProgramVerdict:
    prepared = prepare_object(_object(section), choices or LoaderChoices())
    kernel = KernelUnderTest(facts or _facts(), types or _types(), None, functions)
    [verdict] = check_object(prepared, kernel).programs
    return verdict


@pytest.mark.parametrize(
    "section",
    [
        "fentry/do_nanosleep",
        "fexit/do_nanosleep",
        "fentry/vmlinux:do_nanosleep",
        "fentry/do_exit",
        "fmod_ret/security_file_open",
        "lsm/file_open",
        "iter/task",
        "tp_btf/sched_switch",
        "kprobe/no_such_function",
        "raw_tp/no_such_tracepoint",
        "tp/no/such",
    ],
)
def test_what_is_there_passes_and_what_is_attached_later_is_not_looked_up(section: str) -> None:
    assert _check(section).verdict == PASSES


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("fentry/no_such_function", "failed to find kernel BTF type ID of 'no_such_function'"),
        ("fmod_ret/no_such_function", "failed to find kernel BTF type ID of 'no_such_function'"),
        ("fexit/vmlinux:no_such", "failed to find kernel BTF type ID of 'no_such'"),
        ("lsm/no_such_hook", "failed to find kernel BTF type ID of 'bpf_lsm_no_such_hook'"),
        ("iter/no_such", "this kernel has no iterator bpf_iter_no_such"),
        ("tp_btf/no_such", "failed to find kernel BTF type ID of 'no_such'"),
        ("lsm/getselfattr", "points to disabled hook bpf_lsm_getselfattr"),
        ("fentry/migrate_disable", "attaching tracing programs to function migrate_disable"),
        ("fexit/do_exit", "attaching fexit to __noreturn function do_exit is rejected"),
        ("fmod_ret/vfs_open", "vfs_open() is not modifiable: this kernel lets security_* and bpf"),
    ],
)
def test_what_is_not_there_or_not_to_be_attached_to_is_refused(section: str, text: str) -> None:
    verdict = _check(section)
    assert verdict.verdict == REFUSED
    assert text in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("fentry/nf_nat_setup_info", "a module that comes with it seems to have it"),
        ("fexit/nf_nat:nf_nat_setup_info", "module nf_nat, and which modules are loaded"),
        ("fexit/other:no_such", "of those that come with this kernel none seems to have it"),
        ("tp_btf/kvm_exit", "a module that comes with it seems to have it"),
        ("fentry", "name it with --target main=FUNCTION"),
        ("lsm", "name it with --target main=FUNCTION"),
        ("freplace/some_function", "name it with --target main=OBJECT:PROGRAM"),
    ],
)
def test_what_only_a_module_or_the_loader_can_give_is_unknown(section: str, text: str) -> None:
    verdict = _check(section)
    assert verdict.verdict == UNKNOWN
    assert text in verdict.findings[0].reasons[0].text


@pytest.mark.parametrize(
    ("section", "helps"), [("fentry/dummy", True), ("tp_btf/dummy", False), ("lsm/dummy", False)]
)
def test_a_function_that_is_not_there_may_be_one_that_the_loader_sets(
    section: str, helps: bool
) -> None:
    finding = only_finding(_check(section))
    assert ("--target PROGRAM=FUNCTION" in finding.suggestion) == helps


def test_functions_that_are_not_known_make_targets_unknown() -> None:
    assert _check("fentry/do_nanosleep", functions=None).verdict == UNKNOWN
    assert _check("kprobe/do_nanosleep", functions=None).verdict == PASSES


def test_modules_that_are_not_known_have_tracepoints_and_no_other_targets() -> None:
    functions = named_functions({"do_nanosleep": 2})
    assert _check("fentry/nf_nat_setup_info", functions).verdict == REFUSED
    assert _check("tp_btf/kvm_exit", functions).verdict == UNKNOWN


def test_lists_that_were_not_read_leave_fmod_ret_open() -> None:
    facts = replace(_facts(), targets=None)
    assert _check("fmod_ret/vfs_open", facts=facts).verdict == UNKNOWN
    assert _check("fentry/vfs_open", facts=facts).verdict == PASSES


def test_a_function_that_no_program_can_be_given_the_arguments_of_is_refused() -> None:
    # btf_distill_func_proto(): "The function %s has %d arguments. Too many."
    functions = named_functions({"of_many": 13, "of_twelve": 12})
    assert _check("fentry/of_twelve", functions).verdict == PASSES
    verdict = _check("fentry/of_many", functions)
    assert "of_many takes more arguments than" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("section", "target", "expected"),
    [
        ("fentry", "do_nanosleep", PASSES),
        ("fentry", "no_such_function", REFUSED),
        ("fentry/no_such_function", "prog:xdp", PASSES),
        ("lsm", "file_open", PASSES),
        ("freplace/some_function", "xdp", PASSES),
    ],
)
def test_the_loader_may_name_the_target(section: str, target: str, expected: str) -> None:
    choices = LoaderChoices(targets={"main": target})
    assert _check(section, choices=choices).verdict == expected
