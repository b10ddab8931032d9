"""The kernels that can be booted: what `kfmap fetch-images` put into the data folder.

guests/NAME/vmlinuz and image.json (its package, and the SHA-256 that it must have), guests/NAME/
modules/NNN-name.ko in loading order; guests/loader has libbpf for `load.c`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kfmap.probe.guest import MACHINES, find_machine
from kfmap.probe.host import ProbeError
from verifier.opinions.asking import BootedKernel
from verifier.opinions.loader import has_qemu

FOLDER = "guests"
LOADER = "loader"
_IMAGE, _ABOUT, _MODULES = "vmlinuz", "image.json", "modules"


@dataclass(frozen=True, slots=True)
class FetchedImage:
    """An image of the data folder: the package it is from, and its hash."""

    name: str
    package: str
    sha256: str


def find_images(data_dir: Path) -> dict[str, FetchedImage]:
    """Return the images that were fetched whole, by the names of their kernels."""
    found = {}
    for about in sorted((data_dir / FOLDER).glob(f"*/{_ABOUT}")):
        try:
            said = json.loads(about.read_bytes())
            image = FetchedImage(about.parent.name, said["package"], said["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found[image.name] = image
    return found


def save_image(
    data_dir: Path, name: str, package: str, image: bytes, modules: Iterable[tuple[str, bytes]]
) -> Path:
    """Keep an image and its modules (name, bytes; in loading order); return its folder."""
    folder = data_dir / FOLDER / name
    (folder / _MODULES).mkdir(parents=True, exist_ok=True)
    for old in (folder / _ABOUT, *(folder / _MODULES).iterdir()):
        old.unlink(missing_ok=True)
    (folder / _IMAGE).write_bytes(image)
    for number, (module, data) in enumerate(modules):
        (folder / _MODULES / f"{number:03}-{module}.ko").write_bytes(data)
    about = {"package": package, "sha256": hashlib.sha256(image).hexdigest()}
    (folder / _ABOUT).write_text(json.dumps(about) + "\n")  # last: now it is whole
    return folder


def load_image(data_dir: Path, name: str, config: bytes = b"") -> BootedKernel:
    """Return a fetched kernel ready to boot.

    Raises ProbeError where it was not fetched, or is not what was fetched any more.
    """
    image = find_images(data_dir).get(name)
    if image is None:
        raise ProbeError(f"There is no image of {name} here: run `kfmap fetch-images {name}`")
    path = data_dir / FOLDER / name / _IMAGE
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise ProbeError(
            f"{path} has changed since it was fetched: run `kfmap fetch-images {name}`"
        )
    modules = {
        f"modules/{module.name}": module.read_bytes()
        for module in sorted((path.parent / _MODULES).glob("*.ko"))
    }
    return BootedKernel(name, path, find_machine(data), config, modules)


def open_image(path: Path, name: str = "", config: bytes = b"") -> BootedKernel:
    """Return the kernel of an image by its path. Raises ProbeError for what is no image."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProbeError(f"{path} cannot be read: {error.strerror}") from error
    return BootedKernel(name or path.name, path, find_machine(data), config)


def read_config_beside(image: Path) -> bytes:
    """Return what distributions lay beside vmlinuz-RELEASE as config-RELEASE, b"" for nothing."""
    before, is_named, release = image.name.partition("vmlinuz-")
    beside = image.with_name(f"config-{release}")
    if before or not is_named or not beside.is_file():
        return b""
    try:
        return beside.read_bytes()
    except OSError:
        return b""


def find_missing(data_dir: Path) -> str:
    """Return what has to be installed before a kernel can be asked, "" for nothing."""
    if not any(map(has_qemu, MACHINES)):
        packages = " or ".join(machine.package for machine in MACHINES.values())
        return f"QEMU is not installed (Debian: apt install {packages})."
    if not find_images(data_dir):
        return "No kernel image has been fetched: run `kfmap fetch-images`."
    return ""
