"""Which function refers to which: all calls of an object, live or not, the same on every kernel."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import BtfError
from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.body import OP_CALL, OP_LDDW, plain_reference
from verifier.engine.flow.forks import (
    RESILIENT_LOCKS,
    SPIN_LOCK,
    SPIN_UNLOCK,
    TREE_ADD,
    forks_at_helper,
    forks_at_kfunc,
)
from verifier.engine.flow.region_calls import (
    Effect,
    ends_section,
    find_effect,
    has_region_effect,
    is_of_iterator,
)
from verifier.engine.flow.set_up_maps import may_mix_maps
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import EdgeKind
from verifier.engine.object.model import BpfObject, Code, Linkage, Reference, ReferenceKind
from verifier.engine.object.model import ExternKind as Kinds
from verifier.engine.object.results import Result, find_result

Path = tuple[tuple[int, int], ...]  # (function, slot in it that leads on)
_KEEP_FLAGS = re.compile(r"bpf_local_irq_(save|restore)|bpf_res_spin_(un)?lock_irq(save|restore)")
THROW = "bpf_throw"
_MAX_KEPT = 100_000  # functions in all paths that are kept
# Each gives an object an id of its own: the locks in two of them are two (is_kfunc_acquire()).
_MAKES_OBJECT = re.compile(
    r"bpf_obj_new(_impl)?|bpf_refcount_acquire(_impl)?|bpf_list_pop_(front|back)|bpf_rbtree_remove"
)
_NO_PREEMPTION = "bpf_preempt_disable"
_ODD = (Result.NOTHING, Result.OTHER)
_NEXT_ITEM = re.compile(r"bpf_iter_\w+_next")
_WORK_KFUNCS = ("bpf_wq_set_callback", "bpf_task_work_schedule")
_ON_MAPS = ("bpf_wq_", "bpf_task_work_", "bpf_res_spin_")
_PACKET_LOADS = (0x20, 0x28, 0x30, 0x40, 0x48, 0x50)  # LD_ABS and LD_IND of 4, 2 and 1 bytes
_TOLD = re.compile(
    b"[%s]" % b"".join(re.escape(bytes([op])) for op in (OP_CALL, OP_LDDW, *_PACKET_LOADS))
)


@dataclass(slots=True)
class Calls:
    """What the code of one function refers to, each with its slot: externs called, functions called
    or passed on, helpers called by number, maps and sections of data by index.

    `forks`: after which several states may follow. `asked`: slots of calls that begin or end
    regions, `locks` of those that may fail to, `iterated` of those of iterators. `relocated`:
    slots that CO-RE relocates; `packets`: slots of loads from a packet; `variables`: weak ones of
    the kernel.
    """

    kfuncs: list[tuple[int, int]] = field(default_factory=list)
    functions: list[tuple[int, int]] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    helpers: list[tuple[int, int]] = field(default_factory=list)
    maps: list[tuple[int, int]] = field(default_factory=list)
    data: list[tuple[int, int]] = field(default_factory=list)
    forks: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    locks: set[int] = field(default_factory=set)
    iterated: set[int] = field(default_factory=set)
    relocated: list[int] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)
    variables: list[tuple[int, int]] = field(default_factory=list)

    def leads(self) -> list[tuple[int, int]]:
        """Return (slot, function) for what is called and what is passed on, by slot."""
        return sorted((*self.functions, *self.passed))

    def callees(self) -> Iterator[int]:
        """Return the functions called, and those passed on."""
        return (function for _, function in (*self.functions, *self.passed))


class ExternKind(NamedTuple):
    """What calling an extern function does: to regions (`effect`), with the functions that it is
    given (`callbacks`, None: nothing that is known). `gives_next`: the next item of an iterator.
    `on_maps`: it matters which map it is given. `makes`: it returns an object of its own id."""

    name: str
    effect: Callable[[State], Effect] | None
    callbacks: EdgeKind | None
    gives_next: bool
    throws: bool
    on_maps: bool
    makes: bool


class CallGraph:
    """The calls of every function."""

    def __init__(self, obj: BpfObject) -> None:
        self.object = obj
        self.calls = [Calls() for _ in obj.functions]
        self.first_places = {section: at << 32 for at, section in enumerate(obj.code)}
        self._spans = _function_spans(obj)
        self._references: dict[str, dict[int, Reference]] = {section: {} for section in obj.code}
        self._pointers: dict[int, bool] = {}
        self._paths: dict[tuple[int, ...], dict[int, Path]] = {}
        self._room = _MAX_KEPT
        self._nesting: dict[int, frozenset[int]] = {}
        self._extern_kinds: dict[int, ExternKind] = {}
        self._kinds: dict[int, list[int]] = {}  # extern → which slots its calls are marked in
        self._add_references()
        for section, code in obj.code.items():
            self._add_helper_calls(section, code)
        self._add_relocated()
        self._callers = self._find_callers()
        # Global functions that a kernel may refuse for what they return, when they are called
        self.odd_globals = {
            at: result
            for at, item in enumerate(obj.functions)
            if item.linkage == Linkage.GLOBAL
            and (result := find_result(obj.btf, item.type_id)) in _ODD
        }
        self.has_locks = any(
            number == SPIN_LOCK for calls in self.calls for _, number in calls.helpers
        ) or any(extern.kernel_name in RESILIENT_LOCKS for extern in obj.externs)
        self.mixes_maps = may_mix_maps(obj, self.calls, self.references)
        told = self._told_globals()
        self.interesting = self.closure(
            calls.kfuncs
            or calls.helpers
            or calls.relocated
            or calls.variables
            or calls.packets
            or not told.isdisjoint(callee for _, callee in calls.functions)
            for calls in self.calls
        )
        keepers = {
            at for at, item in enumerate(obj.externs) if _KEEP_FLAGS.fullmatch(item.kernel_name)
        }
        self.keeps_flags = self.closure(
            any(extern in keepers for _, extern in calls.kfuncs) for calls in self.calls if keepers
        )
        # The address of a weak variable is 0 in a kernel that lacks it: nothing may be read there.
        self.may_lack_variables = any(calls.variables for calls in self.calls)

    def _told_globals(self) -> frozenset[int]:
        """Return the global functions whose calls matter: all where a region may forbid them."""
        forbids = self.has_locks or any(
            extern.kernel_name == _NO_PREEMPTION for extern in self.object.externs
        )
        return frozenset(
            at
            for at, item in enumerate(self.object.functions)
            if item.linkage == Linkage.GLOBAL and (forbids or at in self.odd_globals)
        )

    @cached_property
    def _ends_sections(self) -> bool:
        """Return whether anything in the object ends what may protect an iterator."""
        return self.has_locks or any(ends_section(item.kernel_name) for item in self.object.externs)

    def extern_kind(self, extern: int) -> ExternKind:
        """Return what calling an extern function does."""
        known = self._extern_kinds.get(extern)
        if known is None:
            name = self._name(extern)
            callbacks = EdgeKind.WORK if name.startswith(_WORK_KFUNCS) else EdgeKind.CALLBACK
            known = self._extern_kinds[extern] = ExternKind(
                name,
                find_effect(name, self._ends_sections),
                None if name.startswith(TREE_ADD) else callbacks,
                _NEXT_ITEM.fullmatch(name) is not None,
                name == THROW,
                name.startswith(_ON_MAPS),
                _MAKES_OBJECT.fullmatch(name) is not None,
            )
        return known

    def function_at(self, section: str, slot: int) -> int | None:
        """Return the function that a slot belongs to."""
        starts, indexes = self._spans.get(section, ([], []))
        at = bisect_right(starts, slot) - 1
        if at < 0:
            return None
        function = self.object.functions[indexes[at]]
        return indexes[at] if slot < function.start + function.count else None

    def find_paths(self, roots: Iterable[int]) -> Mapping[int, Path]:
        """Return every function reached from some, dead code included, on the shortest way there.

        Nearest first; a path has each function on the way, with the slot in it that leads on.
        """
        key = tuple(roots)
        paths = self._paths.get(key)
        if paths is None:
            paths = self._follow(key)
            if len(paths) <= self._room:
                self._room -= len(paths)
                self._paths[key] = paths
        return paths

    def _follow(self, roots: tuple[int, ...]) -> dict[int, Path]:
        paths: dict[int, Path] = dict.fromkeys(roots, ())
        waiting = deque(paths)
        while waiting:
            function = waiting.popleft()
            for slot, callee in self.calls[function].leads():
                if callee not in paths:
                    paths[callee] = (*paths[function], (function, slot))
                    waiting.append(callee)
        return paths

    def references(self, section: str) -> Mapping[int, Reference]:
        """Return slot → what the instruction refers to, with or without a relocation."""
        return self._references.get(section, {})

    def returns_pointer(self, extern: int) -> bool:
        """Return whether a kernel function returns an address, by its prototype."""
        if extern not in self._pointers:
            self._pointers[extern] = self._returns_pointer(self.object.externs[extern].type_id)
        return self._pointers[extern]

    def _returns_pointer(self, type_id: int) -> bool:
        btf = self.object.btf
        if btf is None or not type_id:
            return False
        try:
            if btf.kind(type_id) is Kind.FUNC:
                type_id = btf.type_of(type_id)
            return btf.kind(btf.resolve(btf.type_of(type_id))) is Kind.PTR
        except BtfError:
            return False

    def _add_references(self) -> None:
        """Sort references by section and slot, so that one look at each function is enough."""
        for (section, slot), reference in self.object.references.items():
            self._references.setdefault(section, {})[slot] = reference
        for section, references in self._references.items():
            ordered = sorted(references)
            for start, function in zip(*self._spans.get(section, ([], [])), strict=True):
                end = start + self.object.functions[function].count
                opcodes = self.object.code[section].opcodes
                for slot in ordered[bisect_left(ordered, start) : bisect_left(ordered, end)]:
                    self._add_reference(function, slot, references[slot], opcodes[slot] == OP_CALL)

    def _add_reference(self, function: int, slot: int, reference: Reference, is_call: bool) -> None:
        calls, kind = self.calls[function], reference.kind
        found = (slot, reference.index)
        if kind == ReferenceKind.MAP:
            calls.maps.append(found)
        elif kind == ReferenceKind.DATA:
            calls.data.append(found)
        elif kind == ReferenceKind.EXTERN:
            extern = self.object.externs[reference.index]
            if extern.weak and extern.kind == Kinds.KSYM:
                calls.variables.append(found)
        elif kind == ReferenceKind.FUNCTION and not is_call:
            calls.passed.append(found)
        elif kind == ReferenceKind.CALL and is_call:
            calls.functions.append(found)
        elif kind == ReferenceKind.KFUNC and is_call:
            calls.kfuncs.append(found)
            for slots in self._marks(calls, reference.index):
                slots.add(slot)

    def _marks(self, calls: Calls, extern: int) -> list[set[int]]:
        """Return which slots of a function a call of an extern is one of."""
        name = self._name(extern)
        if extern not in self._kinds:
            kinds = (
                forks_at_kfunc(name),
                name in RESILIENT_LOCKS,
                is_of_iterator(name),
                has_region_effect(name),
            )
            self._kinds[extern] = [at for at, holds in enumerate(kinds) if holds]
        slots = (calls.forks, calls.locks, calls.iterated, calls.asked)
        return [slots[at] for at in self._kinds[extern]]

    def _add_helper_calls(self, section: str, code: Code) -> None:
        """Find calls of helpers, and calls and addresses within a section without a relocation."""
        references = self._references[section]
        for match in _TOLD.finditer(code.opcodes):
            slot = match.start()
            if slot in references:
                continue
            if code.opcodes[slot] in _PACKET_LOADS:
                function = self.function_at(section, slot)
                if function is not None:
                    self.calls[function].packets.append(slot)
            elif code.registers[slot] >> 4:
                plain = plain_reference(code, slot, self.function_at)
                if plain is not None:
                    references[slot] = plain
                    function = self.function_at(section, slot)
                    if function is not None:
                        self._add_reference(function, slot, plain, code.opcodes[slot] == OP_CALL)
            elif code.opcodes[slot] == OP_CALL:
                self._add_helper_call(section, slot, code.immediates[slot])

    def _add_helper_call(self, section: str, slot: int, number: int) -> None:
        function = self.function_at(section, slot)
        if function is not None:
            self.calls[function].helpers.append((slot, number))
            if forks_at_helper(number):
                self.calls[function].forks.add(slot)
            elif number in (SPIN_LOCK, SPIN_UNLOCK):
                self.calls[function].asked.add(slot)

    def _add_relocated(self) -> None:
        """Note which functions CO-RE relocates."""
        core = self.object.btf_ext.core if self.object.btf_ext else {}
        for section, info in core.items():
            slots = sorted(info.slots)
            for start, function in zip(*self._spans.get(section, ([], [])), strict=True):
                end = start + self.object.functions[function].count
                self.calls[function].relocated = slots[
                    bisect_left(slots, start) : bisect_left(slots, end)
                ]

    def _name(self, extern: int) -> str:
        return self.object.externs[extern].kernel_name

    def _find_callers(self) -> list[list[int]]:
        callers: list[list[int]] = [[] for _ in self.calls]
        for function, calls in enumerate(self.calls):
            for callee in calls.callees():
                callers[callee].append(function)
        return callers

    def nesting(self, calls: int) -> frozenset[int]:
        """Return the functions from which so many calls may nest, addresses passed on included."""
        if calls not in self._nesting:
            found = frozenset(range(len(self.calls)))
            for _ in range(calls):
                found = frozenset(
                    caller for caller in found if not found.isdisjoint(self.calls[caller].callees())
                )
            self._nesting[calls] = found
        return self._nesting[calls]

    def closure(self, marks: Iterable[object]) -> frozenset[int]:
        """Return the functions that are marked, and those from which one can be reached."""
        waiting = [function for function, marked in enumerate(marks) if marked]
        found = set(waiting)
        while waiting:
            for caller in self._callers[waiting.pop()]:
                if caller not in found:
                    found.add(caller)
                    waiting.append(caller)
        return frozenset(found)


def _function_spans(obj: BpfObject) -> dict[str, tuple[list[int], list[int]]]:
    """Return starts, and functions by start, of every section."""
    by_section: dict[str, list[tuple[int, int]]] = {}
    for index, function in enumerate(obj.functions):
        by_section.setdefault(function.section, []).append((function.start, index))
    return {
        section: ([start for start, _ in spans], [index for _, index in spans])
        for section, spans in ((name, sorted(spans)) for name, spans in by_section.items())
    }
