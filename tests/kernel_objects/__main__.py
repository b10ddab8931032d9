"""What kfmap says of a kernel's own programs.

`python -m tests.kernel_objects [NAME] [--work DIR] [--boot [--record FILE]] [--only PATTERN]`
fetches the source and the types of a bundled kernel (7.3 unless named), compiles the BPF programs
of its tree and checks them on that kernel. Prints verdicts and findings by kind, what is unknown,
how many of the programs that the selftests expect to be refused are, for that reason (classes.py),
and where kfmap contradicts what they expect. With `--boot` the kernel itself is asked too, in QEMU,
and the confusion table is printed (booted.py): answers are kept under `--work`, and a run that was
broken off goes on where it stopped. `--record tests/agree/kernel_objects.json` keeps the table that
the handbook has. `--only` takes objects whose names match.

Exits with 1 where kfmap refuses what should load, misses more of a class than it may, or is
contradicted by the kernel. Needs clang-19, libc's headers, about 2 GB on disk and, the first time,
some ten minutes; `--boot` takes an hour without KVM.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.benchmarks.bundled import kernel_with_types
from tests.kernel_objects.annotations import Annotation, read_annotations
from tests.kernel_objects.booted import Confusion, boot
from tests.kernel_objects.build import compile_tree, fetch
from tests.kernel_objects.classes import ClassCounts
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.result import REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object


@dataclass
class Report:
    """What was found over all objects."""

    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    classes: ClassCounts = field(default_factory=ClassCounts)

    def add(self, path: Path, kernel: KernelUnderTest) -> None:
        """Check an object."""
        try:
            obj = read_object(path.read_bytes())
        except ObjectError as error:
            self.unread.append(f"{path.name}: {error}")
            return
        annotations = read_annotations(obj)
        for program in check_object(obj, kernel).programs:
            self._add(f"{path.name} {program.program}", program, annotations.get(program.program))

    def _add(self, name: str, program: ProgramVerdict, annotation: Annotation | None) -> None:
        self.verdicts[program.verdict] += 1
        kinds = {finding.kind for finding in program.findings}
        self.kinds.update(kinds)
        told = "; ".join(f.reasons[0].text for f in program.findings[:1] if f.reasons)
        if program.verdict == UNKNOWN:
            self.unknown.append(f"{name}: {told}")
        if annotation is None:
            return
        self.expected["loads" if annotation.loads else "refused", program.verdict] += 1
        # What the test module has is missing: nobody ships it.
        if annotation.loads and program.verdict == REFUSED and "missing" not in kinds:
            self.contradicted.append(f"{name} is expected to load: {told}")
        if not annotation.loads:
            self.classes.add(name, program, annotation)

    def is_good(self) -> bool:
        """Return whether nothing is contradicted and no class is missed too often."""
        return not self.contradicted and not any("below" in line for line in self.classes.lines())

    def print(self) -> None:
        """Print all of it."""
        _print_counts("verdicts", self.verdicts)
        _print_counts("programs with a finding of the kind", self.kinds)
        _print_counts(
            "what selftests expect, and the verdict",
            Counter({f"{wanted}, {given}": n for (wanted, given), n in self.expected.items()}),
        )
        print("programs expected to be refused, by what the kernel says:")
        print("".join(f"  {line}\n" for line in self.classes.lines()), end="")
        for title, lines in (
            ("not refused for what the kernel says", self.classes.missed),
            ("objects that libbpf would not open", self.unread),
            ("unknown", self.unknown),
            ("contradicted by the selftests", self.contradicted),
        ):
            print(f"{title}: {len(lines)}")
            print("".join(f"  {line}\n" for line in lines), end="")


def _print_counts(title: str, counts: Counter[str]) -> None:
    print(f"{title}: {', '.join(f'{number} {word}' for word, number in counts.most_common())}")


def main() -> int:
    """Fetch, compile, check, print."""
    parser = ArgumentParser(prog="python -m tests.kernel_objects")
    parser.add_argument("name", nargs="?", default="7.3")
    parser.add_argument("--work", type=Path, help="keep what was fetched and compiled here")
    parser.add_argument("--boot", action="store_true", help="have the kernel itself load them, too")
    parser.add_argument("--record", type=Path, help="with --boot: write the confusion table here")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="objects of such names")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        compiled = compile_tree(fetch(options.name, work), work / options.name)
        kernel = kernel_with_types(options.name)
        report = Report()
        objects = [path for path in compiled.objects if fnmatch(path.name, options.only)]
        for path in objects:
            report.add(path, kernel)
        confusion = boot(options.name, work, objects, kernel) if options.boot else Confusion()
    print(f"{len(compiled.objects)} objects compiled, {len(compiled.failed)} sources not")
    print("".join(f"  {name}: {error}\n" for name, error in compiled.failed), end="")
    report.print()
    if options.boot:
        confusion.print()
    if options.boot and options.record:
        options.record.write_text(confusion.render_json())
    return 0 if report.is_good() and confusion.is_good() else 1


if __name__ == "__main__":
    sys.exit(main())
