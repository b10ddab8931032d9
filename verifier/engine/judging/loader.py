"""What the loader writes into the code before the verifier sees it, on one kernel.

CO-RE relocations, kconfig variables, addresses of externs, and .rodata as the user sets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from kfmap.btf.core import POISONED, REFUSED, CoreResolver, ObjectSpecs, Resolution
from kfmap.btf.ext import CoreRelocation
from verifier.engine.flow.body import OP_LDDW
from verifier.engine.flow.inputs import POISON, UNRESOLVED, Answer, Inputs, KfuncAnswer, Patch
from verifier.engine.flow.values import Asked, signed
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.judging.context_words import ContextReads, may_be_result, missing_word
from verifier.engine.judging.externs import (
    FOUND,
    Prototypes,
    Resolved,
    resolve_address,
    resolve_kfunc,
    unlike_variable,
)
from verifier.engine.judging.kconfig import Setting, read_setting
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.model import BpfObject, ExternKind, Program

NO_READS: ContextReads = {}
UNTYPED = "what its CO-RE relocations become: this kernel came without its types"
_PATCHES = (Asked.CORE, Asked.FAILS)


def _order(obj: BpfObject) -> Literal["little", "big"]:
    return "little" if obj.little_endian else "big"


def read_constants(obj: BpfObject, values: Mapping[str, int]) -> dict[int, bytes]:
    """Return the frozen data sections by index, with the values that the user's loader sets.

    `values` are of variables that there are (`choices.fit_choices`).
    """
    data = {index: bytearray(item.data) for index, item in enumerate(obj.data) if item.frozen}
    for name, value in values.items():
        for variable in obj.variables:
            if variable.name != name or variable.section not in data:
                continue
            size = variable.size
            number = (value & ((1 << 8 * size) - 1)).to_bytes(size, _order(obj))
            data[variable.section][variable.offset : variable.offset + size] = number
    return {index: bytes(item) for index, item in data.items()}


class Relocations:
    """CO-RE relocations of an object by section and slot, and the prototypes of its externs: the
    same for every kernel."""

    def __init__(self, obj: BpfObject) -> None:
        self.by_slot: dict[tuple[str, int], CoreRelocation] = {}
        self.first: dict[tuple[int, str, int], tuple[str, int]] = {}  # of all that ask the same
        self.specs = ObjectSpecs(obj.btf) if obj.btf else None
        self.prototypes = Prototypes(obj)
        for section in obj.btf_ext.core if obj.btf_ext else ():
            assert obj.btf_ext is not None
            for relocation in obj.btf_ext.core_relocations(section):
                place = section, relocation.slot
                self.by_slot[place] = relocation
                self.first.setdefault(relocation[1:], place)

    def first_alike(self, kind: Asked, section: int | str, slot: int) -> tuple[str, int] | None:
        """Return the place of the first relocation that asks what one asks which is asked about,
        None where something else is asked about."""
        if kind not in _PATCHES or not isinstance(section, str):
            return None
        relocation = self.by_slot.get((section, slot))
        return self.first[relocation[1:]] if relocation else None


class Loaded:
    """One object as the loader leaves it for one kernel."""

    def __init__(
        self,
        obj: BpfObject,
        relocations: Relocations,
        kernel: KernelUnderTest,
        choices: LoaderChoices = NO_CHOICES,
        context_reads: ContextReads = NO_READS,
    ) -> None:
        self.object = obj
        self.kernel = kernel
        self.choices = choices
        self._relocations = relocations
        self._context_reads = context_reads
        self._resolver = (
            CoreResolver(relocations.specs, kernel.types, kernel.core_memory)
            if relocations.specs and kernel.types
            else None
        )
        self._kfuncs: dict[int, Resolved] = {}
        self._settings: dict[int, Setting] = {}

    def kfunc(self, index: int) -> Resolved:
        """Return what becomes of an extern function."""
        if index not in self._kfuncs:
            extern = self.object.externs[index]
            self._kfuncs[index] = resolve_kfunc(
                self.object, extern, self.kernel, self._relocations.prototypes.of(index)
            )
        return self._kfuncs[index]

    def core(self, section: str, slot: int) -> Resolution | None:
        """Return the outcome of the CO-RE relocation at a slot.

        None if there is none, or the types of the kernel are not known.
        """
        relocation = self._relocations.by_slot.get((section, slot))
        if self._resolver is None or relocation is None:
            return None
        return self._resolver.resolve(relocation)

    def missing_word(self, section: str, slot: int) -> str:
        """Return that an instruction reads what the context lacks, "" where it does not."""
        read = self._context_reads.get((section, slot))
        return missing_word(read, self.kernel) if read else ""

    def reads_result(self, program: Program) -> bool:
        """Return whether a program may read the result in its context, also where it is not known
        which word that is."""
        return any(
            read.program is program and may_be_result(read, self.kernel)
            for read in self._context_reads.values()
        )

    def relocated(self) -> Iterable[tuple[str, int]]:
        """Return section and slot of all CO-RE relocations; of those that ask the same one."""
        return self._relocations.first.values()

    @cached_property
    def may_fail(self) -> bool:
        """Return whether any instruction may become invalid, for what this kernel lacks."""
        found = (self.core(*place) for place in self.relocated())
        return any(
            item.bad_access or item.outcome in (POISONED, REFUSED) for item in found if item
        ) or any(self.missing_word(*place) for place in self._context_reads)

    def lacks_variable(self, index: int) -> bool:
        """Return whether an extern variable is surely not in the kernel."""
        return self._address(index, 0) == 0

    def unlike_variable(self, index: int) -> str:
        """Return that an extern variable is of another type in the kernel, "" if it is not."""
        return unlike_variable(self.object, self.object.externs[index], self.kernel)

    def setting(self, index: int) -> Setting:
        """Return what an extern kconfig variable holds."""
        if index not in self._settings:
            extern = self.object.externs[index]
            self._settings[index] = read_setting(self.object, extern, self.kernel)
        return self._settings[index]

    def unknowns(self) -> Iterator[str]:
        """Name what the loader would take from this kernel and the map does not know."""
        if self._relocations.by_slot and self._resolver is None:
            yield UNTYPED
        for index, extern in enumerate(self.object.externs):
            if extern.kind == ExternKind.KCONFIG and self.setting(index).unknown:
                yield self.setting(index).unknown

    def inputs(self) -> Inputs:
        """Return the answers that walking the code asks for."""
        return Inputs(
            {
                Asked.CORE: self._patch,
                Asked.FAILS: lambda section, slot: self._patch(section, slot).outcome == POISON,
                Asked.KFUNC: self._kfunc_answer,
                Asked.ADDRESS: self._address,
                Asked.KCONFIG: self._kconfig,
                Asked.EMPTY_LOOPS: lambda *_: self._walks_empty_loops,
                Asked.SURE_LOOKUPS: lambda *_: self._trusts_lookups,
            },
            _order(self.object),
        )

    @property
    def _walks_empty_loops(self) -> bool:
        """Return whether a callback is walked once, whatever the number of turns.

        So it was until push_callback_call() came, with "bpf: verify callbacks as if they are called
        unknown number of times": 6.1.192 refuses what the callback of bpf_loop(0, …) may not do,
        and 6.12.107 does not look at it.
        """
        return self.kernel.has_function("push_callback_call") is False

    @property
    def _trusts_lookups(self) -> bool:
        """Return whether an element of an array is known to be there by a constant key.

        can_elide_value_nullness() of kernel/bpf/verifier.c, which is compiled into its callers:
        6.12.118 has it not, 6.17.8 has. Of the kernels read, those with check_load_mem() have it.
        """
        return self.kernel.has_function("check_load_mem") is True

    def _patch(self, section: int | str, slot: int) -> Patch:
        assert isinstance(section, str)
        if (section, slot) in self._context_reads:
            return Patch(POISON if self.missing_word(section, slot) else "value")
        resolution = self.core(section, slot)
        if resolution is None:
            return Patch(UNRESOLVED)
        if resolution.outcome in (POISONED, REFUSED):
            return Patch(POISON)
        if resolution.bad_access:
            opcode = self.object.code[section].opcodes[slot]
            if opcode & 7 in (1, 2, 3):
                return Patch(POISON)
        is_wide = self.object.code[section].opcodes[slot] == OP_LDDW
        return Patch("value", resolution.value if is_wide else signed(resolution.value, 32))

    def _kfunc_answer(self, index: int | str, _: int) -> Answer:
        assert isinstance(index, int)
        found = self.kfunc(index).outcome == FOUND
        name = self.object.externs[index].kernel_name
        listed = self.kernel.decider.find_listed(name)
        may_be_null = not listed or any("KF_RET_NULL" in item.entry.flags for item in listed)
        return KfuncAnswer(found, may_be_null)

    def _address(self, index: int | str, _: int) -> Answer:
        assert isinstance(index, int)
        return resolve_address(self.object, self.object.externs[index], self.kernel)

    def _kconfig(self, index: int | str, _: int) -> Answer:
        assert isinstance(index, int)
        return self.setting(index).data
