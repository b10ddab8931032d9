"""Maps that a program may not use for what they hold or are, and what needs BTF of them.

Mirrors check_map_prog_compatibility() of kernel/bpf/verifier.c, which looks at every map that the
code of a program names, dead code included, and check_map_field_pointer() for timers and locks.
Which maps the kernel makes at all is in map_making.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.kernel.program_facts import KernelPart, MapRefusal
from verifier.engine.flow.set_up_maps import TIMER_INIT, map_register
from verifier.engine.flow.summary import MapUse
from verifier.engine.judging.built_without import options_off
from verifier.engine.judging.contexts import resolved_type
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.map_making import (
    keeps_no_types,
    misfit,
    misfit_for_libbpf,
    misfit_inside,
    needs_types,
)
from verifier.engine.judging.problem import Objection
from verifier.engine.object.map_types import map_type_name
from verifier.engine.object.model import BpfMap, BpfObject, Program
from verifier.engine.object.special_fields import LISTS, STRUCTS, ObjectFields, SpecialFields
from verifier.engine.result import FindingKind, Reason

_RULE = "map"
_INNER = "the inner maps of {0.name}"
# libbpf gives the kernel no types for maps of these (bpf_object__create_map()).
_UNTYPED = """
PERF_EVENT_ARRAY CGROUP_ARRAY STACK_TRACE ARRAY_OF_MAPS HASH_OF_MAPS DEVMAP DEVMAP_HASH CPUMAP
XSKMAP SOCKMAP SOCKHASH QUEUE STACK ARENA
"""
_WITHOUT_TYPES = frozenset(f"BPF_MAP_TYPE_{word}" for word in _UNTYPED.split())
_DEPRECATED = "_DEPRECATED"  # newer kernels' other name for the same number
_CGROUP_STORAGE = ("BPF_MAP_TYPE_CGROUP_STORAGE", "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE")
# Helpers by what they need in the map that they are given.
_NEEDS_TIMER = {169: "bpf_timer_init", 170: "bpf_timer_set_callback", 171: "bpf_timer_start"}
_NEEDS_LOCK = {93: "bpf_spin_lock", 94: "bpf_spin_unlock"}
_NEEDS = {
    **dict.fromkeys(_NEEDS_TIMER, ("bpf_timer", "BPF_TIMER")),
    **dict.fromkeys(_NEEDS_LOCK, ("bpf_spin_lock", "BPF_SPIN_LOCK")),
}
_RESILIENT_LOCKS = ("lock", "unlock", "lock_irqsave", "unlock_irqrestore")
_KFUNC_NEEDS = {
    **{
        f"bpf_res_spin_{word}": ("bpf_res_spin_lock", "BPF_RES_SPIN_LOCK")
        for word in _RESILIENT_LOCKS
    },
    "bpf_wq_init": ("bpf_wq", "BPF_WORKQUEUE"),
    **{
        f"bpf_task_work_schedule_{word}": ("bpf_task_work", "BPF_TASK_WORK")
        for word in ("signal", "resume", "signal_impl", "resume_impl")  # 6.18: _impl
    },
}


class _Held(NamedTuple):
    """What a map is and holds, as a refusal asks for it."""

    name: str
    type: str
    fields: frozenset[str]


_LOCK = "BPF_SPIN_LOCK"


class MapJudge:
    """Judges the maps of one object on one kernel."""

    def __init__(self, obj: BpfObject, fields: ObjectFields, kernel: KernelUnderTest) -> None:
        self._object = obj
        self._fields = fields
        self._kernel = kernel
        self._held: dict[int, _Held] = {}
        self._held_data: dict[int, _Held] = {}
        self._refused: dict[tuple[_Held, str | None, bool], Objection | None] = {}
        self._lacks: dict[int, bool] = {}

    @cached_property
    def _looks_inside(self) -> bool:
        """Return whether the kernel looks for special fields in structs within structs.

        That came with btf_repeat_fields(), in 6.11: "bpf: look into the types of the fields of a
        struct type recursively" (btf_find_struct_field(), kernel/bpf/btf.c).
        """
        functions = self._kernel.functions
        return functions is None or functions.has("btf_repeat_fields")

    @cached_property
    def _knows_lists(self) -> bool:
        """Return whether the kernel knows of lists and trees in maps, and refuses them to some."""
        return any(item.field in LISTS for item in self._kernel.facts.map_refusals or ())

    def _found(self, fields: SpecialFields) -> frozenset[str]:
        if not fields.own and not fields.nested:
            return frozenset()
        looks_inside = bool(fields.nested) and self._looks_inside  # names take long to unpack
        return fields.found(looks_inside, self._knows_lists)

    def objections(
        self, program: Program, maps: Iterable[int], data: Iterable[int]
    ) -> Iterator[tuple[bool, int, Objection]]:
        """Return the maps, and then the sections of data, that a program may not use, and why."""
        for index in maps:
            if objection := self.map_objection(program, index):
                yield False, index, objection
        for index, objection in self.second_storages(maps):
            yield False, index, objection
        for index in data:
            if objection := self.data_objection(program, index):
                yield True, index, objection

    def map_objection(self, program: Program, index: int) -> Objection | None:
        """Return why a program may not use a map of the object."""
        held = self._held.get(index)
        if held is None:
            item = self._object.maps[index]
            held = _Held(item.name, map_type_name(item.kind), self._fields_of(item))
            self._held[index] = held
        return self._objection(program, held)

    def data_objection(self, program: Program, index: int) -> Objection | None:
        """Return why a program may not use a section of global data, which is a map as well."""
        held = self._held_data.get(index)
        if held is None:
            fields = self._fields_of_data(index)
            held = _Held(self._object.data[index].name, "BPF_MAP_TYPE_ARRAY", fields)
            self._held_data[index] = held
        return self._objection(program, held)

    def second_storages(self, maps: Iterable[int]) -> Iterator[tuple[int, Objection]]:
        """Return which maps are cgroup storage beside another one of the same type.

        Mirrors bpf_cgroup_storage_assign() of kernel/bpf/local_storage.c.
        """
        first: dict[int, str] = {}
        for index in maps:
            item = self._object.maps[index]
            if map_type_name(item.kind) not in _CGROUP_STORAGE:
                continue
            if item.kind in first:
                names = f"{first[item.kind]} and {item.name}"
                text = f"only one cgroup storage of each type is allowed, and there are {names}"
                yield index, Objection(FindingKind.LOAD, (Reason(_RULE, text),))
            first.setdefault(item.kind, item.name)

    def _fields_of_data(self, index: int) -> frozenset[str]:
        return self._found(self._fields.of_data(index))

    def shared_data_problems(self) -> Iterator[Reason]:
        """Return which sections of data libbpf maps into memory and the kernel lets nobody map.

        Mirrors bpf_map_mmap() of kernel/bpf/syscall.c, which has no map with special fields, and
        bpf_object__load() of libbpf, which then gives up ("failed to re-mmap() contents").
        """
        for index, item in enumerate(self._object.data):
            fields = self._fields_of_data(index) if item.shared and not item.frozen else ()
            if fields and item.name.startswith((".data", ".bss")):
                names = " and ".join(sorted(STRUCTS[field] for field in fields))
                text = (
                    f"{item.name} holds {names}, which the kernel lets nobody map into memory, and "
                    "libbpf maps it because it has variables that are neither static nor __hidden: "
                    "make all variables beside them static or __hidden"
                )
                yield Reason(_RULE, text)

    def helper_objection(self, number: int, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return what a map lacks that a helper is given, or that it is another than it needs."""
        return self._lack(_NEEDS.get(number), maps) or self._other_map(number, maps)

    def may_lack(self, number: int) -> bool:
        """Return whether any map of the object lacks what a helper needs."""
        if number not in _NEEDS:
            return False
        if number not in self._lacks:
            every_map = [MapUse(False, index) for index in range(len(self._object.maps))]
            every_map += [MapUse(True, index) for index in range(len(self._object.data))]
            lacks = self.helper_objection(number, tuple(every_map)) is not None
            self._lacks[number] = lacks or (number == TIMER_INIT and len(self._object.maps) > 1)
        return self._lacks[number]

    def kfunc_objection(self, name: str, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return what a map lacks that a kfunc is given, or that it is another than it needs."""
        return self._lack(_KFUNC_NEEDS.get(name), maps) or self._other_map(name, maps)

    def _other_map(self, called: int | str, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return that a timer or work is set up with another map than the one it is in.

        check_func_arg() and check_kfunc_args() of kernel/bpf/verifier.c, in 7.3 in
        process_map_ptr_arg(): alike from 6.1 to 7.3.
        """
        register = map_register(called)
        if not register:
            return None
        given = {use.register: use.number for use in maps if not use.is_data}
        owner, other = given.get(register - 1), given.get(register)
        if owner is None or other is None or owner == other:
            return None
        names = self._object.maps[owner].name, self._object.maps[other].name
        text = (
            f"pointer in R{register - 1} doesn't match map pointer in R{register}: "
            f"it is in map {names[0]!r}, and is set up with {names[1]!r}"
        )
        advice = "give it the map in which the element was looked up"
        return Objection(FindingKind.LOAD, (Reason(_RULE, text),), advice=advice)

    def _objection(self, program: Program, held: _Held) -> Objection | None:
        key = held, resolved_type(program), program.kind.sleepable
        if key not in self._refused:
            self._refused[key] = self._find_refusal(*key)
        return self._refused[key]

    def _find_refusal(self, held: _Held, kind: str | None, sleepable: bool) -> Objection | None:
        for refusal in self._kernel.facts.map_refusals or ():
            if _applies(refusal, held, kind, sleepable):
                text = f"{refusal.message}: {_what(refusal, held)}"
                place = refusal.place
                reason = Reason(_RULE, text, place.file, place.line)
                return Objection(FindingKind.LOAD, (reason,))
        return None

    def unmade_maps(self) -> Iterator[Reason]:
        """Return which maps the kernel makes neither as they are nor without types."""
        for item in self._object.maps if self._object.btf else ():
            if why := self._unmade(item):
                yield Reason(_RULE, f"this kernel does not make map {item.name}: {why}")

    def maps_made_by_few(self) -> Iterator[Reason]:
        """Return which maps the kernel does not make for libbpf, and does for another loader."""
        for item in self._object.maps if self._object.btf and not self._object.refusals else ():
            for which, each in ((f"map {item.name}", item), (_INNER.format(item), item.inner)):
                if each and (why := misfit_for_libbpf(each, self._kernel)):
                    text = (
                        "libbpf hands on the size of __type(value, …), with which this kernel does "
                        f"not make {which}: {why}; cilium/ebpf leaves the size out"
                    )
                    yield Reason(_RULE, text)

    def _unmade(self, item: BpfMap) -> str:
        if item.inner and _LOCK in self._all_fields_of(item.inner) and self._locks_outer_maps_only:
            return "its inner maps hold struct bpf_spin_lock, which it takes in other maps only"
        if why := self._misfit(item):
            return why
        if not needs_types(item):
            return ""
        if not has_types(item):
            return "it needs the types of its keys and values (__type(key, int) and so on)"
        if not self._has_integer_keys(item):
            return "the type of its keys has to be an integer (bpf_local_storage_map_check_btf())"
        return self._unfit(item)

    def _misfit(self, item: BpfMap) -> str:
        """Return what a map says of itself that the kernel does not take, if it comes to that."""
        if self._object.refusals:  # libbpf does not open the object, and says why
            return ""
        if item.inner and (why := misfit_inside(item.inner, self._kernel)):
            return why
        return misfit(item, self._kernel)

    def _has_integer_keys(self, item: BpfMap) -> bool:
        btf = self._object.btf
        return btf is None or btf.kind(btf.resolve(item.key_type)) is Kind.INT

    @cached_property
    def _locks_outer_maps_only(self) -> bool:
        """Return whether inner maps may hold no lock (bpf_map_meta_alloc() of map_in_map.c).

        6.1.192 refuses them; 6.12.107 does not, since "bpf: Allow locking bpf_spin_lock in inner
        map values", which came together with btf_parse_fields().
        """
        return self._kernel.has_function("btf_parse_fields") is False

    def _unfit(self, item: BpfMap) -> str:
        """Return why the kernel does not make a map with the types of its values, "" if it does."""
        return keeps_no_types(item, self._all_fields_of(item), self._kernel)

    def _lack(self, need: tuple[str, str] | None, maps: tuple[MapUse, ...]) -> Objection | None:
        if need is None or self._object.btf is None:
            return None
        for use in maps:
            lack = self._data_lack if use.is_data else self._map_lack
            text = lack(use.number, *need)
            if text:
                return Objection(FindingKind.LOAD, (Reason(_RULE, text),))
        return None

    def _map_lack(self, index: int, struct: str, field: str) -> str:
        """Return what a map lacks that is used for such a struct, "" if nothing."""
        item = self._object.maps[index]
        if not has_types(item):
            return (
                f"map {item.name!r} has to have BTF in order to use {struct}: define it with "
                "__type(key, ...) and __type(value, ...) instead of sizes"
            )
        if why := self._unfit(item):
            return f"map {item.name!r} has to have BTF in order to use {struct}, and {why}"
        if field in self._fields_of(item):
            return ""
        fields = self._fields.of_type(item.value_type)
        return f"map {item.name!r} has no valid {struct}: {_mend(fields, field)}"

    def _data_lack(self, index: int, struct: str, field: str) -> str:
        """Return what a section of data lacks, "" if nothing is known to be lacking.

        Where no variable of it is one, the pointer is wrong, which is not judged.
        """
        fields = self._fields.of_data(index)
        if field not in fields.own or field in self._fields_of_data(index):
            return ""
        name = self._object.data[index].name
        return f"section {name} has no valid {struct}: {_mend(fields, field)}"

    def _fields_of(self, item: BpfMap) -> frozenset[str]:
        """Return the special fields of a map's values; none where the kernel gets no types."""
        fields = self._all_fields_of(item)
        return frozenset() if keeps_no_types(item, fields, self._kernel) else fields

    def _all_fields_of(self, item: BpfMap) -> frozenset[str]:
        """Return the special fields that the kernel finds in the types of a map's values."""
        if self._object.btf is None or not has_types(item):
            return frozenset()
        return self._found(self._fields.of_type(item.value_type))


def _mend(fields: SpecialFields, field: str) -> str:
    """Return what to do about a field that the kernel does not find in a type.

    It knows of no field at all where one of them is wrong (btf_parse_fields()).
    """
    if field not in fields.own:
        return "put one into its value"
    if not fields.roots_fit:
        return (
            "each list and tree beside it needs __contains(TYPE, NODE), where NODE is a "
            "bpf_list_node or bpf_rb_node of that struct"
        )
    return "keep one of each kind beside it, and a lock where there are lists or trees"


def has_types(item: BpfMap) -> bool:
    """Return whether libbpf can make a map with the types of its keys and values.

    A map with the type of one of them alone is made again without any (bpf_object__create_map()).
    """
    typed = bool(item.key_type and item.value_type)
    return typed and map_type_name(item.kind) not in _WITHOUT_TYPES


def _applies(refusal: MapRefusal, held: _Held, kind: str | None, sleepable: bool) -> bool:
    if refusal.field and refusal.field not in held.fields:
        return False
    if refusal.map_type and refusal.map_type.removesuffix(_DEPRECATED) != held.type:
        return False
    if refusal.sleepable and not sleepable:
        return False
    return not refusal.program_types or kind in refusal.program_types


def _what(refusal: MapRefusal, held: _Held) -> str:
    if refusal.field:
        return f"map {held.name} has one in its values"
    return f"map {held.name} is of type {held.type}"


def maps_of_kernel(kernel: KernelUnderTest, items: tuple[BpfMap, ...]) -> Iterator[Reason]:
    """Return which maps the kernel cannot make, for it has no such type."""
    known = kernel.map_kinds
    for item in items:
        name = map_type_name(item.kind)
        if known and item.kind and item.kind not in known:
            yield Reason(
                _RULE, f"map {item.name} is of type {name}, which this kernel does not have"
            )
        elif off := options_off(kernel.facts, KernelPart.MAP_TYPE, name):
            text = f"map {item.name} is of type {name}, which this kernel was built without{off}"
            yield Reason(_RULE, text)
