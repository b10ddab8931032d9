"""Find the kernel of the map that comes nearest to one of which only the types are known.

The rules of who may call what are not in BTF. Those of the nearest kernel stand in for them: an
estimate, which is said with its distance, the count of what differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from kfmap.btf.declare import declare_function
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from kfmap.kernel.facts import (
    VMLINUX,
    Entry,
    Filter,
    KernelFacts,
    Kfunc,
    KfuncSet,
    Origin,
    Place,
    Registration,
    SetKind,
    StructOps,
)
from kfmap.kernel.rule_form import Branch, Decide, InSet, Unknown

_ONLY_IN_TYPES = "only_in_the_types"
_NOT_READ = "source that was not given"
_TAG = "bpf_kfunc"  # of pahole --btf_features=decl_tag_kfuncs, since Linux 6.10
_TELLING = ("BPF", "BTF", "SCHED_CLASS_EXT", "KPROBE", "FTRACE", "LSM", "CGROUP", "MODULES")


@dataclass(frozen=True, slots=True)
class Difference:
    """How types differ from a kernel of the map. Members are written `struct.member`.

    `options` are those of the configuration that decide about BPF, with both values; none where no
    configuration is known.
    """

    kernel: str
    kfuncs_added: tuple[str, ...]
    kfuncs_gone: tuple[str, ...]
    prototypes: tuple[str, ...]
    members_added: tuple[str, ...]
    members_gone: tuple[str, ...]
    options: tuple[tuple[str, str, str], ...] = ()

    @property
    def distance(self) -> int:
        """Count the differences; options do not count, for not all of them matter."""
        return sum(
            map(
                len,
                (
                    self.kfuncs_added,
                    self.kfuncs_gone,
                    self.prototypes,
                    self.members_added,
                    self.members_gone,
                ),
            )
        )

    @property
    def weight(self) -> int:
        """Return how unlikely it is that both are of one series.

        An option takes kfuncs away; only another source adds one or changes a prototype.
        """
        return 2 * self.distance - len(self.kfuncs_gone) - len(self.members_gone)


class Types:
    """What the types of a kernel say of its kfuncs and struct_ops types."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self.tagged = {
            btf.name(type_id)
            for type_id in btf.ids_of(Kind.FUNC)
            if any(tag.name == _TAG for tag in btf.tags(type_id))
        }

    def prototype(self, name: str) -> str | None:
        """Return a function's declaration, None where there is no such function."""
        found = self.btf.find(name, Kind.FUNC)
        return None if found is None else declare_function(self.btf, found)

    def members(self, struct: str) -> set[str] | None:
        """Return the named members of a struct, None where there is no such struct."""
        found = self.btf.find(struct, Kind.STRUCT)
        if found is None:
            return None
        return {member.name for member in self.btf.members(found) if member.name}


def find_like(kernel: KernelFacts, kernels: Iterable[KernelFacts]) -> str:
    """Return which kernel shares most kfuncs with one that was read or asked; "" if there is none.

    Of equals it is the one with the same configuration, then of the same release, then the one with
    the shortest name: a flavour is called like the plain one with a word more.
    """
    names = {kfunc.name for kfunc in kernel.kfuncs} or set(kernel.observed_kfuncs)

    def rank(other: KernelFacts) -> tuple[int, bool, bool, int, str]:
        return (
            len(names ^ {kfunc.name for kfunc in other.kfuncs}),
            other.origin.config_sha256 != kernel.origin.config_sha256,
            other.version != kernel.version,
            len(other.name),
            other.name,
        )

    return min(map(rank, kernels), default=(0, False, False, 0, ""))[-1]


def find_nearest(types: Types, kernels: Iterable[KernelFacts], release: str = "") -> Difference:
    """Compare types with each kernel; return the likeliest, of equals the plain one of a series.

    Raises ValueError where there is no kernel with rules.
    """
    found = [(measure(types, facts), facts) for facts in kernels if facts.registrations]
    if not found:
        raise ValueError("the map has no kernel with rules")
    wanted = release.split(".")[:2]

    def rank(item: tuple[Difference, KernelFacts]) -> tuple[int, bool, int]:
        difference, facts = item
        return difference.weight, facts.version.split(".")[:2] != wanted, len(facts.name)

    return min(found, key=rank)[0]


