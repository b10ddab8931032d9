"""Answers about kernel functions and variables that are not found, or are declared otherwise."""

from __future__ import annotations

import difflib

from kfmap.decoder.about import About
from kfmap.decoder.asked import Asked, Explanation, kfunc_name, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.facts import VMLINUX, Kfunc
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.because import keep_plain
from kfmap.permission.helper_names import is_helper
from kfmap.permission.missing import Missing
from kfmap.permission.name_list import list_names
from kfmap.permission.renames import find_renamed
from kfmap.permission.verdict import Reason, Step, give_reason

_RANGE = (
    "The kernel's function lies too far from the BPF code for the call instruction to reach: a"
    " limit of this architecture's JIT compiler."
)
_MODULE = (
    "The loader did not hand over the BTF of the module that owns the kfunc as the kernel expects"
    " it."
)
_BTF_ID = (
    "The program was loaded with a BTF number that is no function in this kernel: it was prepared"
    " for another kernel, or by a loader that does not resolve kfuncs."
)
_ABOUT = {About.RANGE: _RANGE, About.MODULE: _MODULE, About.BTF_ID: _BTF_ID}


def _answer_missing(message: LogMessage, asked: Asked) -> Explanation:
    name = message.kfunc
    if name is None:
        return Explanation(_ABOUT.get(message.about, _BTF_ID))
    if message.about == About.RANGE:
        return Explanation(_RANGE)
    name = kfunc_name(name)
    if is_helper(name):
        text = f"{name} is a helper, not a kernel function: take it from bpf_helpers.h, not __ksym."
        return Explanation(text)
    if "(var ksym)" in message.text or "ldimm64" in message.text:
        return _answer_variable(name)
    if asked.has_kfunc(name):
        return _answer_present(name, message, asked)
    if message.text.startswith("extern '") and not asked.kernels_with(name):
        return _answer_untyped(name)
    return _answer_absent(name, asked)


def _answer_variable(name: str) -> Explanation:
    text = f"The kernel's BTF has no variable {name}, and the program cannot be loaded without it."
    return Explanation(text, (f"{name} declared __weak, read only where it is not null",))


def _answer_untyped(name: str) -> Explanation:
    text = (
        f"/proc/kallsyms of the kernel has no symbol {name}, which the program declares without a"
        " type and not __weak; data symbols are there with CONFIG_KALLSYMS_ALL only."
    )
    return Explanation(text, (f"{name} declared __weak",), of_kernel=True)


def _answer_present(name: str, message: LogMessage, asked: Asked) -> Explanation:
    """Answer where the map's kernel has what the log says is not there."""
    known = asked.decider.find_kfunc(name)
    if known and known.owner != VMLINUX:
        text = f"{name} is a kfunc of the module {known.owner}, which is not loaded"
        reason = give_reason("module", text, known.place)
        return Explanation(say(reason), (f"modprobe {known.owner}", _guard(name)), of_kernel=True)
    lacking = [other for other in asked.judge.others() if name not in other.kfuncs]
    names = keep_plain([other.facts.name for other in lacking])
    text = f"{asked.kernel} has {name}"
    if names:
        text += f", {list_names(names)} {'has' if len(names) == 1 else 'have'} not"
    text += f": the kernel that did not find it {asked.say_why_absent('kfunc', name)}"
    reason = give_reason(Step.MISSING, text, known.place if known else None)
    old = [n for other in lacking[:1] for n in find_renamed(name, other.kfuncs)]
    return Explanation(say(reason), (*old, _guard(name)), of_kernel=True)


def _answer_absent(name: str, asked: Asked) -> Explanation:
    having = asked.kernels_with(name)
    renamed = find_renamed(name, asked.decider.kfuncs)
    if having:
        reason = asked.judge.explain_missing(Missing(KernelPart.KFUNC, name))
        return Explanation(say(reason), (*renamed, _guard(name)), of_kernel=True)
    near = tuple(difflib.get_close_matches(name, asked.decider.kfuncs, n=3, cutoff=0.75))
    if renamed:
        text = f"{asked.kernel} has {name} under the name {list_names(list(renamed))}"
        return Explanation(say(Reason(Step.MISSING, text)), renamed, of_kernel=True)
    if asked.judge.is_function(name):
        text = f"{name} is a function of {asked.kernel} and no kfunc: BPF programs may not call it"
        return Explanation(say(Reason(Step.NO_KFUNC, text)), near, of_kernel=True)
    text = f"No kernel of the map has a kfunc {name}"
    text += f"; near it: {list_names(list(near))}" if near else ""
    return Explanation(say(Reason(Step.MISSING, text)), near or (_guard(name),), of_kernel=True)


