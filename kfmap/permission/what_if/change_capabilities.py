"""Edits of capability bits: read the masks in the facts, change them, put them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.mechanisms.table import ALL, ANY, WORD, CapabilityTable, table_of_masks
from kfmap.permission.what_if.capability_map import (
    find_capabilities,
    parse_bit,
    put_capabilities,
    synthesise_capabilities,
)
from kfmap.permission.what_if.edits import (
    CapabilityEdit,
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeReading,
    EditError,
    UseCapabilities,
)


def change_capabilities(facts: KernelFacts, edit: CapabilityEdit) -> KernelFacts:
    """Return the facts with the bits that the edit asks for. Raises EditError."""
    if isinstance(edit, UseCapabilities):
        return put_capabilities(facts, _start(facts, edit))
    table = find_capabilities(facts)
    if table is None:
        raise EditError("no capability bits decide here yet")
    match edit:
        case ChangeReading(reading=reading):
            table = table.read_as(_check_reading(reading))
        case ChangeKfuncBits(kfunc=kfunc, bits=bits):
            if kfunc not in {item.name for item in facts.kfuncs}:
                raise EditError(f"no kfunc {kfunc}")
            masks = {**table.kfunc_masks, kfunc: _parse_mask(bits)}
            table = table_of_masks(table.reading, masks, table.context_masks)
        case ChangeMemberBits():
            context = _find_context(table.context_masks, edit)
            held = {**table.context_masks, context: _parse_mask(edit.bits)}
            table = table_of_masks(table.reading, table.kfunc_masks, held)
    return put_capabilities(facts, table)


def _start(facts: KernelFacts, edit: UseCapabilities) -> CapabilityTable:
    if facts.is_observed:
        raise EditError("this kernel's verdicts were asked of it: there are no sets to narrow")
    if find_capabilities(facts):
        raise EditError("capability bits decide already")
    table = synthesise_capabilities(facts, edit.struct_ops, _check_reading(edit.reading))
    if not table.context_masks:
        raise EditError(f"no struct_ops type {edit.struct_ops} with callbacks")
    return table


def _check_reading(reading: str) -> str:
    if reading not in (ALL, ANY):
        raise EditError(f"a call needs {ALL} or {ANY} of the bits, not {reading}")
    return reading


def _parse_mask(names: Sequence[str]) -> int:
    mask = 0
    for name in names:
        bit = parse_bit(name)
        if bit is None or bit >= WORD:
            raise EditError(f"no capability bit {name}; there are KF_CAP_0 to KF_CAP_{WORD - 1}")
        mask |= 1 << bit
    return mask


def _find_context(masks: Mapping[Context, int], edit: ChangeMemberBits) -> Context:
    for context in masks:
        if (context.struct_ops, context.member) == (edit.struct_ops, edit.member):
            return context
    raise EditError(f"capability bits do not decide for {edit.struct_ops}.{edit.member}")
