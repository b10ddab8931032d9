"""Images of the data folder: found when they are whole, refused when they have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.probe.host import ProbeError
from verifier.opinions import images
from verifier.opinions.images import (
    find_images,
    find_missing,
    load_image,
    open_image,
    read_config_beside,
    save_image,
)

IMAGE = bytes(0x202) + b"HdrS" + bytes(600)


def test_an_image_is_kept_with_its_modules_in_order(tmp_path: Path) -> None:
    save_image(
        tmp_path, "7.2", "linux-image 7.2.12-1", IMAGE, [("nf_conntrack", b"a"), ("fou", b"b")]
    )
    assert find_images(tmp_path)["7.2"].package == "linux-image 7.2.12-1"
    kernel = load_image(tmp_path, "7.2", b"CONFIG_NET=y\n")
    assert kernel.image.read_bytes() == IMAGE
    assert kernel.modules == {"modules/000-nf_conntrack.ko": b"a", "modules/001-fou.ko": b"b"}


def test_an_image_that_has_changed_is_not_booted(tmp_path: Path) -> None:
    (save_image(tmp_path, "7.2", "p", IMAGE, []) / "vmlinuz").write_bytes(IMAGE + b"!")
    with pytest.raises(ProbeError, match="has changed since it was fetched"):
        load_image(tmp_path, "7.2")


def test_an_image_that_is_not_whole_is_not_there(tmp_path: Path) -> None:
    (save_image(tmp_path, "7.2", "p", IMAGE, []) / "image.json").write_text('{"package":')
    assert find_images(tmp_path) == {}
    with pytest.raises(ProbeError, match=r"run `kfmap fetch-images 7\.2`"):
        load_image(tmp_path, "7.2")


def test_the_configuration_beside_an_image_is_its_own(tmp_path: Path) -> None:
    """As Debian, Fedora and others lay them in /boot."""
    (tmp_path / "config-6.18.15+deb13-amd64").write_bytes(b"CONFIG_HZ=250\n")
    assert read_config_beside(tmp_path / "vmlinuz-6.18.15+deb13-amd64") == b"CONFIG_HZ=250\n"
    assert read_config_beside(tmp_path / "vmlinuz-6.18.16+deb13-amd64") == b""
    assert read_config_beside(tmp_path / "6.18.vmlinuz") == b""


@pytest.mark.parametrize("data", [b"", b"\x7fELF" + bytes(900)])
def test_what_cannot_be_booted_here_is_said(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "vmlinuz"
    path.write_bytes(data)
    with pytest.raises(ProbeError, match="no kernel image"):
        open_image(path)


def test_an_image_knows_its_architecture(tmp_path: Path) -> None:
    save_image(tmp_path, "7.3-arm64", "p", bytes(0x38) + b"ARM\x64" + bytes(600), [])
    assert load_image(tmp_path, "7.3-arm64").machine == "aarch64"


def test_what_has_to_be_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "has_qemu", lambda _: False)
    assert "apt install qemu-system-x86" in find_missing(tmp_path)
    monkeypatch.setattr(images, "has_qemu", lambda machine: machine == "aarch64")
    assert "kfmap fetch-images" in find_missing(tmp_path)
    save_image(tmp_path, "7.2", "p", IMAGE, [])
    assert find_missing(tmp_path) == ""
