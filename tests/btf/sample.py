"""A kernel's BTF in small, with types of every kind."""

from __future__ import annotations

from kfmap.btf.kinds import Kind
from tests.btf.btf_writer import BtfWriter


def sample_kernel(byteorder: str = "little") -> BtfWriter:
    """Write a kfunc with a tag, a function that is none, and types only reached through others."""
    writer = BtfWriter(byteorder)
    writer.section(".data..percpu", 4, [(2, 0, 4)])
    writer.variable("runqueues", 3)
    number = writer.integer("int")
    text = writer.pointer(writer.const(writer.integer("char", 1)))
    inner = writer.union("", 8, [("i", number, 0), ("text", text, 0)])
    rows = writer.array(writer.type_tag("rcu", writer.pointer(11)), 4, number)
    task = writer.struct("task_struct", 48, [("", inner, 0), ("rows", rows, 64), ("b", 3, 320, 3)])
    assert task == 11
    ordinary = writer.function(
        "ordinary", number, [("lonely", writer.pointer(writer.pointer(task)))]
    )
    kfunc = writer.function("bpf_task_acquire", writer.pointer(task), [("p", text)])
    writer.declaration_tag("bpf_kfunc", kfunc)
    writer.declaration_tag("on_ordinary", ordinary)
    writer.enum("color", [("RED", 1)])
    writer.enum64("wide", [("BLUE", 1 << 40)])
    writer.typedef("handler_t", writer.pointer(writer.prototype(0, [("", number), ("", 0)])))
    writer.enum("", [("UNUSED", 1)])
    writer.forward("later")
    writer.add(Kind.FLOAT, "double", 8)
    return writer
