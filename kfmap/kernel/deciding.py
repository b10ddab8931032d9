"""What decides in a tree which kfuncs may be called: registrations, or verifier operations."""

from __future__ import annotations

from collections.abc import Collection

from kfmap.kernel.built_files import Built
from kfmap.kernel.checking import read_checks
from kfmap.kernel.code import Code
from kfmap.kernel.facts import Constant, Decision, HookOf, NotUnderstood
from kfmap.kernel.filtering import Filters, compile_filters
from kfmap.kernel.mechanism import has_mechanism
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.registering import Registered, find_registrations
from kfmap.kernel.rules.checked_calls import asks_operations
from kfmap.kernel.rules.hooks import read_decision, read_hook_map, read_hooks
from kfmap.kernel.rules.struct_ops_types import Registered as StructOpsType
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Decided:
    """The hooks of a kernel, what is registered on them, and the filters there."""

    decision: Decision
    hooks: tuple[str, ...]
    hook_of: tuple[HookOf, ...]
    registered: Registered
    filters: Filters
    problems: tuple[NotUnderstood, ...] = ()


def read_decided(
    code: Code,
    built: Built,
    names: NamedSets,
    program_types: tuple[Constant, ...],
    struct_ops: Collection[StructOpsType],
) -> Decided:
    """Return what decides in a tree."""
    if asks_operations(code):
        checked = read_checks(code, built.files, built.helping, names, struct_ops)
        filters = Filters(checked.filters, {}, {}, ())
        return Decided(
            checked.decision,
            checked.hooks,
            tuple(checked.hook_of),
            checked.registered,
            filters,
        )
    hook_of, unhooked = read_hook_map(code, program_types)
    if not hook_of and not has_mechanism(code):
        unhooked = ()  # before 5.13 there is nothing that a hook could be for
    hooks = {item.program_type: item.hook for item in hook_of}
    registered = find_registrations(code, built, names, hooks)
    filters = compile_filters(code, names, registered.filters)
    return Decided(read_decision(code), read_hooks(code), hook_of, registered, filters, unhooked)
