"""Whether a kernel has what a program attaches to, and lets such a program attach to it.

Mirrors find_kernel_btf_id() of tools/lib/bpf/libbpf.c, which looks for a name in the BTF of vmlinux
and then of all loaded modules, and bpf_check_attach_target() of kernel/bpf/verifier.c. Kprobes,
uprobes and raw tracepoints are looked up when they are attached, so nothing is said of theirs.

A name that vmlinux has not is refused, unless a module may have it: it is written `module:name`, or
a module that comes with the kernel seems to have a function of that name. Then it is unknown, as it
is where the functions of a kernel are not known.
"""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.btf.function_names import Refusal
from kfmap.btf.kinds import Kind
from kfmap.kernel.program_facts import Target, find_target
from kfmap.permission.name_list import list_names
from kfmap.permission.view import EXT_TYPE
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.problem import Objection
from verifier.engine.object.model import Program
from verifier.engine.result import FindingKind, Reason

MODULE_RULE = "module"  # of a reason: only a module can have the target
_RULE = "hook"
_VMLINUX = "vmlinux"
_TRACEPOINT, _ITERATOR, _FMOD_RET = "BPF_TRACE_RAW_TP", "BPF_TRACE_ITER", "BPF_MODIFY_RETURN"
_LSM = ("BPF_LSM_MAC", "BPF_LSM_CGROUP")
_FUNCTIONS = ("BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_TRACE_FSESSION", _FMOD_RET)
_TRACING = "BPF_PROG_TYPE_TRACING"
_NEVER_REPLACED = ("BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_TRACE_FSESSION")
_NEED_TARGET = (_TRACEPOINT, _ITERATOR, *_LSM, *_FUNCTIONS)
# A module that defines a tracepoint has this function for it (include/linux/tracepoint.h).
_TRACEPOINT_FUNCTION = "__traceiter_"
_ONLY_FENTRY = "Only FENTRY/FEXIT/FSESSION"
_OTHER_TARGET = (
    "where the loader sets the function (bpf_program__set_attach_target() of libbpf, AttachTo of "
    "cilium/ebpf), name it with --target PROGRAM=FUNCTION"
)
_REFUSALS = {
    Refusal.TOO_MANY_ARGUMENTS: "takes more arguments than a program can be given (12)",
    Refusal.VARIABLE_ARGUMENTS: "takes a variable number of arguments",
    Refusal.RETURN_TYPE: "returns what a program cannot be given",
    Refusal.ARGUMENT_TYPE: "takes an argument that a program cannot be given",
    Refusal.VOID_ARGUMENT: "takes a variable number of arguments",
}


def is_named(program: Program) -> bool:
    """Return whether what is said of a program's target may have its name in it."""
    kind = program.kind
    if kind.program_type == EXT_TYPE:
        return True
    return kind.attach_type in _NEED_TARGET and kind.attach_target is None


def target_objection(program: Program, kernel: KernelUnderTest) -> Objection | None:
    """Return why a program cannot have its target, or that this is not known."""
    kind = program.kind
    if kind.program_type == EXT_TYPE:
        if not program.replaces:
            return _unnamed(program, "replaces", "OBJECT:PROGRAM")
        return _unreplaceable(program)
    if program.on_program:
        return _on_program(program)
    if kind.attach_type not in _NEED_TARGET:
        return None
    if kind.attach_target is None:
        return _unnamed(program, "attaches to", "FUNCTION")
    module, colon, _ = (kind.target or "").partition(":")
    if colon and module != _VMLINUX:
        return _in_module(module, kind.attach_target, kernel)
    return _in_kernel(kind.attach_type, kind.attach_target, kind.sleepable, kernel)


def _on_program(program: Program) -> Objection | None:
    """Mirror what bpf_check_attach_target() asks of what traces BPF programs: those are in no list
    of what may sleep or be modified. Alike from 6.1 to 7.3."""
    kind, name = program.kind, program.kind.attach_target or "a BPF program"
    if kind.attach_type == _TRACEPOINT:
        return _refused(f"{_ONLY_FENTRY} progs are attachable to another BPF prog")
    if kind.attach_type in _FUNCTIONS and kind.sleepable:
        return _refused(f"nothing sleepable traces BPF programs: {name} is not sleepable")
    if kind.attach_type == _FMOD_RET:
        return _refused(f"can't modify return codes of BPF programs: trace {name} with fexit")
    return None


def _unreplaceable(program: Program) -> Objection | None:
    """Mirror what bpf_check_attach_target() asks of types of programs, alike from 6.1 to 7.3."""
    if program.replaces == EXT_TYPE:
        return _refused("Cannot recursively attach: what it replaces is a freplace program, too")
    if program.replaces == _TRACING and program.kind.attach_type in _NEVER_REPLACED:
        return _refused("Cannot extend fentry/fexit: nothing replaces functions of such programs")
    return None


def _unnamed(program: Program, does: str, form: str) -> Objection:
    text = (
        f"what {program.name} {does} is known to its loader only "
        f"(bpf_program__set_attach_target()): name it with --target {program.name}={form}"
    )
    return _unknown(text)


def _in_module(module: str, target: str, kernel: KernelUnderTest) -> Objection:
    text = f"{target} is looked for in module {module}, and which modules are loaded is not known"
    may_have = kernel.functions.module_may_have(target) if kernel.functions is not None else None
    if may_have is not None:
        some = "one" if may_have else "none"
        text += f"; of those that come with this kernel {some} seems to have it"
    return _unknown(text, MODULE_RULE)


