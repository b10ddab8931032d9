"""A real kernel in a real QEMU loads committed objects.

KFMAP_TEST_GUESTS names the data folder of `kfmap fetch-images`. Without it CI fetches one image
(13 MB, and libbpf) for itself; a machine that cannot have it is excused, and says why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from tests.conftest import NO_BPF
from tests.verifier.bundled import check_on
from verifier.engine.object.read import read_object
from verifier.opinions.agreement import Agreement, compare
from verifier.opinions.asking import ask_kernel
from verifier.opinions.files import prepare
from verifier.opinions.images import FOLDER, LOADER, find_images, load_image
from verifier.opinions.loader import build_loader, has_qemu
from verifier.opinions.opinion import KernelOpinion, Word

OBJECTS = Path(__file__).parents[2] / "objects"
FETCHED = "7.3"
ASKED = (
    "optional.bpf.o",
    "optional_type.bpf.o",
    "program_helpers.bpf.o",
    "scheduler.bpf.o",
    "outcomes.bpf.o",
)
_FETCH_SECONDS = 240
pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with images."""
    if not has_qemu():
        pytest.skip(f"{NO_BPF}: QEMU is not installed")
    if named := os.environ.get("KFMAP_TEST_GUESTS"):
        return Path(named)
    if os.environ.get("CI") != "true":
        pytest.skip(f"{NO_BPF}: KFMAP_TEST_GUESTS names no folder")
    return _fetch(tmp_path_factory.mktemp("data"))


def _fetch(folder: Path) -> Path:
    command = [sys.executable, "-m", "kfmap.cli", "fetch-images", FETCHED, "--no-modules"]
    env = {**os.environ, "KFMAP_DATA_DIR": str(folder)}
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS, env=env
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{NO_BPF}: its image was not there within {_FETCH_SECONDS} seconds")
    if ran.returncode:
        pytest.skip(f"{NO_BPF}: {ran.stderr.strip()[-500:]}")
    return folder


@pytest.fixture(scope="module")
def opinions(data: Path) -> dict[str, dict[str, KernelOpinion]]:
    """Return what each kernel of the folder says of each object."""
    return {name: _ask(data, name) for name in find_images(data)}


def _ask(data: Path, name: str) -> dict[str, KernelOpinion]:
    files = {item: (OBJECTS / item).read_bytes() for item in ASKED}
    objects = {item: read_object(content) for item, content in files.items()}
    config = next(item.read_config() for item in find_bundled() if item.name == name)
    kernel = load_image(data, name, config or b"")
    answered = ask_kernel(
        kernel,
        build_loader(data / FOLDER / LOADER, kernel.machine),
        [prepare(files[item], objects[item]) for item in ASKED],
        [[program.name for program in objects[item].programs] for item in ASKED],
    )
    return dict(zip(ASKED, answered, strict=True))


def test_a_booted_kernel_loads_and_refuses(opinions: dict[str, dict[str, KernelOpinion]]) -> None:
    assert opinions
    for name, asked in opinions.items():
        assert all(opinion.release.startswith(name) for opinion in asked.values())
        programs = asked["program_helpers.bpf.o"].programs
        refused = next(item for item in programs if item.word == Word.REFUSED)
        assert refused.log or refused.said
        loaded = next(item for item in programs if item.word == Word.LOADS)
        assert loaded.instructions and loaded.instructions > 0


def test_a_program_that_only_optional_maps_use_is_asked_about_with_one_that_is_made(
    opinions: dict[str, dict[str, KernelOpinion]],
) -> None:
    """Without the map libbpf leaves the program out, and the object loads all the same."""
    for asked in opinions.values():
        member, beside = asked["optional_type.bpf.o"].programs
        assert (member.word, beside.word) == (Word.REFUSED, Word.LOADS)
        assert "of_no_kernel is not found in kernel BTF" in member.reason


def test_a_booted_kernel_contradicts_no_verdict(
    opinions: dict[str, dict[str, KernelOpinion]], record_property: Callable[[str, object], None]
) -> None:
    for kernel, asked in opinions.items():
        words = [
            (item, found.program, found.agreement)
            for item, opinion in asked.items()
            for found in compare(opinion, check_on(kernel, item).values())
        ]
        agreeing = sum(word == Agreement.AGREES for _, _, word in words)
        record_property("agreement", f"{kernel} booted now: {agreeing} programs agree")
        assert [found for found in words if found[2] == Agreement.DIFFERS] == []
        assert agreeing >= len(words) / 2
