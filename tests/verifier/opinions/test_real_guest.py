"""A real kernel in a real QEMU loads committed objects: run after `kfmap fetch-images`.

KFMAP_TEST_GUESTS names the data folder with the images; nobody else fetches 70 MB and more.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import NO_BPF
from verifier.engine.object.read import read_object
from verifier.opinions.asking import ask_kernel
from verifier.opinions.files import prepare
from verifier.opinions.images import FOLDER, LOADER, find_images, load_image
from verifier.opinions.loader import build_loader, has_qemu
from verifier.opinions.opinion import Word

DATA = Path(os.environ.get("KFMAP_TEST_GUESTS", "/nonexistent"))
OBJECTS = Path(__file__).parents[2] / "objects"
IMAGES = [name for name in find_images(DATA) if name in ("6.18", "7.2")]
pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(
        not IMAGES or not has_qemu(), reason=f"{NO_BPF}: KFMAP_TEST_GUESTS has no images"
    ),
]


@pytest.mark.parametrize("name", IMAGES)
def test_a_booted_kernel_loads_and_refuses(name: str) -> None:
    names = ("optional.bpf.o", "program_helpers.bpf.o")
    objects = [read_object((OBJECTS / item).read_bytes()) for item in names]
    optional, helpers = ask_kernel(
        load_image(DATA, name),
        build_loader(DATA / FOLDER / LOADER),
        [
            prepare((OBJECTS / item).read_bytes(), obj)
            for item, obj in zip(names, objects, strict=True)
        ],
        [[program.name for program in obj.programs] for obj in objects],
    )
    assert optional.release.startswith(name)
    words = {item.word for item in (*optional.programs, *helpers.programs)}
    assert {Word.LOADS, Word.REFUSED} <= words
    refused = next(item for item in helpers.programs if item.word == Word.REFUSED)
    assert refused.log or refused.said
    loaded = next(item for item in helpers.programs if item.word == Word.LOADS)
    assert loaded.instructions and loaded.instructions > 0
