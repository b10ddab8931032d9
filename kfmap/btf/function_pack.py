"""Pack the names of all functions of a kernel for `FunctionNames` to read."""

from __future__ import annotations

import lzma
import sys
from array import array
from collections.abc import Collection, Iterator, Mapping

from kfmap.btf.elf import read_section
from kfmap.btf.function_names import HEADER, MARK, MAX_ARGUMENTS, WIDE_SHIFT, Refusal, hash_name
from kfmap.btf.kinds import COMPOSITE, ENUMS, KIND_SHIFT, MAX_KIND, Kind
from kfmap.btf.layout import BtfError, extra_words, index_types, read_header
from kfmap.btf.little_endian import to_little
from kfmap.btf.read import Btf

_MAX_ARGUMENT_SIZE = 16
_WORD = 8


def pack_functions(btf: Btf, modules: Collection[str] = ()) -> bytes:
    """Pack the functions of vmlinux's BTF, and the names of functions in modules if known."""
    codes = _read_codes(btf)
    names = sorted(codes)
    text = "".join(f"\n{name}" for name in names).encode() + b"\n"
    named = _compress(text + bytes(codes[name] for name in names))
    hashes = sorted({hash_name(name) for name in modules})
    steps = array("I", (b - a for a, b in zip([0, *hashes], hashes, strict=False)))
    raw = to_little(steps)
    hashed = _compress(b"".join(raw[plane::4] for plane in range(4))) if hashes else b""
    return MARK + HEADER.pack(len(named), len(names), len(hashes)) + named + hashed


def read_module_functions(module: bytes, vmlinux: Btf) -> Iterator[str]:
    """Return the names of the functions in a module: its raw BTF, or a .ko file that is unpacked.

    Its BTF is split: strings and types go on after those of vmlinux. Raises BtfError where it has
    none, or some that does not fit. Most of what was built with another vmlinux has ids that mean
    something else here, and a function whose type is no prototype: the kernel refuses such BTF, too
    (btf_func_check() in kernel/bpf/btf.c, "bpf: btf: Add BTF_KIND_FUNC", 5.0).
    """
    data = read_section(module, ".BTF") if module.startswith(b"\x7fELF") else module
    header = read_header(data)
    words = array("I")
    words.frombytes(memoryview(data)[header.types[0] : header.types[1]])
    if header.byteorder != sys.byteorder:
        words.byteswap()
    strings = data[header.strings[0] : header.strings[1]]
    first = vmlinux.strings_length
    starts = index_types(words, extra_words(data, header))
    for at in starts[1:]:
        if words[at] >> KIND_SHIFT & MAX_KIND == Kind.FUNC:
            offset, proto = words[at - 1], words[at + 1]
            own = proto - len(vmlinux) + 1
            if own <= 0:
                kind = int(vmlinux.kind(proto))
            else:
                kind = words[starts[own]] >> KIND_SHIFT & MAX_KIND if own < len(starts) else 0
            if kind != Kind.FUNC_PROTO:
                raise BtfError("the types are those of a module of another build")
            yield vmlinux.string(offset) if offset < first else _own(strings, offset - first)


def _own(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    if end < 0:
        raise BtfError(f"string offset {offset} of a module is outside its strings")
    return strings[offset:end].decode(errors="backslashreplace")


def _read_codes(btf: Btf) -> Mapping[str, int]:
    """Return the functions by name with their number of arguments, or why none can attach.

    Of several with one name the first counts, as it does to libbpf (btf__find_by_name_kind()).
    """
    codes: dict[str, int] = {}
    for type_id in btf.ids_of(Kind.FUNC):
        name = btf.name(type_id)
        if name.isprintable() and name not in codes:
            codes[name] = _distill(btf, btf.type_of(type_id))
    return codes


def _distill(btf: Btf, proto: int) -> int:
    """Mirror btf_distill_func_proto() (kernel/bpf/btf.c)."""
    params = btf.params(proto)
    if len(params) > MAX_ARGUMENTS:
        return Refusal.TOO_MANY_ARGUMENTS
    returned = _size(btf, btf.type_of(proto))
    if returned is None or _kind(btf, btf.type_of(proto)) in COMPOSITE:
        return Refusal.RETURN_TYPE
    if params and not params[-1].type_id:
        return Refusal.VARIABLE_ARGUMENTS
    wide = 0
    for param in params:
        size = _size(btf, param.type_id)
        if size is None or size > _MAX_ARGUMENT_SIZE:
            return Refusal.ARGUMENT_TYPE
        if not size:
            return Refusal.VOID_ARGUMENT
        wide += size > _WORD
    return len(params) | wide << WIDE_SHIFT


def _kind(btf: Btf, type_id: int) -> Kind:
    return btf.kind(btf.resolve(type_id)) if type_id else Kind.UNKN


def _size(btf: Btf, type_id: int) -> int | None:
    """Mirror __get_type_size(): 0 for void, None for what it does not know."""
    if not type_id:
        return 0
    resolved = btf.resolve(type_id)
    kind = btf.kind(resolved)
    if kind is Kind.PTR:
        return 8
    if kind is Kind.INT or kind in ENUMS or kind in COMPOSITE:
        return btf.size(resolved)
    return None if kind is not Kind.UNKN else 0


def _compress(data: bytes) -> bytes:
    return lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
