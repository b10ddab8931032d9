"""Taking files out of Debian packages that the tests write themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.catalogue.bundling.archive import BundleError
from kfmap.catalogue.bundling.unpack import CONFIG, VMLINUZ, read_member, unpack_tree
from tests.catalogue.deb_writer import pack, write_deb


def test_read_member_finds_the_configuration_in_either_place(tmp_path: Path) -> None:
    for name in ("./boot/config-6.1.0-1-amd64", "./usr/lib/modules/7.3.4/config"):
        deb = write_deb(tmp_path / "a.deb", {"./usr/share/doc/config": b"no", name: b"CONFIG_X=y"})
        assert read_member(deb, CONFIG) == b"CONFIG_X=y"


def test_read_member_stops_early_in_a_large_package(tmp_path: Path) -> None:
    files = {"./boot/vmlinuz-1": b"image"} | {f"./lib/{n}": bytes(1 << 20) for n in range(8)}
    assert read_member(write_deb(tmp_path / "a.deb", files), VMLINUZ) == b"image"


def test_read_member_names_the_package_that_lacks_it(tmp_path: Path) -> None:
    deb = write_deb(tmp_path / "linux-base_1_amd64.deb", {"./boot/System.map": b""})
    with pytest.raises(BundleError, match=r"linux-base_1_amd64\.deb has no file like"):
        read_member(deb, CONFIG)


def test_unpack_tree_takes_an_upstream_tarball_without_its_top_folder(tmp_path: Path) -> None:
    tarball = tmp_path / "linux_1.2.orig.tar.xz"
    tarball.write_bytes(pack({"linux-1.2/Makefile": b"VERSION = 1"}))
    unpack_tree(tarball, tmp_path / "tree" / "1.2")
    assert (tmp_path / "tree/1.2/Makefile").read_bytes() == b"VERSION = 1"


def test_unpack_tree_takes_the_tarball_inside_a_source_package(tmp_path: Path) -> None:
    inner = pack({"linux-source-1.2/Makefile": b"VERSION = 1"})
    deb = write_deb(tmp_path / "s.deb", {"./usr/src/linux-source-1.2.tar.xz": inner})
    unpack_tree(deb, tmp_path / "tree" / "1.2")
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["1.2"]
    assert (tmp_path / "tree/1.2/Makefile").read_bytes() == b"VERSION = 1"


def test_unpack_tree_leaves_no_tree_behind_when_the_tarball_is_broken(tmp_path: Path) -> None:
    tarball = tmp_path / "linux_1.2.orig.tar.xz"
    tarball.write_bytes(pack({"linux-1.2/Makefile": bytes(9999)})[:-40])
    with pytest.raises(BundleError, match="cannot be unpacked"):
        unpack_tree(tarball, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
