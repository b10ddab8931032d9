"""Compile the BPF programs of a kernel tree with clang, against the types Debian built it with.

The examples and tests of sched_ext, and the selftests of the verifier and libbpf; flags are those
of their Makefiles as far as the code that comes out depends on them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kfmap.catalogue.bundling.archive import Archive
from kfmap.catalogue.bundling.recipes import RECIPES, SUITES, Package
from kfmap.catalogue.bundling.unpack import read_member, unpack_tree

CLANG = "clang-19"
_TYPES = re.compile(r"\./usr/include/.*/vmlinux\.h")
_SELFTESTS = "tools/testing/selftests"
_FOLDERS = ("tools/sched_ext", f"{_SELFTESTS}/sched_ext", f"{_SELFTESTS}/bpf/progs")
_INCLUDES = {
    "sched_ext": (
        "tools/sched_ext/include",
        "tools/sched_ext/include/bpf-compat",
        f"{_SELFTESTS}/sched_ext/include",
        "tools/include",
        "tools/include/uapi",
    ),
    "bpf": (
        f"{_SELFTESTS}/bpf",
        f"{_SELFTESTS}/bpf/libarena/include",
        "tools/include/uapi",
        "tools/include",
    ),
}
_SYSTEM = ("/usr/lib/llvm-19/lib/clang/19/include", "/usr/include/x86_64-linux-gnu", "/usr/include")
_FLAGS = (
    *("-target", "bpf", "-mcpu=v3", "-mlittle-endian", "-g", "-O2", "-w", "-std=gnu11"),
    *("-fno-strict-aliasing", "-fms-extensions", "-D__TARGET_ARCH_x86"),
    "-Wno-error=incompatible-function-pointer-types",
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The objects that came out, and the first error of each file that did not compile."""

    objects: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def fetch(name: str, work: Path) -> Path:
    """Fetch the source of a bundled kernel and its types as C; both are kept under `work`."""
    known = {recipe.name: recipe.source for recipe in RECIPES if recipe.image and recipe.source}
    if name not in known:
        sys.exit(f"No kernel {name} with types; there are {', '.join(known)}.")
    source, archive = known[name], Archive(work, SUITES)
    tree = work / "tree" / source.upstream
    if not tree.exists():
        unpack_tree(archive.fetch(source), tree)
    types = work / name / "include" / "vmlinux.h"
    if not types.exists():
        types.parent.mkdir(parents=True, exist_ok=True)
        package = archive.fetch(Package("linux-bpf-dev", source.version))
        types.write_bytes(read_member(package, _TYPES))
    return tree


def compile_tree(tree: Path, out: Path) -> Compiled:
    """Compile every BPF program of a tree into `out`, in as many processes as there are CPUs."""
    headers = _make_headers(tree, out / "include")
    sources = [
        source for folder in _FOLDERS for source in sorted((tree / folder).glob(_pattern(folder)))
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = list(pool.map(lambda source: _compile(source, tree, headers, out), sources))
    pairs = list(zip(sources, errors, strict=True))
    return Compiled(
        tuple(_object_of(source, tree, out) for source, error in pairs if not error),
        tuple((str(source.relative_to(tree)), error) for source, error in pairs if error),
    )


def _pattern(folder: str) -> str:
    return "*.c" if folder.endswith("progs") else "*.bpf.c"


def _make_headers(tree: Path, folder: Path) -> Path:
    """Make what the selftests' Makefile makes beside vmlinux.h: libbpf's headers, as bpf/."""
    helpers = folder / "bpf_helper_defs.h"
    if not helpers.exists():
        (folder / "bpf").symlink_to(tree / "tools/lib/bpf")
        command = [sys.executable, str(tree / "scripts/bpf_doc.py"), "--header"]
        command += ["--file", str(tree / "tools/include/uapi/linux/bpf.h")]
        helpers.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return folder


def _compile(source: Path, tree: Path, headers: Path, out: Path) -> str:
    """Compile one file; give the first error, "" where there is none."""
    made = _object_of(source, tree, out)
    if made.exists():
        return ""
    made.parent.mkdir(parents=True, exist_ok=True)
    kind = "sched_ext" if "sched_ext" in str(source.relative_to(tree)) else "bpf"
    includes = [headers, source.parent, *(tree / folder for folder in _INCLUDES[kind])]
    command = [CLANG, *_FLAGS, *(f"-I{folder}" for folder in includes)]
    command += [part for folder in _SYSTEM for part in ("-idirafter", folder)]
    command += ["-c", str(source), "-o", str(made)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return ""
    lines = [line for line in run.stderr.splitlines() if "error:" in line]
    return lines[0].partition("error:")[2].strip() if lines else "clang failed"


def _object_of(source: Path, tree: Path, out: Path) -> Path:
    folder = str(source.parent.relative_to(tree)).replace("/", "-")
    return out / folder / f"{source.name.removesuffix('.c').removesuffix('.bpf')}.bpf.o"
