"""An object that was read, and a kernel that can be booted: QEMU is a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from tests.verifier.shared import share
from verifier.engine.object.read import read_object
from verifier.engine.summary import summarize
from verifier.guests import queue, run, submit
from verifier.jobs import files
from verifier.opinions.images import save_image
from verifier.records import store
from verifier.records.models import BpfObject

OBJECT = Path(__file__).parents[2] / "objects" / "scheduler.bpf.o"
IMAGE = bytes(0x202) + b"HdrS" + bytes(600)


@pytest.fixture
def scheduler(db: None, data_folder: Path) -> BpfObject:
    """Return an object whose bytes are kept."""
    data = OBJECT.read_bytes()
    kept = files.store(ContentFile(data))
    obj = share(
        BpfObject.objects.create(sha256=kept.sha256, file_name="scheduler.bpf.o", size=kept.size)
    )
    store.save_summary(obj, summarize(read_object(data)))
    return obj


@pytest.fixture
def image(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep an image of 7.2, and let nothing else be missing."""
    monkeypatch.setattr(run, "build_loader", lambda folder, machine: b"init")
    monkeypatch.setattr(submit, "find_missing", lambda folder: "")
    monkeypatch.setattr(submit, "wake", lambda: None)
    monkeypatch.setattr(queue, "count_messages", lambda name: 0)
    save_image(data_folder, "7.2", "linux-image 7.2.12-1", IMAGE, [])
    return "7.2"
