"""An upload for pages to show: one program refused by the newest kernel, one that passes."""

from __future__ import annotations

from kfmap.catalogue.models import Kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.shared import share
from verifier.engine.result import ObjectVerdict
from verifier.records import store
from verifier.records.models import BpfObject


def create_upload() -> BpfObject:
    """Put the object into the map, checked on every kernel but the oldest, once."""
    summary = create_summary("toy_running", "toy_dispatch")
    obj, is_new = BpfObject.objects.get_or_create(
        sha256="ab" * 32, defaults={"file_name": "toy.bpf.o", "size": summary.size}
    )
    if is_new:
        share(obj)
        store.save_summary(obj, summary)
        kernels = list(Kernel.objects.listed())[-3:]
        for kernel in kernels:
            finding = create_finding("not_allowed" if kernel == kernels[-1] else "dead")
            running = create_verdict(kernel.name, "toy_running", finding)
            dispatch = create_verdict(kernel.name, "toy_dispatch")
            programs = (*running.programs, *dispatch.programs)
            store.save_verdict(obj, kernel.facts_hash, ObjectVerdict(kernel.name, programs))
    return obj
