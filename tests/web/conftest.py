"""The small map that tests of pages share: two toy kernels, the newer one changed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.catalogue.store import save_kernel
from kfmap.kernel.facts import Constant, Entry, Guard, KernelFacts, Kfunc, OpMask, Place, RunTime
from tests.permission.small_kernel import create_toy_kernel

HTML = "<script>alert(1)</script>"
SCRIPTED = "toy_&lt;script&gt;"


def create_older() -> KernelFacts:
    """Make a toy that checks a run-time mask: toy_now fails while `running` is called."""
    masks = RunTime(
        bits=(
            Constant("TOY_KF_UNLOCKED", 0),
            Constant("TOY_KF_NOW", 1),
            Constant("TOY_KF_REST", 2),
        ),
        ops=(
            OpMask("toy_ops", "enqueue", 1, (Place("kernel/toy.c", 80),)),
            OpMask("toy_ops", "running", 2, (Place("kernel/toy.c", 81),)),
        ),
        guards=(Guard("toy_now", 1, False, (("toy_now", Place("kernel/toy.c", 90)),)),),
        boundary_bits=(),
        place=Place("include/toy.h", 5),
    )
    return replace(create_toy_kernel(run_time=masks), name="8.0", version="8.0")


def create_newer() -> KernelFacts:
    """Make the toy without masks, without XDP kfuncs, and with one kfunc more."""
    toy = create_toy_kernel()
    entry = Entry("toy_new", ("KF_SLEEPABLE", "KF_RCU"), Place("kernel/sets.c", 99))
    sets = tuple(
        replace(item, entries=(*item.entries, entry)) if item.id == "toy_enqueue" else item
        for item in toy.sets
    )
    kfunc = Kfunc(
        "toy_new",
        "vmlinux",
        "int toy_new(struct task_struct *p)",
        Place("kernel/toy.c", 9),
        True,
        True,
    )
    registrations = tuple(item for item in toy.registrations if item.set_id != "xdp_ids")
    return replace(
        toy,
        name="8.1",
        version="8.1",
        sets=sets,
        registrations=registrations,
        kfuncs=(*toy.kfuncs, kfunc),
    )


@pytest.fixture
def toys(db: None) -> None:
    """Put both toys into the map."""
    save_kernel(create_older(), None)
    save_kernel(create_newer(), None)