def measure(types: Types, facts: KernelFacts) -> Difference:
    """Compare types with the facts of a kernel. Modules' kfuncs have types of their own."""
    own = {kfunc.name: kfunc for kfunc in facts.kfuncs if kfunc.owner == VMLINUX}
    known = {kfunc.name for kfunc in facts.kfuncs}
    has_types = bool(facts.origin.btf_sha256)
    gone, prototypes = [], []
    for name, kfunc in own.items():
        prototype = types.prototype(name)
        if prototype is None:
            gone.append(name)
        elif has_types and kfunc.prototype and prototype != kfunc.prototype:
            prototypes.append(name)
    came, went = _compare_members(types, facts)
    added = {name for name in types.tagged if not name.endswith("_impl")} - known
    return Difference(
        facts.name, tuple(sorted(added)), tuple(sorted(gone)), tuple(sorted(prototypes)), came, went
    )


def _compare_members(types: Types, facts: KernelFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    came: list[str] = []
    went: list[str] = []
    for ops in facts.struct_ops:
        now = types.members(ops.name)
        if now is None:
            if ops.owner == VMLINUX:
                went.append(ops.name)
            continue
        before = {member.name for member in ops.members}
        came += [f"{ops.name}.{name}" for name in sorted(now - before)]
        went += [f"{ops.name}.{name}" for name in sorted(before - now)]
    return tuple(came), tuple(went)


def compare_options(
    before: Mapping[str, str] | None, now: Mapping[str, str] | None
) -> tuple[tuple[str, str, str], ...]:
    """Return the options about BPF that differ, with both values; "" is one that is off."""
    if before is None or now is None:
        return ()
    names = sorted(name for name in {*before, *now} if any(word in name for word in _TELLING))
    return tuple(
        (name, before.get(name, ""), now.get(name, ""))
        for name in names
        if before.get(name) != now.get(name)
    )


def estimate_facts(
    types: Types, like: KernelFacts, difference: Difference, release: str, origin: Origin
) -> KernelFacts:
    """Return the facts of the nearest kernel with the kfuncs and members that the types have.

    What only the types have is in no set that was read, so its cells are unknown; what they lack
    is taken out.
    """
    gone = {*difference.kfuncs_gone}
    sets = tuple(
        replace(item, entries=tuple(e for e in item.entries if e.kfunc not in gone))
        for item in like.sets
    )
    kept = [
        replace(kfunc, prototype=types.prototype(kfunc.name) or kfunc.prototype)
        for kfunc in like.kfuncs
        if kfunc.name not in gone
    ]
    came = [
        Kfunc(name, VMLINUX, types.prototype(name) or "", None, True, True)
        for name in difference.kfuncs_added
    ]
    facts = replace(
        like,
        version=release or like.version,
        origin=origin,
        sets=sets,
        kfuncs=tuple(sorted((*kept, *came), key=lambda kfunc: kfunc.name)),
        struct_ops=tuple(_without_members(like.struct_ops, difference.members_gone)),
    )
    return _with_unknown(facts, difference.kfuncs_added) if difference.kfuncs_added else facts


def _without_members(types: Iterable[StructOps], gone: Collection[str]) -> Iterator[StructOps]:
    """Return struct_ops types without those, and without the members, that are gone."""
    for ops in types:
        if ops.name not in gone:
            kept = tuple(m for m in ops.members if f"{ops.name}.{m.name}" not in gone)
            yield replace(ops, members=kept)


def _with_unknown(facts: KernelFacts, kfuncs: tuple[str, ...]) -> KernelFacts:
    """Return facts in which some kfuncs are unknown everywhere.

    They are on each hook, behind a filter that answers nothing for them and lets all others pass.
    """
    place = Place(_NOT_READ, 1)
    kfunc_set = KfuncSet(
        _ONLY_IN_TYPES,
        _ONLY_IN_TYPES,
        SetKind.KFUNCS,
        VMLINUX,
        place,
        tuple(Entry(name, (), place) for name in kfuncs),
    )
    unknown = Unknown("which programs may call it: no source was given", _NOT_READ, 1)
    passes = Decide(refuse=False, file=_NOT_READ, line=1)
    rule = Branch(InSet(_ONLY_IN_TYPES), _NOT_READ, 1, unknown, passes)
    filter_ = Filter(_ONLY_IN_TYPES, _ONLY_IN_TYPES, place, rule)
    program_types = {item.hook: item.program_type for item in facts.hook_of if item.hook}
    same = (_ONLY_IN_TYPES, _ONLY_IN_TYPES, VMLINUX, _ONLY_IN_TYPES, place, place)
    registrations = [
        Registration(program_type, hook, *same) for hook, program_type in program_types.items()
    ]
    return replace(
        facts,
        sets=tuple(sorted((*facts.sets, kfunc_set), key=lambda item: item.id)),
        filters=tuple(sorted((*facts.filters, filter_), key=lambda item: item.id)),
        registrations=tuple(
            sorted((*facts.registrations, *registrations), key=lambda r: (r.place, r.hook))
        ),
    )
