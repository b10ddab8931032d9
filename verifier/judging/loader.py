"""What the loader writes into the code before the verifier sees it, on one kernel.

CO-RE relocations, kconfig variables, addresses of externs, and .rodata as the user sets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from kfmap.btf.core import POISONED, REFUSED, CoreResolver, ObjectSpecs, Resolution
from kfmap.btf.ext import CoreRelocation
from kfmap.btf.kinds import ENUMS
from kfmap.btf.read import BtfError
from verifier.flow.body import OP_LDDW
from verifier.flow.inputs import POISON, UNRESOLVED, Answer, Inputs, KfuncAnswer, Patch
from verifier.flow.values import signed
from verifier.judging.externs import FOUND, Resolved, resolve_address, resolve_kfunc
from verifier.judging.kernel import KernelUnderTest
from verifier.object.model import BpfObject, Extern

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def _order(obj: BpfObject) -> Literal["little", "big"]:
    return "little" if obj.little_endian else "big"


class UnknownVariableError(ValueError):
    """A value was set for a variable that the object does not have in .rodata."""


def read_constants(obj: BpfObject, values: Mapping[str, int]) -> dict[int, bytes]:
    """Give the frozen data sections by index, with the values that the user's loader sets."""
    data = {index: bytearray(item.data) for index, item in enumerate(obj.data) if item.frozen}
    for name, value in values.items():
        found = [item for item in obj.variables if item.name == name and item.section in data]
        if not found:
            raise UnknownVariableError(f"{name} is no variable in .rodata of this object")
        for variable in found:
            size = variable.size
            number = (value & ((1 << 8 * size) - 1)).to_bytes(size, _order(obj))
            data[variable.section][variable.offset : variable.offset + size] = number
    return {index: bytes(item) for index, item in data.items()}


class Relocations:
    """CO-RE relocations of an object by section and slot, the same for every kernel."""

    def __init__(self, obj: BpfObject) -> None:
        self.by_slot: dict[tuple[str, int], CoreRelocation] = {}
        self.specs = ObjectSpecs(obj.btf) if obj.btf else None
        for section in obj.btf_ext.core if obj.btf_ext else ():
            assert obj.btf_ext is not None
            for relocation in obj.btf_ext.core_relocations(section):
                self.by_slot[section, relocation.slot] = relocation


class Loaded:
    """One object as the loader leaves it for one kernel."""

    def __init__(self, obj: BpfObject, relocations: Relocations, kernel: KernelUnderTest) -> None:
        self.object = obj
        self.kernel = kernel
        self._relocations = relocations
        self._resolver = (
            CoreResolver(relocations.specs, kernel.types)
            if relocations.specs and kernel.types
            else None
        )
        self._kfuncs: dict[int, Resolved] = {}

    def kfunc(self, index: int) -> Resolved:
        """Give what becomes of an extern function."""
        if index not in self._kfuncs:
            extern = self.object.externs[index]
            self._kfuncs[index] = resolve_kfunc(self.object, extern, self.kernel)
        return self._kfuncs[index]

    def core(self, section: str, slot: int) -> Resolution | None:
        """Give the outcome of the CO-RE relocation at a slot, None if the types are not known."""
        if self._resolver is None:
            return None
        return self._resolver.resolve(self._relocations.by_slot[section, slot])

    def relocated(self) -> Iterable[tuple[str, int]]:
        """Give section and slot of all CO-RE relocations."""
        return self._relocations.by_slot

    def lacks_variable(self, index: int) -> bool:
        """Tell whether an extern variable is surely not in the kernel."""
        return self._address(index, 0) == 0

    def lacks_option(self, index: int) -> bool:
        """Tell whether a CONFIG_ variable is surely not set in the kernel."""
        name, config = self.object.externs[index].name, self.kernel.config
        return config is not None and name.startswith("CONFIG_") and name not in config

    def inputs(self) -> Inputs:
        """Give the answers that walking the code asks for."""
        return Inputs(
            {
                "core": self._patch,
                "fails": lambda section, slot: self._patch(section, slot).outcome == POISON,
                "kfunc": self._kfunc_answer,
                "address": self._address,
                "kconfig": self._kconfig,
            },
            _order(self.object),
        )

    def _patch(self, section: int | str, slot: int) -> Patch:
        assert isinstance(section, str)
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
        return read_kconfig(self.object, self.object.externs[index], self.kernel)


def read_kconfig(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> bytes | None:
    """Give the bytes of a kconfig variable, None if they are not known."""
    if obj.btf is None:
        return None
    try:
        type_id = obj.btf.resolve(obj.btf.type_of(extern.type_id))
        size = obj.btf.size(type_id)
    except BtfError:
        return None
    if extern.name == "LINUX_KERNEL_VERSION":
        code = version_code(kernel.facts.version)
        return None if code is None else code.to_bytes(max(size, 4), _order(obj))[:size]
    if kernel.config is None or not extern.name.startswith("CONFIG_"):
        return None
    text = kernel.config.get(extern.name)
    if text is None:
        return bytes(size)
    tristate = obj.btf.kind(type_id) in ENUMS
    number = {"n": 0, "y": 1, "m": 2 if tristate else 1}.get(text)
    if number is None:
        return _number_or_text(text, size, obj)
    return number.to_bytes(size, _order(obj))


def version_code(version: str) -> int | None:
    """Give LINUX_KERNEL_VERSION of a release; the last part has eight bits at most."""
    match = _VERSION.match(version)
    if match is None:
        return None
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major << 16 | minor << 8 | min(patch, 255)


def _number_or_text(text: str, size: int, obj: BpfObject) -> bytes:
    if text.startswith('"'):
        return text.strip('"').encode()[: size - 1].ljust(size, b"\0")
    try:
        number = int(text, 0) & ((1 << 8 * size) - 1)
    except ValueError:
        return bytes(size)
    return number.to_bytes(size, _order(obj))
