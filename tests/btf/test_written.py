"""Externs are compared with prototypes that are known as C text alone."""

from __future__ import annotations

import pytest

from kfmap.btf.kinds import EXTERN, INT_SIGNED
from kfmap.btf.read import Btf, read_btf
from kfmap.btf.written import explain_written
from tests.btf.btf_writer import BtfWriter


@pytest.fixture
def insert() -> tuple[Btf, int]:
    """Return `int insert(struct task_struct *p, unsigned long id)` of an object."""
    writer = BtfWriter()
    task = writer.pointer(writer.struct("task_struct", 8))
    number, result = writer.integer("u64", 8), writer.integer("int", 4, INT_SIGNED)
    type_id = writer.function("insert", result, [("p", task), ("id", number)], EXTERN)
    return read_btf(writer.build()), type_id


@pytest.mark.parametrize(
    "prototype",
    [
        "int insert(struct task_struct *p, u64 id)",
        "bool insert(const struct other *x, unsigned char y)",  # names and sizes do not count
        "ssize_t insert(struct task_struct *p, my_type_t id)",  # typedefs that are not told
        "int insert(struct task_struct *p, u64 id, struct bpf_prog_aux *aux)",  # implicit
        "int insert(void (*callback)(void), u64 id)",  # not told in short
        "int insert",
    ],
)
def test_what_fits_or_is_not_told_has_no_difference(
    insert: tuple[Btf, int], prototype: str
) -> None:
    assert explain_written(*insert, prototype) == ""


@pytest.mark.parametrize(
    ("prototype", "difference"),
    [
        ("int insert(void)", "it is declared with 2 arguments, the kernel's takes 0"),
        (
            "int insert(void *p, u64 id)",
            "argument 1 (p) is struct task_struct *, the kernel's is void *",
        ),
        (
            "int insert(struct task_struct **p, u64 id)",
            "argument 1 (p) is struct task_struct *, the kernel's is struct task_struct **",
        ),
        (
            "int insert(struct task_struct *p, enum mode id)",
            "argument 2 (id) is u64, the kernel's is enum mode",
        ),
        (
            "struct file * insert(struct task_struct *p, u64 id)",
            "it returns int, the kernel's returns struct file *",
        ),
        (
            "void insert(struct task_struct *p, u64 id)",
            "it returns int, the kernel's returns void",
        ),
    ],
)
def test_kinds_pointers_and_the_number_of_arguments_count(
    insert: tuple[Btf, int], prototype: str, difference: str
) -> None:
    assert explain_written(*insert, prototype) == difference


def test_a_struct_that_is_only_declared_may_fit() -> None:
    """The module's BTF may have it so, too."""
    writer = BtfWriter()
    item = writer.pointer(writer.forward("nf_conn"))
    type_id = writer.function("release", 0, [("item", item)], EXTERN)
    btf = read_btf(writer.build())
    assert explain_written(btf, type_id, "void release(struct nf_conn *item)") == ""