def _in_kernel(
    attach_type: str, target: str, sleepable: bool, kernel: KernelUnderTest
) -> Objection | None:
    if attach_type in _LSM:
        return _lsm_hook(target, kernel)
    if attach_type == _ITERATOR:
        if target in kernel.facts.iterators:
            return None
        return _absent(target, f"this kernel has no iterator {target}", target, kernel)
    if attach_type == _TRACEPOINT:
        return _tracepoint(target, kernel)
    return _function(attach_type, target, sleepable, kernel)


def _lsm_hook(target: str, kernel: KernelUnderTest) -> Objection | None:
    """Mirror bpf_lsm_verify_prog() of kernel/bpf/bpf_lsm.c; no module has hooks."""
    if target not in kernel.facts.lsm_hooks:
        return _refused(f"{_not_found(target)}: this kernel has no LSM hook of that name")
    lists = kernel.facts.targets
    disabled = find_target(lists.disabled_hooks, target) if lists else None
    if disabled:
        return _refused(f"points to disabled hook {target}", disabled)
    return None


def _tracepoint(target: str, kernel: KernelUnderTest) -> Objection | None:
    name = target.removeprefix("btf_trace_")
    if kernel.types is None:
        return _unknown(
            f"it is not known whether this kernel has tracepoint {name}: it came without its types"
        )
    if kernel.types.find(target, Kind.TYPEDEF) is not None:
        return None
    text = f"{_not_found(name)}: this kernel has no tracepoint {name}"
    return _absent(name, text, f"{_TRACEPOINT_FUNCTION}{name}", kernel)


def _function(
    attach_type: str, target: str, sleepable: bool, kernel: KernelUnderTest
) -> Objection | None:
    functions = kernel.functions
    if functions is None and not (kernel.types and kernel.types.find(target, Kind.FUNC)):
        return _unknown(
            f"it is not known whether this kernel has function {target}: "
            "it came without the names of its functions"
        )
    if functions is not None and not functions.has(target):
        return _absent(
            target,
            f"{_not_found(target)}: neither this kernel nor a module of it that is known has a "
            "function of that name",
            target,
            kernel,
        )
    return _listed(attach_type, target, sleepable, kernel) or _prototype(target, kernel)


def _prototype(target: str, kernel: KernelUnderTest) -> Objection | None:
    """Mirror btf_distill_func_proto() of kernel/bpf/btf.c."""
    refusal = kernel.functions.refusal(target) if kernel.functions is not None else None
    return None if refusal is None else _refused(f"function {target} {_REFUSALS[refusal]}")


def _listed(
    attach_type: str, target: str, sleepable: bool, kernel: KernelUnderTest
) -> Objection | None:
    """Look a function up in the kernel's lists of what programs may not attach to."""
    lists = kernel.facts.targets
    if lists is None:
        text = (
            f"it is not known whether programs may attach to {target}: "
            "the kernel's lists of such functions were not read"
        )
        return _unknown(text) if attach_type == _FMOD_RET else None
    denied = find_target(lists.denied, target)
    if denied:
        return _refused(f"attaching tracing programs to function {target} is rejected", denied)
    never_returns = find_target(lists.no_return, target)
    if never_returns and attach_type in lists.no_return_attach_types:
        word = attach_type.removeprefix("BPF_").removeprefix("TRACE_").lower()
        text = f"attaching {word} to __noreturn function {target} is rejected"
        return _refused(text, never_returns)
    if attach_type == _FMOD_RET and not sleepable and not find_target(lists.modifiable, target):
        return _refused(f"{target}() is not modifiable: {_modifiable_words(lists.modifiable)}")
    return None


def _modifiable_words(modifiable: Iterable[Target]) -> str:
    """Return which functions fmod_ret programs may have, as far as they fit into a sentence."""
    names = [f"{item.name}*" if item.prefix else item.name for item in modifiable]
    if not names:
        return "this kernel lets none be modified"
    return f"this kernel lets {list_names(names)} be modified"


def _not_found(name: str) -> str:
    return f"failed to find kernel BTF type ID of {name!r}"


def _absent(name: str, text: str, function: str, kernel: KernelUnderTest) -> Objection:
    """Refuse what vmlinux has not, unless a module may have it; `function` shows that it does."""
    functions = kernel.functions
    may_have = None if functions is None else functions.module_may_have(function)
    if may_have:
        return _unknown(
            f"{name} is not in the kernel itself; a module that comes with it seems to have it, "
            "and which modules are loaded is not known",
            MODULE_RULE,
        )
    if may_have is None and function != name:  # most tracepoints of a kernel are in modules
        return _unknown(f"{text} built in, and what its modules have is not known", MODULE_RULE)
    return _refused(text, advice=_OTHER_TARGET if function == name else "")


def _refused(text: str, target: Target | None = None, advice: str = "") -> Objection:
    place = target.place if target else None
    reason = Reason(_RULE, text, place.file, place.line) if place else Reason(_RULE, text)
    return Objection(FindingKind.LOAD, (reason,), advice=advice)


def _unknown(text: str, rule: str = _RULE) -> Objection:
    return Objection(FindingKind.UNKNOWN, (Reason(rule, text),), certain=False)
