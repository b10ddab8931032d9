"""Take out of Debian packages what a kernel's facts are made from."""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from kfmap.catalogue.bundling.archive import BundleError
from kfmap.probe.modules import module_name

CONFIG = re.compile(r"\./(boot/config-[^/]+|usr/lib/modules/[^/]+/config)")
VMLINUZ = re.compile(r"\./(boot/vmlinuz-[^/]+|usr/lib/modules/[^/]+/vmlinuz)")
_MODULE = re.compile(r"\./(?:usr/)?lib/modules/.+\.ko(\.xz|\.zst)?")
_MAX_MODULE = 256 << 20
_SOURCE_TARBALL = re.compile(r"\./usr/src/linux-source-[^/]+\.tar\.xz")


def read_member(package: Path, name: re.Pattern[str]) -> bytes:
    """Return the first file in a .deb whose whole name matches.

    Raises BundleError where there is none.
    """
    with (
        _open_deb(package) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as files,
    ):
        data = _find_member(files, name)
        unpacking.kill()
    if data is None:
        raise BundleError(f"{package.name} has no file like {name.pattern}")
    return data


def read_modules(package: Path, names: set[str]) -> Iterator[tuple[str, bytes]]:
    """Return the modules of these names in a .deb: (name, the .ko unpacked)."""
    for file, data in read_all_modules(package, names):
        yield module_name(file), data


def read_all_modules(package: Path, names: set[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Return the modules in a .deb one by one: the name of the file, and the .ko unpacked.

    `names`: those of these names alone.
    """
    with (
        _open_deb(package) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as files,
    ):
        for member in files:
            found = _MODULE.fullmatch(member.name) if member.isfile() else None
            if names is not None and module_name(member.name) not in names:
                continue
            stream = files.extractfile(member) if found else None
            if found and stream:
                yield member.name, _unpack_module(stream.read(), found[1] or "")


def _unpack_module(data: bytes, suffix: str) -> bytes:
    if suffix == ".xz":
        return lzma.decompress(data)
    if suffix == ".zst":
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_MODULE)
    return data


def unpack_tree(package: Path, tree: Path) -> None:
    """Unpack kernel source (a linux-source .deb or an upstream tarball) as the folder `tree`.

    It gets its name when it is whole, so an interrupted run leaves no half tree behind. Raises
    BundleError where the archive cannot be unpacked.
    """
    partial = tree.with_name(f"{tree.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tarball = package
    if package.suffix == ".deb":
        tarball = partial.with_suffix(".tar.xz")
        tarball.write_bytes(read_member(package, _SOURCE_TARBALL))
    command = ["tar", "-xJf", str(tarball), "-C", str(partial), "--strip-components=1"]
    unpacked = subprocess.run(command, capture_output=True, text=True, check=False)
    if tarball != package:
        tarball.unlink()
    if unpacked.returncode:
        raise BundleError(f"{package.name} cannot be unpacked: {unpacked.stderr.strip()}")
    partial.rename(tree)


def _open_deb(package: Path) -> subprocess.Popen[bytes]:
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _find_member(files: tarfile.TarFile, name: re.Pattern[str]) -> bytes | None:
    for member in files:
        if member.isfile() and name.fullmatch(member.name):
            stream = files.extractfile(member)
            return stream.read() if stream else None
    return None
