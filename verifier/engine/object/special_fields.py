"""Find what the kernel keeps in map values for itself: locks, timers, lists, trees.

Mirrors btf_get_field_type() and btf_find_field() of kernel/bpf/btf.c.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from verifier.engine.object.model import BpfObject

# The struct's name → the enumerator of enum btf_field_type (include/linux/bpf.h).
FIELDS = {
    "bpf_spin_lock": "BPF_SPIN_LOCK",
    "bpf_res_spin_lock": "BPF_RES_SPIN_LOCK",
    "bpf_timer": "BPF_TIMER",
    "bpf_wq": "BPF_WORKQUEUE",
    "bpf_task_work": "BPF_TASK_WORK",
    "bpf_list_head": "BPF_LIST_HEAD",
    "bpf_rb_root": "BPF_RB_ROOT",
    "bpf_refcount": "BPF_REFCOUNT",
}
STRUCTS = {field: struct for struct, field in FIELDS.items()}
_MAX_DEPTH = 16
_MAX_MEMBERS = 20_000


_CONTAINS = "contains:"
_NODES = {"BPF_LIST_HEAD": "bpf_list_node", "BPF_RB_ROOT": "bpf_rb_node"}
_LOCKS = frozenset({"BPF_SPIN_LOCK", "BPF_RES_SPIN_LOCK"})
# btf_parse_fields() takes none of these without a lock, and several; of all others one.
LISTS = frozenset({"BPF_LIST_HEAD", "BPF_RB_ROOT"})


class SpecialFields(NamedTuple):
    """Names of enum btf_field_type: of the members of the type, and of those within its members.

    A name stands there as often as values have the field. `roots_fit`: every list and tree says
    what it contains.
    """

    own: tuple[str, ...]
    nested: tuple[str, ...]
    roots_fit: bool = True

    def found(self, looks_inside: bool, knows_lists: bool = True) -> frozenset[str]:
        """Return the fields that a kernel finds which looks into structs in structs, or not.

        None where it takes them for malformed: then it knows of no field at all. Kernels before
        lists and trees (6.1) take those for any other struct.
        """
        found = (*self.own, *self.nested) if looks_inside else self.own
        fields = frozenset(found)
        if not knows_lists:
            fields -= LISTS
        elif not self.roots_fit:
            return frozenset()
        if any(found.count(field) > 1 for field in fields - LISTS):
            return frozenset()
        return frozenset() if fields & LISTS and not fields & _LOCKS else fields


NO_FIELDS = SpecialFields((), ())


def find_special_fields(btf: Btf, type_id: int) -> SpecialFields:
    """Return the special fields of a struct or DATASEC; none of a type that cannot be read."""
    found = _Search(btf)
    try:
        found.search(type_id)
    except BtfError:
        return NO_FIELDS
    return SpecialFields(tuple(found.own), tuple(found.nested), found.roots_fit)


class ObjectFields:
    """The special fields in the values of an object's maps and data, each type read once."""

    def __init__(self, obj: BpfObject) -> None:
        self._object = obj
        self._of_types: dict[int, SpecialFields] = {}

    @cached_property
    def _has_any(self) -> bool:
        """Return whether any type of the object may have one: most name none of these structs."""
        btf = self._object.btf
        return btf is not None and any(map(btf.mentions, FIELDS))

    def of_type(self, type_id: int) -> SpecialFields:
        """Return the fields of a type of the object, which has types."""
        if not self._has_any:
            return NO_FIELDS
        found = self._of_types.get(type_id)
        if found is None:
            btf = self._object.btf
            found = find_special_fields(btf, type_id) if btf else NO_FIELDS
            self._of_types[type_id] = found
        return found

    def of_data(self, index: int) -> SpecialFields:
        """Return the fields of a section of data, none where the object has no type of it."""
        if not self._has_any:
            return NO_FIELDS
        btf = self._object.btf
        datasec = next(iter(btf.sections(self._object.data[index].name)), None) if btf else None
        return NO_FIELDS if datasec is None else self.of_type(datasec)


class _Search:
    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._left = _MAX_MEMBERS
        self.own: list[str] = []
        self.nested: list[str] = []
        self.roots_fit = True

    def search(self, type_id: int, depth: int = 0, is_many: bool = False) -> None:
        """Look at members; `is_many`: the type is in an array of several."""
        for member, tagged, component in self._members(type_id):
            self._left -= 1
            if depth >= _MAX_DEPTH or self._left < 0:
                return
            of, length = self._element(member)
            if self._btf.kind(of) is not Kind.STRUCT:
                continue
            field = FIELDS.get(self._btf.name(of))
            if field is None:
                self.search(of, depth + 1, is_many or length > 1)
            else:
                is_own = not depth and length == 1
                times = 2 if is_many or length > 1 else 1
                (self.own if is_own else self.nested).extend([field] * times)
                if node := _NODES.get(field):
                    self.roots_fit &= self._names_node(tagged, component, node)

    def _members(self, type_id: int) -> list[tuple[int, int, int]]:
        """Return the types of the members of a struct, or of the variables of a section.

        With each comes what its declaration tags are on: a type, and which member of it.
        """
        btf = self._btf
        if btf.kind(type_id) is Kind.DATASEC:
            variables = [item.type_id for item in btf.variables(type_id)]
            variables = [item for item in variables if btf.kind(item) is Kind.VAR]
            return [(btf.type_of(item), item, -1) for item in variables]
        struct = btf.resolve(type_id)
        if btf.kind(struct) is not Kind.STRUCT:
            return []
        return [(item.type_id, struct, at) for at, item in enumerate(btf.members(struct))]

    def _names_node(self, tagged: int, component: int, node: str) -> bool:
        """Return whether the tag of a list or tree names a struct and a node in it.

        Mirrors btf_find_graph_root() and btf_parse_graph_root().
        """
        btf = self._btf
        for tag in btf.tags(tagged):
            if tag.component != component or not tag.name.startswith(_CONTAINS):
                continue
            struct, _, member = tag.name.removeprefix(_CONTAINS).partition(":")
            found = btf.find(struct, Kind.STRUCT)
            types = (
                [item.type_id for item in btf.members(found) if item.name == member]
                if found
                else []
            )
            return any(btf.name(btf.resolve(item)) == node for item in types)
        return False

    def _element(self, type_id: int) -> tuple[int, int]:
        """Return what an array is of, and how many, or the type itself and one."""
        length = 1
        for _ in range(_MAX_DEPTH):
            type_id = self._btf.resolve(type_id)
            if self._btf.kind(type_id) is not Kind.ARRAY:
                return type_id, length
            array = self._btf.array(type_id)
            type_id, length = array.type_id, length * array.length
        return 0, length
