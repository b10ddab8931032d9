"""Uploads by a form, and an object that was checked."""

from __future__ import annotations

from dataclasses import replace

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from verifier.records import store
from verifier.records.models import BpfObject


def upload(client: Client, *files: tuple[str, bytes]) -> str:
    """Upload files at once; give where the browser is sent."""
    objects = [SimpleUploadedFile(name, data) for name, data in files]
    answer = client.post("/uploads/", {"objects": objects})
    assert answer.status_code == 302
    return str(answer["Location"])


def create_checked_object(*programs: str) -> BpfObject:
    """Make an object that 6.18 takes and 7.2 refuses; 7.3 was not asked."""
    obj = create_object(summary=create_summary(*programs))
    for name in ("7.3", "7.2", "6.18"):
        kernel = save_kernel(replace(create_toy_kernel(), name=name), None).kernel
        found = (create_finding(),) if name == "7.2" else ()
        if name != "7.3":
            verdict = create_verdict(name, programs[0], *found)
            store.save_verdict(obj, kernel.facts_hash, verdict)
    return obj
