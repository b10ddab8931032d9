"""A skeleton that bpftool wrote gives back the object that it was written from."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.verifier.engine.object.objects import OBJECTS, object_bytes
from verifier.engine.containers.find import find_objects
from verifier.engine.containers.found import Found

BPFTOOL = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not BPFTOOL, reason="needs bpftool")


@pytest.mark.parametrize("name", ["instructions.bpf.o", "options.bpf.o", "kinds.bpf.o"])
def test_bpftools_skeleton_gives_the_object(name: str) -> None:
    command = [BPFTOOL or "", "gen", "skeleton", str(OBJECTS / name), "name", "toy_bpf"]
    written = subprocess.run(command, check=True, capture_output=True).stdout
    [found] = find_objects("toy.skel.h", written)
    assert isinstance(found, Found)
    assert found.data == object_bytes(name)
    assert found.name == "toy.skel.h!toy"
