"""`kfmap ask-kernel`: have booted kernels load objects, and compare with the verdicts."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.inputs import read_inputs
from kfmap.cli.kernels import AskedKernel, load_kernels, load_known_names
from kfmap.cli.loader_options import ChoiceUse, add_loader_options, read_choices
from kfmap.probe.guest import find_qemu
from kfmap.probe.host import ProbeError
from kfmap.probe.modules import read_modules
from kfmap.probe.same_kernel import find_release
from kfmap.quick_dataclass import dataclass
from kfmap.server.data_dir import choose_data_dir
from kfmap.server.upload_limit import UploadLimitError, read_upload_limit
from verifier.engine.containers.found import NotFound
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.result import ObjectVerdict
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    Prepared,
    check_object,
    fit_choices,
    prepare_object,
)
from verifier.opinions.agreement import Agreement, ComparedProgram, compare
from verifier.opinions.asking import BootedKernel, Limits, ask_kernel
from verifier.opinions.files import MOST_OBJECTS, AskedObject, prepare
from verifier.opinions.images import (
    FOLDER,
    LOADER,
    find_images,
    load_image,
    open_image,
    read_config_beside,
)
from verifier.opinions.loader import build_loader
from verifier.opinions.opinion import KernelOpinion
from verifier.opinions.opinion_json import VERSION, plain_compared
from verifier.opinions.opinion_text import render_opinions

HELP = "Boot kernels, have them load objects, and compare. Exit: 0 nothing differs, 1 some does."
_SAME, _DIFFERS = 0, 1
_known_names = cache(load_known_names)


@dataclass(frozen=True, slots=True)
class Input:
    """An object with what is asked about it."""

    name: str
    asked: AskedObject
    prepared: Prepared

    @property
    def programs(self) -> list[str]:
        """Return the names of its programs."""
        return [program.name for program in self.prepared.object.programs]


@dataclass(frozen=True, slots=True)
class Answered:
    """An object on a kernel."""

    input: Input
    opinion: KernelOpinion
    compared: tuple[ComparedProgram, ...]


def add_arguments(parser: ArgumentParser) -> None:
    """Take objects, kernels or an image, what the loader would do, and the format."""
    parser.add_argument(
        "objects",
        nargs="+",
        metavar="OBJECT",
        help="as for verify: objects, or files that contain some",
    )
    parser.add_argument(
        "--kernel",
        action="append",
        default=[],
        help="a kernel that `fetch-images` fetched; repeatable; default: all of them",
    )
    parser.add_argument("--image", type=Path, help="boot this vmlinuz instead")
    parser.add_argument(
        "--modules", type=Path, metavar="DIR", help="lib/modules/RELEASE of --image"
    )
    add_loader_options(parser)
    parser.add_argument(
        "--seconds",
        type=float,
        default=900,
        help="stop a guest after this many seconds; default: 900",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--all",
        action="store_true",
        help="list the programs that agree, too; JSON always has them",
    )


def run(options: Namespace, out: TextIO) -> int:
    """Boot one kernel after the other; print what came of it.

    Raises CommandFailedError where a kernel cannot be asked, after what the others said is printed.
    """
    inputs = _read(options)
    answered: list[Answered] = []
    problems: list[str] = []
    try:
        kernels = _find_kernels(options)
        loaders = _build_loaders({kernel.machine for kernel in kernels})
    except ProbeError as error:
        raise CommandFailedError(f"{error}.") from error
    for booted in kernels:
        _say(
            f"Booting {booted.name}: this takes half a minute without KVM, "
            "and longer with many objects."
        )
        loader = loaders[booted.machine]
        try:
            answered += _ask(booted, loader, inputs, Limits(guest=options.seconds))
        except ProbeError as error:
            problems.append(f"{booted.name} could not be asked: {error}.")
    if answered:
        _print(options, answered, out)
    if problems:
        raise CommandFailedError(" ".join(problems))
    different = any(c.agreement == Agreement.DIFFERS for a in answered for c in a.compared)
    return _DIFFERS if different else _SAME


def _print(options: Namespace, answered: Sequence[Answered], out: TextIO) -> None:
    if options.format == "json":
        out.write(_render_json(answered))
        return
    items = [(item.input.name, item.opinion, item.compared) for item in answered]
    out.write(render_opinions(items, options.all))


def _build_loaders(machines: Collection[str]) -> dict[str, bytes]:
    """Return the loader of each architecture, once it is known that QEMU can boot them all."""
    for machine in machines:
        find_qemu(machine)
    return {machine: build_loader(_data_dir() / FOLDER / LOADER, machine) for machine in machines}


def _read(options: Namespace) -> list[Input]:
    given, use = read_choices(options), ChoiceUse()
    try:
        limit = read_upload_limit()
    except UploadLimitError as error:
        raise CommandFailedError(str(error)) from error
    inputs = []
    for item in read_inputs(options.objects, limit):
        if isinstance(item, NotFound):
            raise CommandFailedError(f"{item.name}: {item.problem}.")
        try:
            obj = read_object(item.data)
            choices, misfits = fit_choices(obj, given)
            use.note(dict(misfits))
            prepared = prepare_object(obj, choices)
        except (ObjectError, ChoiceError) as error:
            raise CommandFailedError(f"{item.name} could not be read: {error}.") from error
        inputs.append(Input(item.name, prepare(item.data, obj, choices), prepared))
    use.check()
    if len(inputs) > MOST_OBJECTS:
        raise CommandFailedError(f"At most {MOST_OBJECTS} objects can be asked about at once.")
    return inputs


def _find_kernels(options: Namespace) -> list[BootedKernel]:
    configs = {item.name: item for item in find_bundled()}
    if options.image:
        modules = read_modules(options.modules) if options.modules else None
        name = load_kernels(options.kernel)[0].name if options.kernel else ""
        config = configs[name].read_config() if name in configs else None
        opened = open_image(options.image, name, config or read_config_beside(options.image))
        return [BootedKernel(opened.name, opened.image, opened.machine, opened.config, modules)]
    if options.modules:
        raise CommandFailedError("--modules goes with --image: fetched images have theirs.")
    fetched = find_images(_data_dir())
    names = (
        [kernel.name for kernel in load_kernels(options.kernel)] if options.kernel else [*fetched]
    )
    if not names:
        raise CommandFailedError(
            "No kernel image is here: run `kfmap fetch-images`, or use --image."
        )
    return [
        load_image(
            _data_dir(), name, (configs[name].read_config() if name in configs else b"") or b""
        )
        for name in names
    ]


def _ask(
    booted: BootedKernel, loader: bytes, inputs: Sequence[Input], limits: Limits
) -> list[Answered]:
    opinions = ask_kernel(
        booted,
        loader,
        [item.asked for item in inputs],
        [item.programs for item in inputs],
        limits=limits,
    )
    kernel = _find_judge(booted.name, opinions[0].release)
    answered = []
    for item, opinion in zip(inputs, opinions, strict=True):
        verdict = _check(item, kernel) if kernel else ObjectVerdict(booted.name, ())
        compared = compare(opinion, verdict.programs, lambda: _knows_returns(kernel))
        answered.append(Answered(item, opinion, compared))
    return answered


def _knows_returns(kernel: AskedKernel | None) -> bool:
    return kernel is not None and bool(kernel.facts.return_ranges)


def _find_judge(name: str, release: str) -> AskedKernel | None:
    """Return the kernel of the map that was booted, by its name or by what it calls itself."""
    kernels = load_kernels()
    named = next((kernel for kernel in kernels if kernel.name == name), None)
    return named or find_release(kernels, release)


def _check(item: Input, kernel: AskedKernel) -> ObjectVerdict:
    under_test = KernelUnderTest(
        kernel.facts, kernel.types, kernel.options, kernel.functions, _known_names
    )
    return check_object(item.prepared, under_test)


def _render_json(answered: Sequence[Answered]) -> str:
    opinions = [
        {"file": item.input.name, **plain_compared(item.opinion, item.compared)}
        for item in answered
    ]
    return json.dumps({"version": VERSION, "opinions": opinions}, indent=1) + "\n"


def _data_dir() -> Path:
    return choose_data_dir(os.environ.get("KFMAP_DATA_DIR", ""))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
