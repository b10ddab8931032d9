"""Ask a kernel image: boot it in QEMU with the probe as its only process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kfmap.btf.read import BtfError
from kfmap.btf.vmlinux import extract_btf
from kfmap.kernel.config import Config
from kfmap.probe.guest import Guest, find_machine, run_guest
from kfmap.probe.host import ProbeError, build_guest

GUEST_SECONDS = 900
_NO_HASH = b'"btf_sha256":""'  # a guest has no sha256sum
# What the kernel of a guest must have built in: to start the probe, to answer it, and to be heard.
_NEEDED = (
    "CONFIG_BLK_DEV_INITRD",
    "CONFIG_BINFMT_ELF",
    "CONFIG_SYSFS",
    "CONFIG_BPF_SYSCALL",
    "CONFIG_DEBUG_INFO_BTF",
)
_CONSOLES = {
    "x86_64": "CONFIG_SERIAL_8250_CONSOLE",
    "aarch64": "CONFIG_SERIAL_AMBA_PL011_CONSOLE",
}


def probe_image(
    path: Path,
    names: Iterable[str],
    *,
    modules: Mapping[str, bytes] | None = None,
    config: Config | None = None,
    few: bool = False,
    seconds: float = GUEST_SECONDS,
) -> bytes:
    """Return the evidence of the image at `path`.

    `names` adds kfuncs that no tag in BTF marks; `modules` are files of the guest as
    `modules.read_modules` gives them; `config` is what the image was built with, where
    that is known; `few` asks a sample of the LSM hooks.
    Raises ProbeError where the image cannot be read or booted, or does not answer in time.
    """
    try:
        image = path.read_bytes()
    except OSError as error:
        raise ProbeError(f"{path} cannot be read: {error.strerror}") from error
    machine = find_machine(image)
    if config is not None:
        _check_options(config, machine)
    files = {"names.txt": "\n".join(names).encode(), **(modules or {})}
    arguments = "--few" if few else ""
    guest = Guest(path, build_guest(machine), files, machine, arguments, seconds)
    return _add_hash(run_guest(guest), image)


def _check_options(config: Config, machine: str) -> None:
    """Raise ProbeError where the image cannot answer by the options it was built with."""
    needed = (*_NEEDED, _CONSOLES[machine])
    if missing := [name for name in needed if not config.is_builtin(name)]:
        raise ProbeError(
            f"This image cannot answer: by its configuration it was built without "
            f"{', '.join(missing)}"
        )


def _add_hash(evidence: bytes, image: bytes) -> bytes:
    """Return evidence with the hash of the image's BTF, which names the kernel it belongs to."""
    try:
        digest = hashlib.sha256(extract_btf(image)).hexdigest()
    except BtfError:  # packed in a way that is not known here: the release still names it
        return evidence
    return evidence.replace(_NO_HASH, f'"btf_sha256":"{digest}"'.encode(), 1)
