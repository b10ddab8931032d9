"""Read .BTF and .BTF.ext of an object, and refuse .BTF.ext that points outside of .BTF."""

from __future__ import annotations

from array import array

from kfmap.btf.ext import BtfExt, read_btf_ext
from kfmap.btf.read import Btf, read_btf
from verifier.engine.object.model import ObjectError
from verifier.engine.object.sections import Sections


def read_object_btf(sections: Sections, notes: list[str]) -> Btf | None:
    """Return the types of an object, None with a note if it was built without them.

    Raises ObjectError for struct_ops maps without BTF.
    """
    section = sections.by_name.get(".BTF")
    if section is not None:
        return read_btf(bytes(section.contents))
    notes.append(
        "no BTF: prototypes of kfuncs, struct_ops maps and configuration externs cannot be read; "
        "build with -g"
    )
    if sections.struct_ops:
        raise ObjectError(
            f"section {sections.struct_ops[0].name} cannot be read without BTF, and libbpf does "
            "not open such an object: build it with -g"
        )
    return None


def read_object_btf_ext(sections: Sections, btf: Btf | None, notes: list[str]) -> BtfExt | None:
    """Return source lines and CO-RE relocations, None with a note if there are none."""
    section = sections.by_name.get(".BTF.ext")
    if btf is None:
        return None
    if section is None:
        if sections.code:
            notes.append("no .BTF.ext: source lines and CO-RE relocations cannot be read")
        return None
    btf_ext = read_btf_ext(bytes(section.contents), btf)
    _check(btf_ext)
    return btf_ext


def _check(btf_ext: BtfExt) -> None:
    """Look up the highest string offset and type id of each column, which raises if outside."""
    strings: list[array[int]] = []
    types: list[array[int]] = []
    for functions in btf_ext.functions.values():
        types.append(functions.type_ids)
    for lines in btf_ext.lines.values():
        strings += [lines.files, lines.texts]
    for core in btf_ext.core.values():
        strings.append(core.accesses)
        types.append(core.type_ids)
    btf_ext.btf.string(max(map(max, filter(None, strings)), default=0))
    btf_ext.btf.kind(max(map(max, filter(None, types)), default=0))
