"""Which function refers to which: all calls of an object, live or not, the same on every kernel."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from verifier.object.model import BpfObject, Code

_CALL = 0x85
_LOCK_HELPERS = (93, 94)  # bpf_spin_lock, bpf_spin_unlock
_PSEUDO_CALL = 1
_EXCEPTION_TAG = "exception_callback:"


@dataclass(slots=True)
class Calls:
    """What the code of one function refers to, each with its slot: externs called, functions called
    or passed on. `locks`: it takes or drops a bpf_spin_lock."""

    kfuncs: list[tuple[int, int]] = field(default_factory=list)
    functions: list[tuple[int, int]] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    locks: bool = False

    def callees(self) -> Iterator[int]:
        for _, function in self.functions:
            yield function
        for _, function in self.passed:
            yield function


class CallGraph:
    """The calls of every function, exception callbacks of programs included."""

    def __init__(self, obj: BpfObject) -> None:
        self.object = obj
        self.calls = [Calls() for _ in obj.functions]
        self._spans = _function_spans(obj)
        self._add_references()
        for section, code in obj.code.items():
            self._add_plain_calls(section, code)
        self.exception_callbacks = _find_exception_callbacks(obj)
        self.interesting = self._find_interesting()

    def function_at(self, section: str, slot: int) -> int | None:
        """Give the function that a slot belongs to."""
        starts, indexes = self._spans.get(section, ([], []))
        at = bisect_right(starts, slot) - 1
        if at < 0:
            return None
        function = self.object.functions[indexes[at]]
        return indexes[at] if slot < function.start + function.count else None

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """Give the functions reached from some, themselves first, dead code included."""
        found = list(dict.fromkeys(roots))
        known = set(found)
        for function in found:
            for callee in self.calls[function].callees():
                if callee not in known:
                    known.add(callee)
                    found.append(callee)
        return found

    def _add_references(self) -> None:
        for (section, slot), reference in self.object.references.items():
            if reference.kind not in ("kfunc", "call", "function"):
                continue
            function = self.function_at(section, slot)
            if function is None:
                continue
            calls = self.calls[function]
            kinds = {"kfunc": calls.kfuncs, "call": calls.functions, "function": calls.passed}
            is_call = self.object.code[section].opcodes[slot] == _CALL
            if is_call == (reference.kind != "function"):
                kinds[reference.kind].append((slot, reference.index))

    def _add_plain_calls(self, section: str, code: Code) -> None:
        """Calls within a section may have no relocation; locks are helper calls."""
        slot = code.opcodes.find(_CALL)
        while slot >= 0:
            pseudo = code.registers[slot] >> 4
            if pseudo == _PSEUDO_CALL and (section, slot) not in self.object.references:
                self._add_plain_call(section, slot, slot + code.immediates[slot] + 1)
            elif pseudo == 0 and code.immediates[slot] in _LOCK_HELPERS:
                function = self.function_at(section, slot)
                if function is not None:
                    self.calls[function].locks = True
            slot = code.opcodes.find(_CALL, slot + 1)

    def _add_plain_call(self, section: str, slot: int, target: int) -> None:
        function, callee = self.function_at(section, slot), self.function_at(section, target)
        if function is None or callee is None or self.object.functions[callee].start != target:
            return
        self.calls[function].functions.append((slot, callee))

    def _find_interesting(self) -> frozenset[int]:
        """Functions from which a kfunc call or a lock can be reached."""
        callers: dict[int, list[int]] = {}
        for function, calls in enumerate(self.calls):
            for callee in calls.callees():
                callers.setdefault(callee, []).append(function)
        waiting = [i for i, calls in enumerate(self.calls) if calls.kfuncs or calls.locks]
        found = set(waiting)
        while waiting:
            for caller in callers.get(waiting.pop(), ()):
                if caller not in found:
                    found.add(caller)
                    waiting.append(caller)
        return frozenset(found)


def _function_spans(obj: BpfObject) -> dict[str, tuple[list[int], list[int]]]:
    """Give starts, and functions by start, of every section."""
    by_section: dict[str, list[tuple[int, int]]] = {}
    for index, function in enumerate(obj.functions):
        by_section.setdefault(function.section, []).append((function.start, index))
    return {
        section: ([start for start, _ in spans], [index for _, index in spans])
        for section, spans in ((name, sorted(spans)) for name, spans in by_section.items())
    }


def _find_exception_callbacks(obj: BpfObject) -> dict[int, int]:
    """Program function → its exception callback, from its declaration tag."""
    if obj.btf is None:
        return {}
    by_name = {function.name: index for index, function in enumerate(obj.functions)}
    found = {}
    for program in obj.programs:
        type_id = obj.functions[program.function].type_id
        for tag in obj.btf.tags(type_id) if type_id else ():
            name = tag.name.removeprefix(_EXCEPTION_TAG)
            if name != tag.name and name in by_name:
                found[program.function] = by_name[name]
    return found
