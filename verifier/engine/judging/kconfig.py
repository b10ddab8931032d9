"""Values of kconfig variables on one kernel, as libbpf sets them (set_kcfg_value_*()).

CONFIG_* come from the kernel's .config; LINUX_* are made up by libbpf.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from kfmap.btf.kinds import ENUMS, INT_BOOL, INT_SIGNED, Kind
from kfmap.btf.read import Btf, BtfError
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.model import BpfObject, Extern

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|\d+)")
_TRISTATE = {"n": 0, "y": 1, "m": 2}
_TRISTATE_SIZE = 4
_MAX_TEXT = 1 << 20  # bytes of a text; no kernel would map more
_U64 = (1 << 64) - 1

BOOL, CHAR, TRISTATE, INT, TEXT = "bool", "char", "tristate", "integer", "text"


class Setting(NamedTuple):
    """What a kconfig variable holds once libbpf has opened the object.

    `data` is None where it is not known, and `unknown` says why; `problem` is why libbpf refuses
    the object.
    """

    data: bytes | None
    unknown: str = ""
    problem: str = ""


class _Type(NamedTuple):
    """The C type of a kconfig variable, as far as libbpf tells them apart."""

    form: str
    size: int
    signed: bool


def read_setting(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> Setting:
    """Return what a kconfig variable holds on a kernel."""
    found = _type_of(obj.btf, extern.type_id) if obj.btf else None
    if found is None:
        return Setting(None, problem=f"{extern.name} has a type that no kconfig variable may have")
    order: Literal["little", "big"] = "little" if obj.little_endian else "big"
    if not extern.name.startswith("CONFIG_"):
        return _made_up(extern, found, kernel, order)
    if kernel.config is None:
        text = f"what value {extern.name} has: this kernel came without its configuration"
        return Setting(None, unknown=text)
    value = kernel.config.get(extern.name)
    if value is None:
        text = f"{extern.name} is not set in this kernel's configuration: declare it __weak"
        return Setting(bytes(found.size), problem="" if extern.weak else text)
    data = _from_config(value, found, order)
    if data is None:
        where = "in this kernel's configuration"
        text = f"{extern.name} is {value} {where}, which {_word(found)} cannot hold"
        return Setting(None, problem=text)
    return Setting(data)


def version_code(version: str) -> int | None:
    """Return LINUX_KERNEL_VERSION of a release; the last part has eight bits at most."""
    match = _VERSION.match(version)
    if match is None:
        return None
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major << 16 | minor << 8 | min(patch, 255)


def _type_of(btf: Btf, variable: int) -> _Type | None:
    """Mirror find_kcfg_type(); None for types that libbpf does not take."""
    try:
        type_id = btf.resolve(btf.type_of(variable))
        kind, size = btf.kind(type_id), btf.size(type_id)
        if kind is Kind.ARRAY:
            item = btf.resolve(btf.array(type_id).type_id)
            of = _integer(btf, item) if btf.kind(item) is Kind.INT else None
            is_text = of is not None and of.form == CHAR and 0 < size <= _MAX_TEXT
            return _Type(TEXT, size, False) if is_text else None
        if kind is Kind.INT:
            return _integer(btf, type_id)
        if kind in ENUMS and btf.name(type_id) == "libbpf_tristate" and size == _TRISTATE_SIZE:
            return _Type(TRISTATE, size, False)
    except BtfError:
        return None
    return None


def _integer(btf: Btf, type_id: int) -> _Type | None:
    encoding, size = btf.integer(type_id).encoding, btf.size(type_id)
    if size not in ((1,) if encoding & INT_BOOL else (1, 2, 4, 8)):
        return None
    form = BOOL if encoding & INT_BOOL else CHAR if size == 1 else INT
    return _Type(form, size, bool(encoding & INT_SIGNED))


def _made_up(
    extern: Extern, found: _Type, kernel: KernelUnderTest, order: Literal["little", "big"]
) -> Setting:
    """Return one of the variables that libbpf finds out about itself."""
    if extern.name == "LINUX_KERNEL_VERSION":
        number = version_code(kernel.facts.version)
    elif extern.name == "LINUX_HAS_BPF_COOKIE":
        # probe_kern_bpf_cookie() of tools/lib/bpf/features.c loads a program that calls the helper.
        number = kernel.has_enumerator("bpf_func_id", "BPF_FUNC_get_attach_cookie")
    elif extern.name == "LINUX_HAS_SYSCALL_WRAPPER":
        # probe_kern_syscall_wrapper() looks for __x64_sys_bpf and the like in kallsyms; this option
        # of some architectures gives system calls those names.
        number = kernel.has_option("CONFIG_ARCH_HAS_SYSCALL_WRAPPER")
    elif extern.weak and extern.name.startswith("LINUX_"):
        number = 0
    else:
        return Setting(None, problem=f"libbpf knows no kconfig variable {extern.name}")
    if number is None:
        return Setting(None, unknown=f"what {extern.name} is on this kernel")
    data = _from_number(number, found, order)
    problem = "" if data else f"{_word(found)} cannot hold {extern.name}"
    return Setting(data, problem=problem)


def _from_config(value: str, found: _Type, order: Literal["little", "big"]) -> bytes | None:
    """Return the bytes for the text in .config, None if libbpf finds that it does not fit."""
    if value[:1] in _TRISTATE:
        return _from_letter(value[0], found, order)
    if value.startswith('"'):
        text = value[1:-1].encode()
        fits = found.form == TEXT and len(value) > 1 and value.endswith('"')
        return text[: found.size - 1].ljust(found.size, b"\0") if fits else None
    if found.form not in (INT, CHAR) or not _NUMBER.fullmatch(value):
        return None
    octal = value.lstrip("+-").startswith("0") and value.isdigit()
    return _from_number(int(value, 8 if octal else 0) & _U64, found, order)


def _from_letter(letter: str, found: _Type, order: Literal["little", "big"]) -> bytes | None:
    if found.form == CHAR:
        return letter.encode()
    if found.form == BOOL:
        return None if letter == "m" else _TRISTATE[letter].to_bytes(1, order)
    return _TRISTATE[letter].to_bytes(found.size, order) if found.form == TRISTATE else None


def _from_number(value: int, found: _Type, order: Literal["little", "big"]) -> bytes | None:
    """Mirror set_kcfg_value_num(); `value` is an unsigned 64-bit number."""
    bits = 8 * found.size
    shifted = value + (1 << bits - 1) & _U64 if found.signed else value
    too_large = (found.size < 8 and shifted >> bits) or (found.form == BOOL and value > 1)
    if found.form not in (INT, CHAR, BOOL) or too_large:
        return None
    return (value & (1 << bits) - 1).to_bytes(found.size, order)


def _word(found: _Type) -> str:
    words = {BOOL: "a bool", CHAR: "a char", TRISTATE: "a tristate", TEXT: "a text"}
    return words.get(found.form, f"an integer of {found.size} bytes")
