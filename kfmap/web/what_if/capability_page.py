"""The capability bits of a draft as its page shows them: classes of masks, what they get wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.bits import has_bit, name_bits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import CapabilitiesInSets
from kfmap.permission.mechanisms.compare import Comparison, compare_one
from kfmap.permission.mechanisms.table import ALL, ANY, WORD, CapabilityTable
from kfmap.permission.what_if.capability_map import find_capabilities, name_bit


@dataclass(frozen=True, slots=True)
class Held:
    """One bit of a chosen mask."""

    name: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class MaskClass:
    """What has the same mask: kfuncs by name, or callbacks as type.member."""

    bits: tuple[Held, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The kfunc or callback whose bits are in hand; "" for none. `bits` has one that is new."""

    name: str
    bits: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class CapabilityPage:
    """The masks of a draft. `readings`: what each reading of them gets wrong."""

    table: CapabilityTable
    word: int
    bit_names: tuple[str, ...]
    kfunc_classes: tuple[MaskClass, ...]
    member_classes: tuple[MaskClass, ...]
    kfunc: Choice
    member: Choice
    readings: tuple[tuple[str, Comparison], ...]


def build_capability_page(
    base: Decider, after: KernelFacts, kfunc: str, member: str
) -> CapabilityPage | None:
    """Return the masks that decide in a draft, None where none do; wrong is measured on `base`."""
    table = find_capabilities(after)
    if table is None:
        return None
    contexts = tuple(table.context_masks)
    kfuncs = _list_needs(base, table)
    members = {name_member(context): mask for context, mask in table.context_masks.items()}
    return CapabilityPage(
        table=table,
        word=WORD,
        bit_names=tuple(name_bit(bit) for bit in range(table.bits)),
        kfunc_classes=_group(kfuncs.items(), table.bits),
        member_classes=_group(members.items(), table.bits),
        kfunc=_choose(kfunc, kfuncs, table.bits),
        member=_choose(member, members, table.bits),
        readings=tuple(
            (reading, compare_one(mechanism, contexts))
            for reading, mechanism in _read_both(base, table)
        ),
    )


def name_member(context: Context) -> str:
    """Return the name of a callback: type.member."""
    return f"{context.struct_ops}.{context.member}"


def _read_both(base: Decider, table: CapabilityTable) -> Iterator[tuple[str, CapabilitiesInSets]]:
    contexts = tuple(table.context_masks)
    for reading in (ALL, ANY):
        yield reading, CapabilitiesInSets(base, contexts, table=table.read_as(reading))


def _list_needs(base: Decider, table: CapabilityTable) -> dict[str, int]:
    """Return the mask of each kfunc that the hooks of the callbacks list."""
    listed = 0
    for context in table.context_masks:
        listed |= base.listed_bits(context)[0]
    names = set(name_bits(listed, base.kfuncs))
    return {name: table.kfunc_masks.get(name, 0) for name in sorted(names | set(table.kfunc_masks))}


def _group(masks: Iterable[tuple[str, int]], bits: int) -> tuple[MaskClass, ...]:
    """Group names by mask, the most bits first."""
    classes: dict[int, list[str]] = {}
    for name, mask in masks:
        classes.setdefault(mask, []).append(name)
    order = sorted(classes, key=lambda mask: (-mask.bit_count(), mask))
    return tuple(MaskClass(_spell(mask, bits), tuple(classes[mask])) for mask in order)


def _choose(name: str, masks: Mapping[str, int], bits: int) -> Choice:
    offered = min(bits + 1, WORD)
    return Choice(name if name in masks else "", _spell(masks.get(name, 0), offered))


def _spell(mask: int, bits: int) -> tuple[Held, ...]:
    return tuple(Held(name_bit(bit), has_bit(mask, bit)) for bit in range(bits))
