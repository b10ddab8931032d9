"""Which numbers programs and callbacks may return on one kernel, by what they are for.

Mirrors check_return_code() of kernel/bpf/verifier.c and, for callbacks whose callers wait,
prepare_func_exit(). None, where it was not read or where any number will do.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from kfmap.kernel.program_facts import ReturnRange, Returns
from kfmap.permission.context import Context
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE

if TYPE_CHECKING:
    from verifier.engine.judging.kernel import KernelUnderTest

LSM_TYPE = "BPF_PROG_TYPE_LSM"
_HOOKS, _HOOK = "security_list_options", "bpf_lsm_"  # include/linux/lsm_hooks.h: a pointer per hook
# Which function of the verifier enters the callbacks of a helper (its number) or kfunc
_OF_HELPERS = {
    164: "set_map_elem_callback_state",
    170: "set_timer_callback_state",
    180: "set_find_vma_callback_state",
    181: "set_loop_callback_state",
    209: "set_user_ringbuf_callback_state",
}
_OF_KFUNCS = {
    "bpf_rbtree_add": "set_rbtree_add_callback_state",
    "bpf_wq_set_callback": "set_timer_callback_state",
    "bpf_task_work_schedule": "set_task_work_schedule_callback_state",
}


_LATER = (_OF_HELPERS[170], _OF_KFUNCS["bpf_task_work_schedule"])


def _setter(taken_by: int | str) -> str:
    """Return what enters the callback of a helper, by its number, or of a kfunc."""
    if isinstance(taken_by, int):
        return _OF_HELPERS.get(taken_by, "")
    found = (setter for name, setter in _OF_KFUNCS.items() if taken_by.startswith(name))
    return next(found, "")


def runs_later(taken_by: int | str) -> bool:
    """Return whether the callback of a helper or kfunc runs when its caller has ended."""
    return _setter(taken_by) in _LATER


class Bounds(NamedTuple):
    """The numbers that may be returned. `low_half`: the low 32 bits count, else all 64 do;
    `or_object`: an object of the kernel may be, too. `precise`: as in ReturnRange."""

    minimum: int
    maximum: int
    low_half: bool
    or_object: bool
    precise: bool


class ReturnRules:
    """The ranges of one kernel."""

    def __init__(self, kernel: KernelUnderTest) -> None:
        self._kernel = kernel
        self._by_type: dict[str, list[ReturnRange]] = {}
        for item in kernel.facts.return_ranges:
            self._by_type.setdefault(item.program_type, []).append(item)
        self._known: dict[Context, ReturnRange | None] = {}

    def of_program(self, context: Context) -> ReturnRange | None:
        """Return what programs in a context may return."""
        if context not in self._known:
            self._known[context] = self._find(context)
        return self._known[context]

    @cached_property
    def has_callbacks(self) -> bool:
        """Return whether anything is known of callbacks."""
        return not self._by_type.keys().isdisjoint((*_OF_HELPERS.values(), *_OF_KFUNCS.values()))

    def of_callback(self, taken_by: int | str) -> ReturnRange | None:
        """Return what the callback of a helper, by its number, or of a kfunc may return."""
        return next(iter(self._by_type.get(_setter(taken_by), ())), None)

    def _find(self, context: Context) -> ReturnRange | None:
        # The attach type of freplace is 0; whose type counts is what resolve_prog_type() says.
        is_ext = context.program_type == EXT_TYPE
        kind, attach_type = context.program_type, context.attach_type
        if is_ext:
            kind, attach_type = context.replaces or "", None
        items = self._by_type.get(kind, [])
        own = [item for item in items if item.attach_type == attach_type]
        found = own or [item for item in items if item.attach_type is None]
        if any(item.returns for item in found):
            returns = None if is_ext else self._returns(context)
            found = [item for item in found if item.returns == returns]
        named = [item for item in found if context.target in item.targets]
        for item in named or [item for item in found if not item.targets]:
            return None if item.minimum is None else item
        return None

    def _returns(self, context: Context) -> Returns | None:
        """Return what the target of a program returns, None if that is not known."""
        types = self._kernel.types
        if types is None:
            return None
        try:
            if context.program_type == STRUCT_OPS_TYPE:
                return _member_returns(types, context.struct_ops or "", context.member or "")
        except BtfError:
            return None
        return self.of_hook(context.target or "")

    def of_hook(self, target: str) -> Returns | None:
        """Return what an LSM hook returns, by its name with or without `bpf_lsm_`."""
        types = self._kernel.types
        try:
            hook = target.removeprefix(_HOOK)
            return _member_returns(types, _HOOKS, hook) if types is not None else None
        except BtfError:  # a type that the trimmed BTF of the kernel does not keep
            return None


def bounds_of(found: ReturnRange | None) -> Bounds | None:
    """Return the numbers of a range, None for no range or one of all numbers."""
    if found is None or found.minimum is None or found.maximum is None:
        return None
    or_object = found.returns == Returns.POINTER
    return Bounds(found.minimum, found.maximum, found.low_half, or_object, found.precise)


def _member_returns(types: Btf, composite: str, name: str) -> Returns | None:
    """Return what the function returns that a member of a struct or union points to."""
    for type_id in types.find_all(composite, Kind.STRUCT, Kind.UNION):
        field = types.fields(type_id).get(name)
        pointer = types.resolve(field.type_id) if field else 0
        if types.kind(pointer) is not Kind.PTR:
            continue
        prototype = types.resolve(types.type_of(pointer))
        if types.kind(prototype) is not Kind.FUNC_PROTO:
            return None
        result = types.resolve(types.type_of(prototype))
        if not result:
            return Returns.NOTHING
        return Returns.POINTER if types.kind(result) is Kind.PTR else Returns.NUMBER
    return None
