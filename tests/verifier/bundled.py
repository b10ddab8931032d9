"""The bundled kernels as objects meet them, each read once."""

from __future__ import annotations

from functools import cache

from kfmap.catalogue.bundled_kernels import find_bundled
from tests.verifier.engine.object.objects import read
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.result import ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object, prepare_object


@cache
def bundled_kernel(name: str) -> KernelUnderTest:
    """Read a bundled kernel with its types and its configuration."""
    [kernel] = [item for item in find_bundled() if item.name == name]
    loaded = kernel.load()
    return KernelUnderTest(loaded.facts, loaded.types, loaded.options, loaded.functions)


def check_on(
    kernel: str, name: str, choices: LoaderChoices = NO_CHOICES
) -> dict[str, ProgramVerdict]:
    """Check a committed object on a bundled kernel; verdicts by program."""
    verdict = check_object(prepare_object(read(name), choices), bundled_kernel(kernel))
    return {program.program: program for program in verdict.programs}


def reasons_of(verdict: ProgramVerdict) -> list[str]:
    """Return the last reason of each finding that decides, in order."""
    return [item.reasons[-1].text for item in verdict.findings if item.kind != "dead"]
