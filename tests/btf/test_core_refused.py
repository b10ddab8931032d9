"""Which of the kernel's types libbpf takes for a relocation, and when it refuses the object."""

from __future__ import annotations

import pytest

from kfmap.btf.core import REFUSED, RESOLVED, CoreResolver, ObjectSpecs
from kfmap.btf.ext import CoreKind, CoreRelocation
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.btf.core_types import Build, resolve, task, task_flavor

# candidates


def _two_tasks(offset: int) -> Build:
    def build(writer: BtfWriter) -> int:
        task(writer)
        number = writer.integer("unsigned int")
        return writer.struct("task", 32, [("pid", number, offset)])

    return build


def test_candidates_that_agree_are_one() -> None:
    found = resolve(task, _two_tasks(0), "0:0", CoreKind.FIELD_BYTE_OFFSET)
    assert (found.outcome, found.value, found.candidates) == (RESOLVED, 0, 2)


@pytest.mark.parametrize("kind", [CoreKind.FIELD_BYTE_OFFSET, CoreKind.FIELD_EXISTS])
def test_candidates_that_differ_refuse_the_object(kind: CoreKind) -> None:
    found = resolve(task, _two_tasks(64), "0:0", kind)
    assert (found.outcome, found.reason) == (REFUSED, "the kernel's types struct task differ here")


def test_candidates_without_the_field_do_not_count() -> None:
    assert resolve(task, _two_tasks(64), "0:1", CoreKind.FIELD_BYTE_OFFSET)[:2] == (RESOLVED, 4)


def test_candidates_are_of_the_same_kind() -> None:
    def union(writer: BtfWriter) -> int:
        return writer.union("task", 8, [("pid", writer.integer("unsigned int"), 0)])

    assert resolve(task, union, "0:0", CoreKind.FIELD_EXISTS)[1] == 0


def test_kernel_flavors_are_candidates() -> None:
    found = resolve(task, task_flavor, "0:1", CoreKind.FIELD_BYTE_OFFSET)
    assert found[:2] == (RESOLVED, 0)


def test_anonymous_types_have_no_candidates() -> None:
    def anonymous(writer: BtfWriter) -> int:
        return writer.struct("", 4, [("f", writer.integer("int"), 0)])

    found = resolve(anonymous, anonymous, "0:0", CoreKind.FIELD_EXISTS)
    assert (found.outcome, "anonymous" in found.reason) == (REFUSED, True)


# malformed relocations


@pytest.mark.parametrize(
    ("access", "kind"),
    [
        ("", CoreKind.FIELD_EXISTS),
        (":1", CoreKind.FIELD_EXISTS),
        ("0:x", CoreKind.FIELD_EXISTS),
        ("0:-1", CoreKind.FIELD_EXISTS),
        ("0:2", CoreKind.FIELD_EXISTS),
        ("0:0:0", CoreKind.FIELD_EXISTS),
        (":".join("0" * 65), CoreKind.FIELD_EXISTS),
        ("1", CoreKind.TYPE_EXISTS),
        ("0", CoreKind.ENUMVAL_VALUE),
        ("99999999999", CoreKind.FIELD_EXISTS),
    ],
)
def test_wrong_access_strings_refuse_the_object(access: str, kind: CoreKind) -> None:
    assert resolve(task, task, access, kind).outcome == REFUSED


def test_unknown_kind_and_type_refuse_the_object() -> None:
    writer = BtfWriter()
    number = task(writer)
    btf = read_btf(writer.build())
    resolver = CoreResolver(ObjectSpecs(btf), btf)
    for type_id, kind in ((number, 13), (99, CoreKind.FIELD_EXISTS), (0, CoreKind.TYPE_EXISTS)):
        assert resolver.resolve(CoreRelocation(0, type_id, "0", kind)).outcome == REFUSED


def _nested(levels: int) -> Build:
    """A struct whose only field is inside that many anonymous structs."""

    def build(writer: BtfWriter) -> int:
        current = writer.struct("", 4, [("deep", writer.integer("int"), 0)])
        for _ in range(levels - 1):
            current = writer.struct("", 4, [("", current, 0)])
        return writer.struct("s", 4, [("", current, 0)])

    return build


def test_fields_behind_64_steps_refuse_the_object() -> None:
    def local(writer: BtfWriter) -> int:
        return writer.struct("s", 4, [("deep", writer.integer("int"), 0)])

    assert resolve(local, _nested(62), "0:0", CoreKind.FIELD_EXISTS)[:2] == (RESOLVED, 1)
    for levels in (63, 200):
        found = resolve(local, _nested(levels), "0:0", CoreKind.FIELD_EXISTS)
        assert found.outcome == REFUSED


def test_anonymous_members_that_multiply_end() -> None:
    def kernel(writer: BtfWriter) -> int:
        current = writer.struct("", 4)
        for _ in range(40):
            current = writer.union("", 4, [("", current, 0), ("", current, 0)])
        return writer.struct("task", 4, [("", current, 0)])

    found = resolve(task, kernel, "0:0", CoreKind.FIELD_EXISTS)
    assert (found.outcome, "fields" in found.reason) == (REFUSED, True)
