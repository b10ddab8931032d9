"""One CO-RE relocation, resolved: types of an object against types of a kernel."""

from __future__ import annotations

from collections.abc import Callable

from kfmap.btf.core import CoreResolver, ObjectSpecs, Resolution
from kfmap.btf.ext import CoreKind, CoreRelocation
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter

Build = Callable[[BtfWriter], int]


def resolve(
    local: Build, kernel: Build, access: str, kind: CoreKind, byteorder: str = "little"
) -> Resolution:
    """Resolve one relocation of the type that `local` gives."""
    ours, theirs = BtfWriter(byteorder), BtfWriter(byteorder)
    type_id = local(ours)
    kernel(theirs)
    specs = ObjectSpecs(read_btf(ours.build()))
    relocation = CoreRelocation(0, type_id, access, kind)
    return CoreResolver(specs, read_btf(theirs.build())).resolve(relocation)


def nothing(writer: BtfWriter) -> int:
    return writer.integer("unrelated")


def task(writer: BtfWriter) -> int:
    number = writer.integer("unsigned int")
    return writer.struct("task", 16, [("pid", number, 0), ("cpu", number, 32)])


def moved_task(writer: BtfWriter) -> int:
    """The kernel's: `cpu` is in an anonymous struct, 24 bytes further, `pid` is gone."""
    number = writer.integer("unsigned int")
    inner = writer.struct("", 8, [("flags", number, 0), ("cpu", number, 32)])
    return writer.struct("task", 64, [("state", number, 0), ("", inner, 192)])


def task_flavor(writer: BtfWriter) -> int:
    return writer.struct("task___v2", 4, [("cpu", writer.integer("unsigned int"), 0)])
