"""Nothing is bundled that disagrees with its own booted image."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from kfmap.catalogue.bundled_kernels import BundledKernel, find_bundled
from kfmap.catalogue.bundling import probing
from kfmap.catalogue.bundling.archive import BundleError
from kfmap.catalogue.bundling.probing import ask_calls, check_evidence, save_calls, save_evidence

IMAGE = bytes(0x202) + b"HdrS" + bytes(600)


@pytest.fixture(scope="module")
def bundled() -> BundledKernel:
    return next(item for item in find_bundled() if item.name == "6.18")


def _evidence(bundled: BundledKernel) -> bytes:
    data = bundled.read_evidence()
    assert data is not None
    return data


def test_facts_that_lost_a_registration_are_refused_with_the_cells(bundled: BundledKernel) -> None:
    facts = bundled.read_facts()
    lost = replace(facts, registrations=facts.registrations[:-3])
    with pytest.raises(
        BundleError, match=r"of 29,512 cells differ .* so nothing is written: \w+ in"
    ):
        check_evidence(lost, _evidence(bundled))
    _, comparison = check_evidence(facts, _evidence(bundled))
    assert comparison.equal == comparison.compared == 29_512


def test_a_call_that_ended_otherwise_than_its_mask_says_is_refused(
    bundled: BundledKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = bundled.read_calls()
    assert calls is not None
    monkeypatch.setattr(probing, "build_static", lambda source: b"init")
    monkeypatch.setattr(probing, "ask_at_run_time", lambda guest: calls)
    assert ask_calls(IMAGE, bundled.read_facts()) == calls
    turned = [json.loads(line) for line in calls.splitlines()]
    cell = next(line for line in turned if line.get("message", "").startswith("kfunc with mask"))
    cell["message"] = ""
    lines = "\n".join(json.dumps(line) for line in turned).encode()
    monkeypatch.setattr(probing, "ask_at_run_time", lambda guest: lines)
    with pytest.raises(BundleError, match=f"{cell['kfunc']} in {cell['op']}"):
        ask_calls(IMAGE, bundled.read_facts())


def test_evidence_is_written_where_it_changed(tmp_path: Path) -> None:
    first = save_evidence("9.1", b'{"a": 1}', tmp_path)
    assert [path.name for path in first] == ["9.1.evidence.xz"]
    assert lzma.decompress(first[0].read_bytes()) == b'{"a":1}'
    assert save_evidence("9.1", b'{ "a":1 }', tmp_path) == []
    assert [path.name for path in save_calls("9.1", b"{}\n", tmp_path)] == ["9.1.calls.xz"]
    assert save_calls("9.1", b"{}\n", tmp_path) == []
