"""The committed objects are what their sources and the Makefile beside them give."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.verifier.engine.object.objects import NAMES, OBJECTS

_TOOLS = ("clang-19", "llvm-strip-19", "/usr/sbin/bpftool", "make")


@pytest.mark.clang
@pytest.mark.skipif(not all(map(shutil.which, _TOOLS)), reason=f"needs {', '.join(_TOOLS)}")
def test_objects_are_built_from_their_sources(tmp_path: Path) -> None:
    for source in OBJECTS.iterdir():
        if source.suffix != ".o":
            shutil.copy(source, tmp_path)
    subprocess.run(["make", "-C", str(tmp_path)], check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in tmp_path.glob("*.o")}
    assert built.keys() == set(NAMES)
    for name, data in built.items():
        assert data == (OBJECTS / name).read_bytes(), f"{name} is not what its source gives"
