"""What the kernel checks beside permission: sleeping, capabilities, BTF, the member itself.

Kept apart from permission on purpose: a call may be permitted and still not load. Mirrors
check_kfunc_call() and check_struct_ops_btf_id() (kernel/bpf/verifier.c), and check_member() of
the struct_ops types.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kfmap.kernel.facts import VMLINUX, CallNeed, Kfunc, Lack, Member, Place
from kfmap.permission.attach_targets import find_target_problem
from kfmap.permission.context import Context
from kfmap.permission.context_words import LSM, TRACING
from kfmap.permission.hook_table import Listed
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.verdict import Layer, LayerKind, give_reason
from kfmap.permission.view import ViewBuilder

PRIVATE_STACK = "private stack"  # among the needs of a member
CSS_TASK_ITERATOR = "bpf_iter_css_task_new"
# Facts do not hold where that function is: kernel/bpf/verifier.c, of which no lines are kept.
CSS_TASK_ALLOWLIST = (
    f"{CSS_TASK_ITERATOR} is for LSM programs, iterators and programs that may sleep, as "
    "check_css_task_iter_allowlist() of the verifier has it"
)
# The compiler puts it where a value is undefined or a function ends; check_kfunc_call() refuses
# each live call by name, as that of no other kfunc: "bpf: Warn with __bpf_trap() kfunc maybe due
# to uninitialized variable", seen first in 6.17. Older kernels have no such kfunc.
TRAP = "__bpf_trap"
TRAP_TEXT = (
    "the compiler puts __bpf_trap where a value is undefined or a function ends,"
    " and no program may come there"
)


def find_layers(
    context: Context, kfunc: Kfunc | None, listed: Sequence[Listed], views: ViewBuilder
) -> tuple[Layer, ...]:
    """Return the layers that concern this cell; `listed` are the entries whose flags count."""
    layers = [*find_context_layers(context, views)]
    layers += [_lack_layer(lack) for lack in find_lacks(views, CallNeed.KFUNC_CALL)]
    if kfunc:
        layers += _kfunc_layers(kfunc, listed)
        if kfunc.name == CSS_TASK_ITERATOR and not context.sleepable and not allowlisted(context):
            layers.append(_layer(LayerKind.SLEEPABLE, True, CSS_TASK_ALLOWLIST))
    layers += _flag_layers(context, listed)
    return tuple(sorted(layers, key=lambda layer: layer.kind))


def allowlisted(context: Context) -> bool:
    """Mirror check_css_task_iter_allowlist(): who may iterate css tasks without sleeping.

    "bpf: Relax allowlist for css_task iter", kernel/bpf/verifier.c; alike in 6.12 to 7.3.
    """
    program_type = context.replaces or context.program_type
    if program_type == TRACING:
        return context.attach_type == "BPF_TRACE_ITER"
    return program_type == LSM


def asks_for_arena(kfunc: Kfunc, flags: Collection[str]) -> bool:
    """Return whether a call needs a program with an arena map.

    The flags are those of 6.17 and later; arguments named `__arena` came with 7.3; bpf_arena_*()
    take the map itself.
    """
    return (
        any(flag.startswith("KF_ARENA_") for flag in flags)
        or "__arena" in kfunc.prototype
        or kfunc.name.startswith("bpf_arena_")
    )


def flags_of(listed: Sequence[Listed]) -> tuple[str, ...]:
    """Return the flags that every entry has, in the order of the first."""
    if not listed:
        return ()
    common = set(listed[0].entry.flags).intersection(*(item.entry.flags for item in listed[1:]))
    return tuple(flag for flag in listed[0].entry.flags if flag in common)


def _layer(kind: LayerKind, blocks: bool | None, text: str, place: Place | None = None) -> Layer:
    return Layer(kind, blocks, give_reason(kind, text, place))


def find_context_layers(context: Context, views: ViewBuilder) -> Iterator[Layer]:
    """Yield what the kernel checks of a program whatever it calls."""
    if context.attach_type and isinstance(views.attach_number(context.attach_type), str):
        text = f"this kernel has no attach type {context.attach_type}"
        yield _layer(LayerKind.ATTACH_TYPE, None, text)
    problem = find_target_problem(context, views.facts)
    if problem:
        yield Layer(LayerKind.ATTACH_TARGET, True, problem)
    member = views.find_member(context)
    if member:
        yield from _member_layers(context, member, views)
    rule = find_sleep_answer(context, views)
    blocks = rule.blocks(context.sleepable)
    if blocks is not False:
        yield Layer(LayerKind(rule.reason.rule), blocks, rule.reason)


def find_lacks(views: ViewBuilder, need: CallNeed) -> list[Lack]:
    """Return what the kernel lacks of what calls, or members, need."""
    return [lack for lack in views.facts.lacks if lack.need == need]


def is_closed_by_jit(member: Member | None, views: ViewBuilder) -> bool:
    """Return whether no program with a kfunc can be loaded here for want of a JIT that can it."""
    if find_lacks(views, CallNeed.KFUNC_CALL):
        return True
    wants = member is not None and PRIVATE_STACK in member.needs
    return wants and bool(find_lacks(views, CallNeed.PRIVATE_STACK))


def _lack_layer(lack: Lack) -> Layer:
    return _layer(LayerKind.JIT, True, lack.text, lack.place)


def _member_layers(context: Context, member: Member, views: ViewBuilder) -> Iterator[Layer]:
    name = f"{context.struct_ops}.{member.name}"
    if not member.supported:
        words = "may not be implemented" if member.supported is False else "may not be supported"
        blocks = True if member.supported is False else None
        text = f"{name} {words} by a program"
        yield _layer(LayerKind.UNSUPPORTED_MEMBER, blocks, text, member.supported_place)
    for lack in find_lacks(views, CallNeed.PRIVATE_STACK):
        if PRIVATE_STACK in member.needs:
            yield _lack_layer(lack)
    for need in member.needs:
        yield _layer(LayerKind.NEEDS, False, f"a program on {name} needs: {need}")


def _kfunc_layers(kfunc: Kfunc, listed: Sequence[Listed]) -> Iterator[Layer]:
    implicit = any("KF_IMPLICIT_ARGS" in item.entry.flags for item in listed)
    if kfunc.callable_in_btf is False:
        lacks = f"{kfunc.name}_impl" if implicit else "the function"
        text = f"no program can load it: BTF lacks {lacks}"
        yield _layer(LayerKind.MALFORMED_BTF, True, text, kfunc.place)
    elif kfunc.callable_in_btf is None and implicit:
        text = f"needs {kfunc.name}_impl in BTF, which was not given"
        yield _layer(LayerKind.MALFORMED_BTF, None, text, kfunc.place)
    if kfunc.name == TRAP:
        yield _layer(LayerKind.TRAP, True, TRAP_TEXT, kfunc.place)
    if kfunc.device_bound:
        text = "only a program bound to a device may call it"
        yield _layer(LayerKind.DEVICE_BOUND, False, text, kfunc.place)
    if asks_for_arena(kfunc, flags_of(listed)):
        text = "the program needs an arena map"
        yield _layer(LayerKind.NEEDS, False, text, kfunc.place)
    if kfunc.owner != VMLINUX:
        yield _layer(LayerKind.MODULE, False, f"module {kfunc.owner} must be loaded")


_FLAG_TEXTS = {
    "KF_DESTRUCTIVE": (LayerKind.DESTRUCTIVE, "destructive: the loader needs CAP_SYS_BOOT"),
    "KF_PERFMON": (LayerKind.PERFMON, "the loader needs CAP_PERFMON"),
}


def _flag_layers(context: Context, listed: Sequence[Listed]) -> Iterator[Layer]:
    if not listed:
        return
    sure = set(flags_of(listed))
    possible = {flag for item in listed for flag in item.entry.flags}
    for flag, (kind, text) in _FLAG_TEXTS.items():
        if flag in possible:
            yield _layer(kind, False, text, listed[0].entry.place)
    if "KF_SLEEPABLE" in possible and not context.sleepable:
        blocks = True if "KF_SLEEPABLE" in sure else None
        text = "the kfunc may sleep and this program may not"
        yield _layer(LayerKind.SLEEPABLE, blocks, text, listed[0].entry.place)
    if possible != sure:
        text = "entries of this hook differ in flags: " + ", ".join(sorted(possible - sure))
        yield _layer(LayerKind.FLAGS, None, text, listed[0].entry.place)
