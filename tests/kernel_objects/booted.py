"""The confusion table: what kfmap says of every program, and what the booted kernel says."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.bundling.archive import Archive
from kfmap.catalogue.bundling.guests import bootable, fetch_image, fetch_libraries, fetch_modules
from kfmap.catalogue.bundling.recipes import SUITES
from kfmap.probe.guest import MACHINES
from kfmap.probe.libbpf import find_kit, has_libraries
from tests.kernel_objects.kept import KeptAnswers
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.result import ObjectVerdict
from verifier.engine.verdict import KernelUnderTest, check_object, prepare_object
from verifier.opinions.agreement import Agreement, ComparedProgram, compare, is_of_old_libbpf
from verifier.opinions.asking import CROWDED_OUT, BootedKernel, Limits, ask_kernel
from verifier.opinions.files import AskedObject, prepare
from verifier.opinions.images import FOLDER, LOADER, find_images, load_image, save_image
from verifier.opinions.loader import PACKAGES, build_loader
from verifier.opinions.opinion import WORDS, KernelOpinion, Word

_AT_ONCE = 50  # objects of one guest, which takes half a minute to boot without KVM
_GUEST_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class _Read:
    """An object: its file, what the guest gets of it, and what kfmap says."""

    path: Path
    asked: AskedObject
    verdict: ObjectVerdict


@dataclass
class Confusion:
    """Programs by (kfmap's verdict, the kernel's word, agreement), and what contradicts.

    `classes` counts them by (what the kernel said, kfmap's verdict): "loads", or what decode calls
    the complaint that it refused the program for.
    """

    release: str = ""
    libbpf: str = ""
    objects: int = 0
    table: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add_object(self, name: str, opinion: KernelOpinion | None, verdict: ObjectVerdict) -> None:
        """Count the programs of an object."""
        if opinion is None or opinion.problem:
            problem = opinion.problem if opinion else CROWDED_OUT
            self.problems.append(f"{name}: {problem}")
        self.objects += 1
        if opinion and opinion.release:
            self.release, self.libbpf = opinion.release, opinion.libbpf
        for item in compare(opinion, verdict.programs) if opinion else ():
            self._add(name, item)

    def _add(self, name: str, item: ComparedProgram) -> None:
        self.table[item.verdict, WORDS[item.opinion.word], item.agreement] += 1
        if item.opinion.word != Word.NOT_ASKED and not is_of_old_libbpf(item.opinion):
            kind = item.message.kind if item.message else item.opinion.word
            self.classes[kind, item.verdict] += 1
        if item.message is not None:
            self.kinds[item.agreement, item.message.kind] += 1
        if item.agreement == Agreement.DIFFERS:
            reason = item.complaint or "loads"
            self.lines.append(f"{name} {item.program}: kfmap {item.verdict}, the kernel: {reason}")

    def is_good(self) -> bool:
        """Return whether the kernel contradicts nothing."""
        return not self.lines

    def render_json(self) -> str:
        """Return it as JSON, for the handbook: classes by what the kernel said, then verdicts."""
        rows: dict[str, dict[str, int]] = {}
        for (said, verdict), number in sorted(self.classes.items()):
            rows.setdefault(said, {})[verdict] = number
        told = {
            "release": self.release,
            "libbpf": self.libbpf,
            "objects": self.objects,
            "programs": self.table.total(),
            "not_asked": self.table.total() - self.classes.total(),
            "differ": sorted(self.lines),
            "classes": rows,
        }
        return json.dumps(told, indent=1) + "\n"

    def print(self) -> None:
        """Print all of it."""
        print("kfmap, the kernel, together: programs")
        for (ours, kernel, together), number in sorted(self.table.items()):
            print(f"  {ours or 'no verdict'}, {kernel}, {together}: {number}")
        print("what the kernel refuses programs for, by what decode calls it:")
        for (together, kind), number in self.kinds.most_common():
            print(f"  {number} {kind} ({together})")
        for title, lines in (("contradicted", self.lines), ("not asked", self.problems)):
            print(f"{title}: {len(lines)}")
            print("".join(f"  {line}\n" for line in lines), end="")


def boot(name: str, work: Path, objects: Sequence[Path], kernel: KernelUnderTest) -> Confusion:
    """Fetch the image of a bundled kernel, have it load the objects, and compare."""
    booted, loader = _fetch(name, work)
    kept = KeptAnswers(work / name / "answers", booted, loader)
    asked = list(_read(objects, kernel))
    left = [item for item in asked if kept.find(item.asked) is None]
    for start in range(0, len(left), _AT_ONCE):
        print(f"{start} of {len(left)} objects asked about", file=sys.stderr, flush=True)
        part = left[start : start + _AT_ONCE]
        for item, opinion in zip(part, _ask(booted, loader, part), strict=True):
            kept.keep(item.asked, opinion)
    found = Confusion()
    for item in asked:
        found.add_object(item.path.name, kept.find(item.asked), item.verdict)
    return found


def _ask(booted: BootedKernel, loader: bytes, part: Sequence[_Read]) -> list[KernelOpinion]:
    programs = [[row.program for row in item.verdict.programs] for item in part]
    limits = Limits(guest=_GUEST_SECONDS)
    return ask_kernel(booted, loader, [item.asked for item in part], programs, limits=limits)


def _read(paths: Sequence[Path], kernel: KernelUnderTest) -> Iterator[_Read]:
    for path in paths:
        data = path.read_bytes()
        try:
            obj = read_object(data)
        except ObjectError:
            continue  # the report on the objects names it
        yield _Read(path, prepare(data, obj), check_object(prepare_object(obj), kernel))


def _fetch(name: str, work: Path) -> tuple[BootedKernel, bytes]:
    recipe = next(recipe for recipe in bootable() if recipe.name == name)
    archive = Archive(work, SUITES)
    if name not in find_images(work):
        save_image(work, name, *fetch_image(recipe, archive), fetch_modules(recipe, archive))
    config = next(item.read_config() for item in find_bundled() if item.name == name)
    booted = load_image(work, name, config or b"")
    kit = work / FOLDER / LOADER
    folder = find_kit(kit, booted.machine)
    if not has_libraries(folder):
        fetch_libraries(PACKAGES, archive, folder, MACHINES[booted.machine].debian)
    return booted, build_loader(kit, booted.machine)
