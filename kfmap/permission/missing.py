"""What a question names and a kernel lacks: the kfunc, the program type, the callback, the hook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kfmap.btf.function_names import FunctionNames
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.program_facts import KernelPart, LeftOut
from kfmap.permission.context import Context
from kfmap.permission.context_words import LSM
from kfmap.permission.decide import Decider
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that kernels may lack; `name` is the kernel's name for it."""

    kind: KernelPart
    name: str

    @property
    def words(self) -> str:
        """Return what it is, for people."""
        return f"{_WORDS.get(self.kind, self.kind)} {self.name}"

    def is_in(self, decider: Decider) -> bool:
        """Return whether a kernel has it; what its facts do not list counts as there."""
        return _HAS[self.kind](decider, self.name)


def find_left_out(decider: Decider, missing: Missing) -> LeftOut | None:
    """Return how the configuration of a kernel leaves something out, None if it does not."""
    name = missing.name.partition(".")[0] if missing.kind == KernelPart.MEMBER else missing.name
    kind = KernelPart.STRUCT_OPS if missing.kind == KernelPart.MEMBER else missing.kind
    left_out = decider.facts.left_out or ()
    return next((item for item in left_out if (item.kind, item.name) == (kind, name)), None)


def find_missing(decider: Decider, context: Context, kfunc: str) -> Missing | None:
    """Return what the kernel lacks for this question, None if it has everything."""
    return _find_first(decider, (*list_parts(context), Missing(KernelPart.KFUNC, kfunc)))


def find_missing_helper(decider: Decider, context: Context, helper: str) -> Missing | None:
    """Return what the kernel lacks for a question about a helper (`bpf_map_lookup_elem`)."""
    return _find_first(decider, (*list_parts(context), Missing(KernelPart.HELPER, helper)))


def _find_first(decider: Decider, parts: Iterable[Missing]) -> Missing | None:
    return next((part for part in parts if not part.is_in(decider)), None)


def has_function(functions: FunctionNames | None, name: str) -> bool | None:
    """Return whether a kernel has a function, None where only a module may have it."""
    if functions is None:
        return None
    if functions.has(name):
        return True
    return False if functions.module_may_have(name) is False else None


def list_parts(context: Context) -> Iterator[Missing]:
    """Yield what a kernel must have so that there are programs of a context."""
    yield Missing(KernelPart.PROGRAM_TYPE, context.program_type)
    if context.program_type == STRUCT_OPS_TYPE and context.struct_ops:
        yield Missing(KernelPart.STRUCT_OPS, context.struct_ops)
        if context.member:
            yield Missing(KernelPart.MEMBER, f"{context.struct_ops}.{context.member}")
    if context.attach_type:
        yield Missing(KernelPart.ATTACH_TYPE, context.attach_type)
    if context.program_type == LSM and context.target:
        yield Missing(KernelPart.LSM_HOOK, context.target)
    if context.attach_type == "BPF_TRACE_ITER" and context.target:
        yield Missing(KernelPart.ITERATOR, context.target)


def _has_program_type(decider: Decider, name: str) -> bool:
    """A type of the enum may be left out of the kernel: bpf_prog_types[] has no row for it then."""
    known = [item.name for item in decider.facts.program_types]
    return _is_among(name, known) and not find_left_out(
        decider, Missing(KernelPart.PROGRAM_TYPE, name)
    )


def _has_attach_type(decider: Decider, name: str) -> bool:
    return _is_among(name, [item.name for item in decider.facts.attach_types])


def _has_struct_ops(decider: Decider, name: str) -> bool:
    return decider.observations is not None or name in decider.views.struct_ops


def _has_member(decider: Decider, name: str) -> bool:
    struct_ops, _, member = name.partition(".")
    found = decider.views.find_member(
        Context(STRUCT_OPS_TYPE, struct_ops=struct_ops, member=member)
    )
    return decider.observations is not None or found is not None


def _is_among(name: str, known: list[str]) -> bool:
    return not known or name in known


def _targets(read: Callable[[KernelFacts], tuple[str, ...]]) -> Callable[[Decider, str], bool]:
    return lambda decider, name: _is_among(name, list(read(decider.facts)))


_HAS: dict[KernelPart, Callable[[Decider, str], bool]] = {
    KernelPart.KFUNC: lambda decider, name: name in decider.kfuncs,
    KernelPart.HELPER: lambda decider, name: name in decider.helpers.names,
    KernelPart.PROGRAM_TYPE: _has_program_type,
    KernelPart.STRUCT_OPS: _has_struct_ops,
    KernelPart.MEMBER: _has_member,
    KernelPart.ATTACH_TYPE: _has_attach_type,
    KernelPart.LSM_HOOK: _targets(lambda facts: facts.lsm_hooks),
    KernelPart.ITERATOR: _targets(lambda facts: facts.iterators),
}
_WORDS = {
    KernelPart.PROGRAM_TYPE: "program type",
    KernelPart.STRUCT_OPS: "struct_ops type",
    KernelPart.ATTACH_TYPE: "attach type",
    KernelPart.LSM_HOOK: "LSM hook",
}
