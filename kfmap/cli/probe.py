"""`kfmap probe`: ask a kernel itself, live or booted in a virtual machine, and keep its answers."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TextIO

from kfmap.catalogue.agreement import load_builds
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, load_kernels
from kfmap.kernel.config import Config, read_config
from kfmap.probe.agreement import Comparison, compare_evidence
from kfmap.probe.evidence import Evidence, EvidenceError, read_evidence
from kfmap.probe.guest import find_machine
from kfmap.probe.host import ProbeError, probe_host
from kfmap.probe.image import GUEST_SECONDS, probe_image
from kfmap.probe.libbpf import build_static
from kfmap.probe.modules import read_modules
from kfmap.probe.run_time_asking import ask_at_run_time, build_oracle
from kfmap.probe.run_time_evidence import SOURCE as ORACLE
from kfmap.probe.run_time_evidence import compare_run_time, read_run_time, render_run_time
from kfmap.probe.same_kernel import find_release, find_same
from kfmap.server.data_dir import choose_data_dir

HELP = "Ask a kernel itself which kfuncs each context may call, and compare it with the map."
_SHOWN = 20


def add_arguments(parser: ArgumentParser) -> None:
    """Take an image to boot, or nothing: the kernel of this host."""
    parser.add_argument("--image", type=Path, help="boot this vmlinuz or Image in QEMU instead")
    parser.add_argument(
        "--modules", type=Path, metavar="DIR", help="lib/modules/RELEASE of the image"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the .config the image was built with"
    )
    parser.add_argument("--output", type=Path, help="write the evidence (JSON) to this file")
    parser.add_argument("--compare", metavar="KERNEL", help="the kernel of the map to compare with")
    parser.add_argument("--few", action="store_true", help="ask a sample of the LSM hooks")
    parser.add_argument(
        "--seconds",
        type=float,
        default=GUEST_SECONDS,
        help="stop the guest after this many seconds",
    )
    parser.add_argument(
        "--run-time",
        action="store_true",
        help="with --image: ask what sched_ext lets each op call while a scheduler runs",
    )
    parser.add_argument(
        "--evidence",
        type=Path,
        help="compare evidence that was written before; with --run-time --image, go on behind it",
    )


def run(options: Namespace, out: TextIO) -> int:
    """Probe, write the evidence, say how it agrees: 0 where no cell differs, 1 where some do.

    Raises CommandFailedError where the kernel cannot be asked, and for evidence that cannot be
    read.
    """
    if options.run_time:
        return _ask_at_run_time(options, out)
    try:
        data = _ask(options)
        evidence = read_evidence(data)
    except (ProbeError, EvidenceError) as error:
        raise CommandFailedError(f"{error}.") from error
    if options.output:
        options.output.write_bytes(data)
        _say(f"The evidence is in {options.output}.")
    elif not options.evidence:
        out.write(data.decode() + "\n")
    kernel = _find_kernel(options.compare, evidence)
    if kernel is None:
        _say(f"{_count(evidence)} The map has no kernel {evidence.release} to compare with.")
        return 0
    comparison = compare_evidence(kernel.facts, evidence)
    _say(render_comparison(kernel.name, evidence, comparison))
    return 1 if comparison.differences else 0


def render_comparison(name: str, evidence: Evidence, comparison: Comparison) -> str:
    """Return what came of the comparison, in sentences."""
    lines = [
        _count(evidence),
        f"{comparison.equal:,} of {comparison.compared:,} cells that it decided agree with {name}; "
        f"{comparison.undetermined:,} cells it did not decide.",
    ]
    lines += [f"  {item}" for item in comparison.differences[:_SHOWN]]
    if rest := len(comparison.differences) - len(lines) + 2:
        lines.append("  … and one more cell." if rest == 1 else f"  … and {rest:,} more cells.")
    if comparison.strangers:
        lines.append(f"Kfuncs that {name} does not have: {', '.join(comparison.strangers)}.")
    return "\n".join(lines)


def _ask(options: Namespace) -> bytes:
    if options.evidence:
        return _read(options.evidence)
    names = sorted({kfunc.name for each in find_bundled() for kfunc in each.read_facts().kfuncs})
    if options.image:
        return _boot(options, names)
    for option in ("modules", "config"):
        if getattr(options, option):
            raise CommandFailedError(f"--{option} goes with --image: a host is asked as it is.")
    return probe_host(names, few=options.few)


def _boot(options: Namespace, names: list[str]) -> bytes:
    config = _read_options(options.config) if options.config else None
    modules = read_modules(options.modules) if options.modules else None
    find_machine(_read(options.image))  # what is no image is said before it is booted
    _say(f"Booting {options.image.name}: this takes about a minute without KVM.")
    return probe_image(
        options.image,
        names,
        modules=modules,
        config=config,
        few=options.few,
        seconds=options.seconds,
    )


def _read_options(path: Path) -> Config:
    config = read_config(_read(path))
    if not config.options:
        raise CommandFailedError(
            f"{path} has no line like CONFIG_BPF_SYSCALL=y: give the .config that the image was "
            "built with (/boot/config-RELEASE)."
        )
    return config


def _ask_at_run_time(options: Namespace, out: TextIO) -> int:
    """Boot the image with the oracle, print the agreement; 1 where a call differs."""
    if not (options.image or options.evidence):
        raise CommandFailedError(
            "--run-time goes with --image: a scheduler would run on this host."
        )
    try:
        data = _run_oracle(options) if options.image else _read(options.evidence)
        evidence = read_run_time(data)
        kernels = load_kernels([options.compare]) if options.compare else load_kernels()
        kernel = find_release(kernels, evidence.release) or (
            kernels[0] if options.compare else None
        )
        if kernel is None:
            raise CommandFailedError(f"The map has no kernel {evidence.release} to compare with.")
        cells = compare_run_time(kernel.facts, evidence)
    except (ProbeError, EvidenceError) as error:
        raise CommandFailedError(f"{error}.") from error
    out.write(render_run_time(kernel.name, evidence, cells) + "\n")
    return 1 if any(cell.differs for cell in cells) else 0


def _run_oracle(options: Namespace) -> bytes:
    """Return the evidence of the image; --output has every answer, though the last guest hang."""
    kit = choose_data_dir(os.environ.get("KFMAP_DATA_DIR", "")) / "guests" / "loader"
    machine = find_machine(_read(options.image))
    program = build_static(ORACLE, kit)
    _say(f"Booting {options.image.name}: this takes some minutes without KVM.")

    def keep(evidence: bytes) -> None:
        if options.output:
            options.output.write_bytes(evidence)

    data = ask_at_run_time(
        build_oracle(options.image, program, machine, options.seconds),
        say=_say,
        keep=keep,
        before=_read(options.evidence) if options.evidence else b"",
    )
    keep(data)
    return data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror}.") from error


def _find_kernel(name: str | None, evidence: Evidence) -> AskedKernel | None:
    if name:
        return load_kernels([name])[0]
    return find_same(load_kernels(), evidence, load_builds())


def _count(evidence: Evidence) -> str:
    return (
        f"{evidence.release} answered {evidence.cells:,} cells: {len(evidence.kfuncs)} kfuncs in "
        f"{len(evidence.answers)} contexts."
    )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
