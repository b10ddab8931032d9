"""Programs of guests are built for the architecture of the guest, with what libbpf needs."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from kfmap.probe import libbpf
from kfmap.probe.host import ProbeError, find_compiler
from kfmap.probe.libbpf import build_static, find_kit, has_libraries

_GROWING = """
#include "libbpf_shims.h"
int main(void)
{
	char *array = realloc(NULL, 160), *first = array;
	for (int maps = 2; maps <= 400; maps++) {
		array = realloc(array, 160 * maps);
		array[160 * maps - 1] = 1;
	}
	array = realloc(array, 10);
	return array != first || !(array = realloc(array, 1 << 20)) || (array[(1 << 20) - 1] = 0);
}
"""


def test_the_maps_of_an_object_stay_where_they_are(tmp_path: Path) -> None:
    """As libbpf grows its array of them: 400 of 160 bytes, and beyond that it may move."""
    source, program = tmp_path / "growing.c", tmp_path / "growing"
    source.write_text(_GROWING)
    folder = Path(libbpf.__file__).parent
    command = [find_compiler(), "-O0", "-Wl,--wrap=realloc", f"-I{folder}"]
    command += ["-o", str(program), str(source)]
    subprocess.run(command, check=True)
    assert subprocess.run([program], check=False).returncode == 0


def test_every_architecture_has_its_libraries(tmp_path: Path) -> None:
    own, other = find_kit(tmp_path, platform.machine()), find_kit(tmp_path, "m68k")
    assert (own, other) == (tmp_path, tmp_path / "m68k")
    (other / "lib").mkdir(parents=True)
    (other / "lib" / "libbpf.a").write_bytes(b"")
    assert has_libraries(other)
    assert not has_libraries(own)


def test_what_another_architecture_needs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "x.c"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProbeError, match=r"apt install gcc-m68k-linux-gnu"):
        build_static(source, tmp_path, "m68k")
    compiler = tmp_path / "m68k-linux-gnu-gcc"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    with pytest.raises(ProbeError, match="no libbpf for m68k here: run `kfmap fetch-images`"):
        build_static(source, tmp_path, "m68k")
