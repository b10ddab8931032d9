"""Externs that a kernel lacks, has otherwise, or has as something else than a kfunc."""

from __future__ import annotations

import pytest

from kfmap.btf.compat import FOUND, resolve_variable
from kfmap.btf.function_names import FunctionNames
from kfmap.btf.kinds import Kind
from kfmap.kernel.facts_json import outline_of
from kfmap.kernel.known_names import KnownNames, collect_names
from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.judging.toy import kernel_facts
from tests.verifier.engine.object.objects import read
from tests.verifier.functions import named_functions
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_HASH = named_functions({"full_name_hash": 3})
_NOTHING = KnownNames({}, frozenset())


def _check(
    name: str,
    functions: FunctionNames | None = None,
    known: KnownNames | None = None,
    kernel: str = "7.2",
    config: dict[str, str] | None = None,
) -> dict[str, ProgramVerdict]:
    bundled = bundled_kernel(kernel)
    given = bundled.config if config is None else config
    find_known = None if known is None else lambda: known
    under_test = KernelUnderTest(bundled.facts, bundled.types, given, functions, find_known)
    verdict = check_object(read(name), under_test)
    return {program.program: program for program in verdict.programs}


def test_a_type_that_is_only_declared_is_named_with_its_argument() -> None:
    # libbpf: "extern (func ksym) '%s': func_proto [%d] incompatible with %s [%d]"
    verdict = _check("externs.bpf.o")["forward"]
    assert verdict.verdict == REFUSED
    assert "struct xdp_md of argument 1 is only declared, not defined" in reasons_of(verdict)[0]


def test_another_number_of_arguments_is_told() -> None:
    verdict = _check("externs.bpf.o")["too_few"]
    assert "it is declared with 1 argument, the kernel's takes 3" in reasons_of(verdict)[0]


def test_a_kernel_function_that_is_no_kfunc_is_there_and_refused() -> None:
    # "calling kernel function full_name_hash is not allowed": its address is not null
    verdict = _check("externs.bpf.o", _HASH)["plain"]
    assert verdict.verdict == REFUSED
    [finding] = verdict.findings
    assert (finding.kind, finding.kfunc) == ("not_allowed", "full_name_hash")


def test_a_kernel_function_with_other_arguments_counts_as_absent() -> None:
    verdict = _check("externs.bpf.o", named_functions({"full_name_hash": 2}))["plain"]
    assert verdict.verdict == PASSES
    [finding] = verdict.findings
    assert finding.kind == "dead"
    assert "declared with 3 arguments, the kernel's takes 2" in finding.reasons[-1].text


def test_a_function_that_no_kernel_has_may_be_a_modules() -> None:
    verdict = _check("externs.bpf.o", known=_NOTHING)["of_a_module"]
    assert verdict.verdict == UNKNOWN
    assert (
        "no kernel of the map has a kfunc bpf_of_a_module: only a module"
        in (reasons_of(verdict)[0])
    )


def test_a_guard_is_for_kernels_without_the_module() -> None:
    verdict = _check("externs.bpf.o", known=_NOTHING)["of_a_module_guarded"]
    assert verdict.verdict == PASSES
    [finding] = verdict.findings
    assert finding.kind == "dead"


def test_a_module_that_comes_with_the_kernel_is_pointed_at() -> None:
    functions = named_functions({}, {"bpf_of_a_module"})
    verdict = _check("externs.bpf.o", functions, _NOTHING)["of_a_module"]
    assert "a module that comes with this kernel seems to have" in reasons_of(verdict)[0]


def test_a_kfunc_of_another_kernel_is_missing_and_its_module_named() -> None:
    known = KnownNames({"bpf_of_a_module": ("nf_nat",)}, frozenset())
    verdict = _check("externs.bpf.o", known=known)["of_a_module"]
    assert verdict.verdict == REFUSED
    assert "it is in module nf_nat" in reasons_of(verdict)[0]


def test_the_map_is_not_asked_for_what_the_kernel_has() -> None:
    def never() -> KnownNames:
        raise AssertionError

    bundled = bundled_kernel("7.2")
    kernel = KernelUnderTest(bundled.facts, bundled.types, bundled.config, None, never)
    check_object(read("symbol.bpf.o"), kernel)


def test_the_names_of_several_kernels_are_collected() -> None:
    names = collect_names(
        [outline_of(bundled_kernel("6.1").facts), outline_of(kernel_facts("toy_kfunc"))]
    )
    assert names.kfuncs["toy_kfunc"] == ()
    assert "nf_conntrack" in names.kfuncs["bpf_skb_ct_lookup"]
    assert {"tcp_congestion_ops", "toy_ops"} <= names.struct_ops


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"CONFIG_KALLSYMS_ALL": "y"}, "it lists variables (CONFIG_KALLSYMS_ALL is set)"),
        ({"CONFIG_X86": "y"}, "it lists functions only (CONFIG_KALLSYMS_ALL is not set)"),
    ],
)
def test_a_symbol_without_a_type_is_looked_for_in_kallsyms(
    config: dict[str, str], text: str
) -> None:
    # libbpf: "extern '%s' (strong): not resolved"
    verdict = _check("symbol.bpf.o", config=config)["takes_address"]
    assert verdict.verdict == UNKNOWN
    assert text in reasons_of(verdict)[0]


def test_a_function_is_always_in_kallsyms() -> None:
    functions = named_functions({"bpf_prog_fops": 0})
    assert _check("symbol.bpf.o", functions)["takes_address"].verdict == PASSES


def test_a_weak_symbol_without_a_type_may_be_missing() -> None:
    assert _check("externs.bpf.o")["address"].verdict == PASSES


@pytest.mark.parametrize("kernel", ["6.1", "7.2"])
def test_a_weak_variable_of_another_type_keeps_the_object_from_loading(kernel: str) -> None:
    # libbpf: "extern (var ksym) '%s': incompatible types, expected [%u] %s %s, but kernel has …"
    verdict = _check("variables.bpf.o", kernel=kernel)["address"]
    assert verdict.verdict == REFUSED
    assert "for incompatible types, also where it is __weak" in reasons_of(verdict)[0]


@pytest.mark.parametrize("kernel", ["6.1", "7.2"])
def test_every_variable_of_a_kernel_fits_its_own_type(kernel: str) -> None:
    types = bundled_kernel(kernel).types
    assert types is not None
    variables = list(types.ids_of(Kind.VAR))
    found = {resolve_variable(types, item, types, types.name(item)) for item in variables}
    assert (len(variables) > 300, found) == (True, {FOUND})


def test_the_kfuncs_of_a_module_are_compared_with_what_its_source_says() -> None:
    """As 7.3.4 with nf_conntrack says: a weak one that does not fit counts as absent.

    The declaration that only names otherwise is there, for libbpf compares no names.
    """
    verdicts = _check("module_kfuncs.bpf.o", kernel="7.3")
    assert {name: item.verdict for name, item in verdicts.items()} == {
        "as_it_is": PASSES,
        "takes_void": REFUSED,
        "takes_less": REFUSED,
        "takes_pointers": REFUSED,
        "gives_nothing": REFUSED,
        "guarded": PASSES,
        "of_other_names": PASSES,
    }
    assert reasons_of(verdicts["takes_void"]) == [
        "the prototype of bpf_ct_release___void does not fit this kernel's: "
        "argument 1 is void *, the kernel's is struct nf_conn *"
    ]
