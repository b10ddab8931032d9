"""Build programs of guests that need libbpf: one C file and the library, as a static executable."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from kfmap.probe.host import ProbeError, find_compiler, find_compiler_error, temporary_folder

LIBRARIES = ("bpf", "elf", "z", "zstd")
PACKAGES = ("libbpf-dev", "libelf-dev", "zlib1g-dev", "libzstd-dev")
_HEADERS = Path(__file__).parent  # libbpf_shims.h
_BUILD_SECONDS = 120


def build_static(source: Path, kit: Path | None = None, machine: str = "") -> bytes:
    """Return a C file as a program for an architecture, built once for each source and library.

    `kit` is a folder with `include/bpf` and `lib/*.a`, where the libraries of the system are not
    used; the program is kept in it. `machine` is an architecture as uname calls it, this machine's
    own without it; others have their folder in the kit.
    Raises ProbeError where a compiler or a library is missing.
    """
    machine = machine or platform.machine()
    compiler = find_compiler(machine)
    kit = kit and find_kit(kit, machine)
    if kit is None or not has_libraries(kit):
        if machine != platform.machine():
            raise ProbeError(f"There is no libbpf for {machine} here: run `kfmap fetch-images`")
        return _compile(compiler, source, None)
    kept = kit / f"{source.stem}-{machine}-{_identify(source, kit)}"
    if not kept.exists():
        built = _compile(compiler, source, kit)
        _keep(kept, built)
        return built
    return kept.read_bytes()


def _keep(kept: Path, built: bytes) -> None:
    """Keep a program for the next time; where the folder does not take it, it is built again."""
    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        draft.write_bytes(built)
        draft.replace(kept)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def find_kit(kit: Path, machine: str) -> Path:
    """Return the folder with the libraries of an architecture."""
    return kit if machine == platform.machine() else kit / machine


def has_libraries(kit: Path) -> bool:
    """Return whether the libraries were fetched into this folder."""
    return (kit / "lib" / "libbpf.a").is_file()


def _identify(source: Path, kit: Path) -> str:
    digest = hashlib.sha256(source.read_bytes())
    digest.update((_HEADERS / "libbpf_shims.h").read_bytes())
    for path in sorted((kit / "lib").glob("*.a")):
        digest.update(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def _compile(compiler: str, source: Path, kit: Path | None) -> bytes:
    places = [] if kit is None else ["-isystem", f"{kit}/include", f"-L{kit}/lib"]
    with temporary_folder("loader") as folder:
        made = folder / "program"
        command = [compiler, "-O2", "-static", "-Wl,--wrap=realloc", f"-I{_HEADERS}", *places]
        command += ["-o", str(made), str(source), *(f"-l{name}" for name in LIBRARIES)]
        built = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS
        )
        if built.returncode:
            raise ProbeError(_say_failure(source, built.stderr))
        return made.read_bytes()


def _say_failure(source: Path, said: str) -> str:
    reason = find_compiler_error(said)
    return (
        f"{source.name} could not be built ({reason}): run `kfmap fetch-images`, "
        f"which brings libbpf, or install {' '.join(PACKAGES)} of Debian 13 or newer"
    )
