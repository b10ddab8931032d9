"""What one object's relocation found in a kernel's types serves those of others that ask the same,
and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kfmap.btf.core import CoreMemory, CoreResolver, ObjectSpecs
from kfmap.btf.core_signature import sign
from kfmap.btf.core_spec import parse_spec
from kfmap.btf.ext import CoreKind, CoreRelocation
from kfmap.btf.read import Btf, read_btf
from tests.btf.btf_writer import BtfWriter

Build = Callable[[BtfWriter], int]
_FIELDS: dict[str, Build] = {
    "int": lambda writer: writer.integer("int"),
    "unsigned": lambda writer: writer.integer("unsigned int"),
    "long": lambda writer: writer.integer("long", 8),
    "pointer": lambda writer: writer.pointer(writer.integer("int")),
    "array": lambda writer: writer.array(writer.integer("int"), 4),
    "pointers": lambda writer: writer.array(writer.pointer(writer.integer("int")), 2),
    "enum": lambda writer: writer.enum("color", [("red", 1)]),
    "other enum": lambda writer: writer.enum("taste", [("sweet", 1)]),
    "struct": lambda writer: writer.struct("part", 8, [("x", writer.integer("int"), 0)]),
    "union": lambda writer: writer.union("part", 8, [("y", writer.integer("int"), 0)]),
}


def _task(field: str, name: str = "task") -> tuple[Btf, int]:
    writer = BtfWriter()
    number, part = writer.integer("first"), _FIELDS[field](writer)
    task = writer.struct(name, 32, [("pid", number, 0), ("it", part, 64)])
    return read_btf(writer.build()), task


def _relocations(task: int) -> list[CoreRelocation]:
    fields = [
        CoreRelocation(0, task, access, kind)
        for access in ("0", "0:0", "0:1", "1:1")
        for kind in (CoreKind.FIELD_BYTE_OFFSET, CoreKind.FIELD_BYTE_SIZE, CoreKind.FIELD_EXISTS)
    ]
    kinds = (CoreKind.TYPE_EXISTS, CoreKind.TYPE_SIZE, CoreKind.TYPE_MATCHES)
    return [*fields, *(CoreRelocation(0, task, "0", kind) for kind in kinds)]


@pytest.mark.parametrize("theirs", _FIELDS)
def test_objects_find_together_what_each_finds_alone(theirs: str) -> None:
    kernel, _ = _task(theirs)
    memory = CoreMemory()
    for field in (*_FIELDS, *reversed(_FIELDS)):
        for name in ("task", "task___old", "absent"):
            ours, task = _task(field, name)
            together = CoreResolver(ObjectSpecs(ours), kernel, memory)
            alone = CoreResolver(ObjectSpecs(ours), kernel)
            for relocation in _relocations(task):
                assert together.resolve(relocation) == alone.resolve(relocation)


def test_a_signature_is_that_of_the_same_question() -> None:
    def signature(field: str) -> object:
        btf, task = _task(field)
        relocation = CoreRelocation(0, task, "0:1", CoreKind.FIELD_BYTE_OFFSET)
        return sign(btf, parse_spec(btf, relocation), relocation.kind)

    assert signature("int") == signature("unsigned") == signature("long")  # sizes do not count
    assert signature("struct") == signature("union")
    told = ("int", "pointer", "array", "pointers", "enum", "other enum", "struct")
    assert len({signature(field) for field in told}) == len(told)
