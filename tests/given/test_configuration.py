"""A .config is looked at before it is believed."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from kfmap.given.configuration import (
    Fit,
    check_config,
    find_config_in_image,
    read_given_config,
)
from kfmap.given.files import Advice, GivenError

WHOLE = """\
#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 9.1.2 Kernel Configuration
#
CONFIG_CC_VERSION_TEXT="gcc-14 (Debian 14.2.0-19) 14.2.0"
CONFIG_X86=y
CONFIG_NET=y
"""


def fit(tmp_path: Path, text: str, version: str = "9.1.2") -> Fit:
    path = tmp_path / "config"
    path.write_text(text)
    return check_config(read_given_config(path), version)


def test_a_whole_configuration_of_the_tree_raises_no_doubt(tmp_path: Path) -> None:
    assert fit(tmp_path, WHOLE) == Fit((), ())


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_packed_configuration_is_read(tmp_path: Path, pack: type) -> None:
    path = tmp_path / "config.gz"
    path.write_bytes(pack(WHOLE.encode()))
    assert read_given_config(path).text == WHOLE.encode()


@pytest.mark.parametrize(
    "data",
    [gzip.compress(gzip.compress(WHOLE.encode())), WHOLE.encode("utf-16")],
    ids=["packed twice", "UTF-16"],
)
def test_a_configuration_is_read_however_it_came(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(data)
    assert read_given_config(path).text == WHOLE.encode()


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01", b"\x9f\xeb\x01\x00"], ids=["ELF", "BTF"])
def test_types_are_not_a_configuration(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(data)
    with pytest.raises(GivenError, match=r"types of one\.$") as error:
        read_given_config(path)
    assert error.value.advice is Advice.AS_TYPES


def test_a_savedefconfig_is_said_to_be_one(tmp_path: Path) -> None:
    (remark,) = fit(tmp_path, "CONFIG_NET=y\nCONFIG_BPF_SYSCALL=y\n").remarks
    assert "savedefconfig" in remark


def test_another_release_is_a_doubt_and_another_point_release_a_remark(tmp_path: Path) -> None:
    assert "of 9.1.2, and the source is 9.2.0" in fit(tmp_path, WHOLE, "9.2.0").doubts[0]
    found = fit(tmp_path, WHOLE, "9.1.7")
    assert not found.doubts
    assert "written for 9.1.2" in found.remarks[0]


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("Linux/x86", "Linux/arm64"),
        WHOLE.replace('"gcc-14', '"aarch64-linux-gnu-gcc-14'),
        WHOLE.replace("CONFIG_X86", "CONFIG_ARM64"),
    ],
    ids=["header", "compiler", "options"],
)
def test_parts_of_two_architectures_are_a_doubt(tmp_path: Path, text: str) -> None:
    (doubt,) = fit(tmp_path, text).doubts
    assert "sets CONFIG_" in doubt


@pytest.mark.parametrize("text", ["hello\n", "", "#include <x>\n", "CONFIG_SHELL := sh\n"])
def test_what_sets_no_option_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(GivenError, match=r"is not a \.config"):
        fit(tmp_path, text)


def test_a_header_that_is_no_text_is_another_release(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(WHOLE.encode().replace(b"9.1.2 K", b"9.1\xff2 K"))
    assert check_config(read_given_config(path), "9.1.2").doubts


def test_the_configuration_in_an_image_is_found() -> None:
    image = bytes(900) + b"IKCFG_ST" + gzip.compress(WHOLE.encode()) + b"IKCFG_ED" + bytes(90)
    assert find_config_in_image(image) == WHOLE.encode()
    assert find_config_in_image(bytes(900)) is None


def test_a_folder_is_named_as_one(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="is a folder: give the file in it that is meant"):
        read_given_config(tmp_path)