def _guard(name: str) -> str:
    return f"{name} declared __weak, called only if bpf_ksym_exists({name})"


def _answer_prototype(message: LogMessage, asked: Asked) -> Explanation:
    name = kfunc_name(message.kfunc or "")
    known = asked.decider.find_kfunc(name)
    if known is None:
        if "(var ksym)" in message.text:
            text = f"The program declares the variable {name} with another type than the kernel's."
            return Explanation(text)
        return _answer_absent(name, asked)
    if known.callable_in_btf is False:
        return _answer_damaged(known, asked)
    text = f"The program declares {name} differently from {asked.kernel}: {known.prototype}"
    text += _say_others(known, asked)
    reason = give_reason("prototype", text, known.place)
    twins = tuple(n for n in find_renamed(name, asked.decider.kfuncs) if n != name)
    declaration = f"extern {known.prototype} __ksym;"
    return Explanation(say(reason), (declaration, *twins), of_kernel=True)


def _say_others(known: Kfunc, asked: Asked) -> str:
    """Name the kernels whose prototype is another one."""
    others = keep_plain(
        [
            other.facts.name
            for other in asked.judge.others()
            if (found := other.find_kfunc(known.name)) and found.prototype != known.prototype
        ]
    )
    return f"; {list_names(others)} declare{'s' * (len(others) == 1)} it differently" * bool(others)


def _answer_damaged(known: Kfunc, asked: Asked) -> Explanation:
    text = (
        f"No program can load {known.name} on {asked.kernel}: this build's BTF lacks its _impl twin"
        " and keeps the implicit argument, a fault of the build and not of the program"
    )
    reason = give_reason("malformed_btf", text, known.place)
    return Explanation(say(reason), (_guard(known.name),), of_kernel=True)


def _answer_no_twin(message: LogMessage, asked: Asked) -> Explanation:
    name = message.kfunc or ""
    known = asked.decider.find_kfunc(name)
    if known and known.callable_in_btf is False:
        return _answer_damaged(known, asked)
    text = (
        f"The kernel's BTF lacks {name}_impl, the twin of a kfunc with implicit arguments: no"
        " program can load it, a fault of the build and not of the program."
    )
    return Explanation(text, (_guard(name),), of_kernel=True)


def _answer_poisoned(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.MAP:
        text = "The program uses a map that the loader was told not to create."
        return Explanation(text, ("bpf_map__set_autocreate() for the map",))
    name = message.kfunc
    if name is None:
        text = (
            "The program calls a __weak kfunc that this kernel lacks, and the verifier reaches the"
            " call: libbpf's debug output names it."
        )
        return Explanation(text, ("a guard of the call with bpf_ksym_exists()",))
    found = _answer_missing(message, asked)
    text = f"The verifier reaches the call of a __weak kfunc. {found.because}"
    return Explanation(text, found.instead, of_kernel=True)


def _answer_relocation(message: LogMessage, asked: Asked) -> Explanation:
    about = message.facts.get("detail", "")
    what = f" ({about})" if about and "struct" in about else ""
    text = (
        f"A CO-RE relocation{what} finds no such field, type or value in the kernel's BTF, and the"
        " verifier reaches the instruction that needs it."
    )
    steps = ("bpf_core_field_exists()", "bpf_core_type_exists()", "bpf_core_enum_value_exists()")
    return Explanation(text, tuple(f"a guard with {step}" for step in steps))


SYMBOLS = {
    Kind.MISSING: _answer_missing,
    Kind.PROTOTYPE: _answer_prototype,
    Kind.NO_TWIN: _answer_no_twin,
    Kind.POISONED_CALL: _answer_poisoned,
    Kind.CORE_RELOCATION: _answer_relocation,
}
