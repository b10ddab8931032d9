"""Find what the kernel keeps in map values for itself: locks, timers, lists, trees.

Mirrors btf_get_field_type() and btf_find_field() of kernel/bpf/btf.c.
"""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError

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


_LOCKS = frozenset({"BPF_SPIN_LOCK", "BPF_RES_SPIN_LOCK"})
_NEED_LOCK = frozenset({"BPF_LIST_HEAD", "BPF_RB_ROOT"})  # btf_parse_fields() takes none without
_MANY = frozenset({"BPF_LIST_HEAD", "BPF_RB_ROOT"})  # of all others a value may have one


class SpecialFields(NamedTuple):
    """Names of enum btf_field_type: of the members of the type, and of those within its members.

    A name stands there as often as values have the field.
    """

    own: tuple[str, ...]
    nested: tuple[str, ...]

    def found(self, looks_inside: bool) -> frozenset[str]:
        """Return the fields that a kernel finds which looks into structs in structs, or not.

        None where it takes them for malformed: then it knows of no field at all.
        """
        found = (*self.own, *self.nested) if looks_inside else self.own
        fields = frozenset(found)
        if any(found.count(field) > 1 for field in fields - _MANY):
            return frozenset()
        return frozenset() if fields & _NEED_LOCK and not fields & _LOCKS else fields


NO_FIELDS = SpecialFields((), ())


def find_special_fields(btf: Btf, type_id: int) -> SpecialFields:
    """Return the special fields of a struct or DATASEC; none of a type that cannot be read."""
    found = _Search(btf)
    try:
        found.search(type_id)
    except BtfError:
        return NO_FIELDS
    return SpecialFields(tuple(found.own), tuple(found.nested))


class _Search:
    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._left = _MAX_MEMBERS
        self.own: list[str] = []
        self.nested: list[str] = []

    def search(self, type_id: int, depth: int = 0, is_many: bool = False) -> None:
        """Look at members; `is_many`: the type is in an array of several."""
        for member in self._members(type_id):
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

    def _members(self, type_id: int) -> list[int]:
        """Return the types of the members of a struct, or of the variables of a section."""
        btf = self._btf
        if btf.kind(type_id) is Kind.DATASEC:
            variables = [item.type_id for item in btf.variables(type_id)]
            return [btf.type_of(item) for item in variables if btf.kind(item) is Kind.VAR]
        struct = btf.resolve(type_id)
        return [m.type_id for m in btf.members(struct)] if btf.kind(struct) is Kind.STRUCT else []

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
