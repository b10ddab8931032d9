"""Boot a bundled kernel's image, and hold the facts against its answers before they are written."""

from __future__ import annotations

import datetime
import json
import lzma
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from kfmap.catalogue.agreement import MEASURED, Agreement
from kfmap.catalogue.bundled_kernels import BUNDLED, find_bundled, natural_key
from kfmap.catalogue.bundling.archive import BundleError
from kfmap.kernel.facts import KernelFacts
from kfmap.probe.agreement import Comparison, compare_evidence
from kfmap.probe.evidence import Evidence, EvidenceError, read_evidence
from kfmap.probe.guest import Guest, find_machine, run_guest
from kfmap.probe.host import ProbeError, build_probe

_SHOWN = 5
_SECONDS = 1800


def probe_image(image: bytes, names: Iterable[str]) -> bytes:
    """Return the evidence of an image, which is booted in QEMU; `names` are kfuncs to ask about.

    Raises BundleError where it does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="kfmap-image-") as folder:
        path = Path(folder) / "vmlinuz"
        path.write_bytes(image)
        files = {"names.txt": "\n".join(sorted(names)).encode()}
        try:
            guest = Guest(path, build_probe(), files, find_machine(image), "--few", _SECONDS)
            return run_guest(guest)
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


def save_evidence(name: str, data: bytes, folder: Path = BUNDLED) -> Path:
    """Write evidence beside a bundled kernel, compressed; return the file."""
    path = folder / f"{name}.evidence.xz"
    document = json.dumps(json.loads(data), separators=(",", ":")).encode()
    path.write_bytes(lzma.compress(document, preset=9 | lzma.PRESET_EXTREME))
    return path


def measure_agreement(facts: KernelFacts, data: bytes, asked: str) -> Agreement:
    """Return how the facts agree with evidence, whatever comes of it."""
    evidence = read_evidence(data)
    comparison = compare_evidence(facts, evidence)
    return Agreement(
        comparison.compared,
        comparison.equal,
        comparison.undetermined,
        evidence.release,
        asked,
    )


def save_agreements(asked: dict[str, str], file: Path = MEASURED, folder: Path = BUNDLED) -> None:
    """Compare every bundled kernel that has evidence and rules, and write what came of it.

    `asked` are the days on which the kernels that were probed now answered; the others keep theirs.
    """
    kept = json.loads(file.read_bytes()) if file.exists() else {}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    measured = {}
    for bundled in find_bundled(folder):
        data = bundled.read_evidence()
        if data is None or (facts := bundled.read_facts()).is_observed:
            continue
        day = asked.get(bundled.name) or kept.get(bundled.name, {}).get("asked", today)
        measured[bundled.name] = asdict(measure_agreement(facts, data, day))
    ordered = {name: measured[name] for name in sorted(measured, key=natural_key)}
    file.write_text(json.dumps(ordered, indent=1) + "\n")
