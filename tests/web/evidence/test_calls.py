"""An answer says what the kernel did with the call while a scheduler ran."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.test import Client

from kfmap.catalogue.bundled_kernels import BUNDLED
from kfmap.catalogue.loading import load_bundled
from kfmap.catalogue.models import Kernel
from kfmap.evidence.calls import find_call
from kfmap.permission.context import Context

KERNEL = Kernel(name="6.18", source=Kernel.Source.BUNDLED)


def _op(member: str, struct_ops: str = "sched_ext_ops") -> Context:
    return Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops=struct_ops, member=member)


def test_a_call_is_let_through_ends_the_scheduler_or_stops_the_machine() -> None:
    passed = find_call(KERNEL, _op("enqueue"), "scx_bpf_dsq_insert")
    failed = find_call(KERNEL, _op("running"), "scx_bpf_dsq_insert")
    stopped = find_call(KERNEL, _op("cgroup_move"), "scx_bpf_dsq_move")
    assert passed and failed and stopped
    assert (passed.release, passed.message, passed.stops) == ("6.18.15+deb13-amd64", "", False)
    assert failed.message.startswith("kfunc with mask 0x6 called from an operation")
    assert stopped.stops and not stopped.message


@pytest.mark.parametrize(
    ("row", "context"),
    [
        (KERNEL, _op("exit")),  # nothing was heard of the call
        (KERNEL, _op("enqueue", "Qdisc_ops")),
        (Kernel(name="6.18", source=Kernel.Source.IMPORTED), _op("enqueue")),
        (Kernel(name="7.3", source=Kernel.Source.BUNDLED), _op("enqueue")),
    ],
)
def test_where_no_call_was_made_nothing_is_said(row: Kernel, context: Context) -> None:
    assert find_call(row, context, "scx_bpf_dsq_insert") is None


@pytest.mark.django_db
def test_the_page_of_the_answer_says_it(client: Client, tmp_path: Path) -> None:
    for path in BUNDLED.glob("6.18.*"):
        shutil.copy(path, tmp_path)
    assert len(list(load_bundled(tmp_path))) == 1
    address = "/can-call/?kernel=6.18&context=sched_ext_ops.{}&kfunc=scx_bpf_dsq_move"
    told = " ".join(client.get(address.format("cgroup_move")).content.decode().split())
    assert "kfmap's test scheduler made this call on 6.18.15+deb13-amd64" in told
    assert "the whole machine hung" in told
    told = client.get(address.format("running")).content.decode()
    assert "the kernel ended the scheduler with “kfunc with mask 0x2" in told
