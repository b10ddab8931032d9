"""Boot a bundled kernel's image, and hold the facts against its answers before they are written."""

from __future__ import annotations

import datetime
import json
import lzma
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from kfmap.catalogue.agreement import MEASURED, Agreement
from kfmap.catalogue.bundled_kernels import BUNDLED, find_bundled
from kfmap.catalogue.bundling.archive import BundleError
from kfmap.kernel.facts import KernelFacts
from kfmap.probe.agreement import Comparison, compare_evidence
from kfmap.probe.evidence import Evidence, EvidenceError, read_evidence
from kfmap.probe.guest import find_machine
from kfmap.probe.host import ProbeError
from kfmap.probe.image import probe_image
from kfmap.probe.libbpf import build_static
from kfmap.probe.run_time_asking import ask_at_run_time, build_oracle
from kfmap.probe.run_time_evidence import SOURCE as ORACLE
from kfmap.probe.run_time_evidence import compare_run_time, count_run_time, read_run_time

_SHOWN = 5
_SECONDS = 1800


def ask_image(image: bytes, names: Iterable[str]) -> bytes:
    """Return the evidence of an image, which is booted in QEMU; `names` are kfuncs to ask about.

    Raises BundleError where it does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="kfmap-image-") as folder:
        path = Path(folder) / "vmlinuz"
        path.write_bytes(image)
        try:
            return probe_image(path, sorted(names), few=True, seconds=_SECONDS)
        except ProbeError as error:
            raise BundleError(f"its image could not be asked: {error}") from error


def check_evidence(facts: KernelFacts, data: bytes) -> tuple[Evidence, Comparison]:
    """Return the evidence and its comparison with the facts.

    Raises BundleError where a cell differs, or the document is no evidence.
    """
    try:
        evidence = read_evidence(data)
    except EvidenceError as error:
        raise BundleError(f"its evidence cannot be read: {error}") from error
    comparison = compare_evidence(facts, evidence)
    if comparison.differences:
        shown = "; ".join(map(str, comparison.differences[:_SHOWN]))
        raise BundleError(
            f"{len(comparison.differences):,} of {comparison.compared:,} cells differ from the "
            f"booted kernel, so nothing is written: {shown}"
        )
    return evidence, comparison


def save_evidence(name: str, data: bytes, folder: Path = BUNDLED) -> list[Path]:
    """Write evidence beside a bundled kernel, compressed; return the file if it changed."""
    document = json.dumps(json.loads(data), separators=(",", ":")).encode()
    return _save(folder / f"{name}.evidence.xz", document)


def ask_calls(image: bytes, facts: KernelFacts) -> bytes:
    """Return what came of calls while a scheduler ran on the image, which is booted in QEMU.

    Raises BundleError where it does not answer, or a call did not end as the masks say.
    """
    with tempfile.TemporaryDirectory(prefix="kfmap-image-") as folder:
        path = Path(folder) / "vmlinuz"
        path.write_bytes(image)
        try:
            guest = build_oracle(path, build_static(ORACLE), find_machine(image), _SECONDS)
            data = ask_at_run_time(guest)
            cells = compare_run_time(facts, read_run_time(data))
        except (ProbeError, EvidenceError) as error:
            raise BundleError(f"its run-time masks could not be asked: {error}") from error
    if differing := [cell for cell in cells if cell.differs]:
        shown = "; ".join(f"{cell.answer.kfunc} in {cell.answer.op}" for cell in differing[:_SHOWN])
        raise BundleError(f"calls did not end as its masks say, so nothing is written: {shown}")
    return data


def save_calls(name: str, data: bytes, folder: Path = BUNDLED) -> list[Path]:
    """Write what came of calls beside a bundled kernel; return the file if it changed."""
    return _save(folder / f"{name}.calls.xz", data)


def drop_calls(name: str, folder: Path = BUNDLED) -> None:
    """Remove what came of calls on an earlier release of a bundled kernel."""
    (folder / f"{name}.calls.xz").unlink(missing_ok=True)


def _save(path: Path, data: bytes) -> list[Path]:
    packed = lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
    if path.exists() and path.read_bytes() == packed:
        return []
    path.write_bytes(packed)
    return [path]


def measure_agreement(
    facts: KernelFacts, data: bytes, asked: str, calls: bytes | None = None
) -> Agreement:
    """Return how the facts agree with evidence, whatever comes of it."""
    evidence = read_evidence(data)
    comparison = compare_evidence(facts, evidence)
    agreement = Agreement(
        comparison.compared,
        comparison.equal,
        comparison.undetermined,
        evidence.release,
        asked,
        evidence.build_id,
    )
    if calls is None:
        return agreement
    counts = count_run_time(compare_run_time(facts, read_run_time(calls)))
    return replace(
        agreement,
        calls=counts.compared,
        calls_equal=counts.equal,
        calls_undriven=counts.undriven,
    )


def save_agreements(asked: dict[str, str], file: Path = MEASURED, folder: Path = BUNDLED) -> None:
    """Compare every bundled kernel that has evidence, and write what came of it.

    One without rules is its evidence, so it cannot differ; its counts say how much was asked.
    `asked` are the days on which the kernels that were probed now answered; the others keep theirs.
    """
    kept = json.loads(file.read_bytes()) if file.exists() else {}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    measured = {}
    for bundled in find_bundled(folder):
        data = bundled.read_evidence()
        if data is None:
            continue
        day = asked.get(bundled.name) or kept.get(bundled.name, {}).get("asked", today)
        facts, calls = bundled.read_facts(), bundled.read_calls()
        measured[bundled.name] = asdict(measure_agreement(facts, data, day, calls))
    file.write_text(json.dumps(measured, indent=1) + "\n")
