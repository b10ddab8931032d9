"""A bundled kernel made from packages that the tests write, without a network."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
import zstandard
from django.core.management import call_command
from django.core.management.base import CommandError

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.kinds import Kind
from kfmap.btf.pack import unpack
from kfmap.btf.read import read_btf
from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.build import Built, build_kernel, save_built
from kfmap.catalogue.bundling.recipes import Modules, Package, Recipe
from kfmap.kernel.config import read_config
from kfmap.kernel.facts_json import parse_facts
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import write_elf
from tests.catalogue.deb_writer import pack, write_deb
from tests.kernel.small_kernel import CONFIG, FILES, INCLUDES, SET_C, id_set

SOURCE = Package("linux-source-9.1", "9.1.2-1")
IMAGE = Package("linux-image-9.1.2-amd64", "9.1.2-1")
MODULES = Modules(Package("linux-modules-9.1.2-amd64", "9.1.2-1"), IMAGE)
RECIPE = Recipe("9.1", "a label", SOURCE, IMAGE, IMAGE, MODULES)


def test_a_kernel_is_built_from_its_packages(tmp_path: Path) -> None:
    built = _build(tmp_path)
    facts = built.facts
    assert (facts.name, facts.version, facts.origin.label) == ("9.1", "9.1.2", "a label")
    assert facts.origin.profile == "as configured"
    assert [(k.name, k.callable_in_btf) for k in facts.kfuncs] == [("one", True), ("two", False)]


def test_its_types_keep_the_kfuncs_and_lose_other_functions(tmp_path: Path) -> None:
    types = _build(tmp_path).types
    assert types is not None
    btf = read_btf(unpack(types))
    found = [name for name in ("one", "other") if btf.find(name) is not None]
    assert found == ["one"]


def test_its_functions_are_those_of_the_image_and_the_modules(tmp_path: Path) -> None:
    packed = _build(tmp_path).functions
    assert packed is not None
    functions = FunctionNames(packed)
    assert [functions.arguments(name) for name in ("one", "other", "two")] == [1, 0, None]
    for name in ("in_plain", "in_xz", "in_zst"):
        assert functions.module_may_have(name)


def test_a_module_without_types_is_named(tmp_path: Path) -> None:
    _write_packages(tmp_path, modules={"./lib/modules/9.1.2/a.ko": b"\x7fELF"})
    with pytest.raises(BundleError, match=r"/lib/modules/9\.1\.2/a\.ko: ELF file"):
        build_kernel(RECIPE, Archive(tmp_path, ()), tmp_path)


def test_its_options_are_those_of_the_package(tmp_path: Path) -> None:
    config = _build(tmp_path).config
    assert config is not None
    assert read_config(lzma.decompress(config)) == read_config(CONFIG)


def test_a_recipe_without_configuration_has_every_option_on_and_no_types(tmp_path: Path) -> None:
    _write_packages(tmp_path)
    built = build_kernel(Recipe("9.1-all", "", SOURCE), Archive(tmp_path, ()), tmp_path)
    assert built.facts.origin.profile == "every option on"
    assert (built.types, built.config, built.functions) == (None, None, None)


def test_a_second_build_unpacks_nothing(tmp_path: Path) -> None:
    _build(tmp_path)
    tree = tmp_path / "tree/9.1.2"
    (tree / SET_C).write_text(INCLUDES + id_set("edited"))
    built = build_kernel(RECIPE, Archive(tmp_path, ()), tmp_path)
    assert [kfunc.name for kfunc in built.facts.kfuncs] == ["edited"]


def test_files_are_written_once(tmp_path: Path) -> None:
    built = _build(tmp_path)
    folder = tmp_path / "bundled"
    folder.mkdir()
    written = [path.name for path in save_built(built, folder)]
    assert written == ["9.1.json", "9.1.types.xz", "9.1.config.xz", "9.1.functions.xz"]
    assert save_built(built, folder) == []
    assert parse_facts((folder / "9.1.json").read_bytes()) == built.facts


def test_a_package_without_the_configuration_is_named(tmp_path: Path) -> None:
    _write_packages(tmp_path, image={"./boot/vmlinuz-9.1.2": _btf()})
    with pytest.raises(BundleError, match=r"linux-image-9\.1\.2-amd64_.* has no file like"):
        build_kernel(RECIPE, Archive(tmp_path, ()), tmp_path)


def test_the_command_names_the_recipes_there_are() -> None:
    with pytest.raises(CommandError, match=r"No recipe for 5\.4; there are 6\.1, 6\.12"):
        call_command("bundle_kernels", "5.4")


def _build(work: Path) -> Built:
    _write_packages(work)
    return build_kernel(RECIPE, Archive(work, ()), work)


def _write_packages(
    work: Path, image: dict[str, bytes] | None = None, modules: dict[str, bytes] | None = None
) -> None:
    files = {**FILES, SET_C: INCLUDES + id_set("one two")}
    tarball = pack({f"linux-source-9.1/{name}": text.encode() for name, text in files.items()})
    folder = work / "deb"
    folder.mkdir(exist_ok=True)
    source = {"./usr/src/linux-source-9.1.tar.xz": tarball}
    write_deb(folder / "linux-source-9.1_9.1.2-1_all.deb", source)
    image = image or {"./boot/config-9.1.2": CONFIG, "./boot/vmlinuz-9.1.2": _btf()}
    write_deb(folder / "linux-image-9.1.2-amd64_9.1.2-1_amd64.deb", image)
    at = "./usr/lib/modules/9.1.2/kernel"
    modules = modules or {
        f"{at}/a.ko": _module("in_plain"),
        f"{at}/b.ko.xz": lzma.compress(_module("in_xz")),
        f"{at}/c.ko.zst": zstandard.compress(_module("in_zst")),
        f"{at}/modules.dep": b"no module",
    }
    write_deb(folder / "linux-modules-9.1.2-amd64_9.1.2-1_amd64.deb", modules)


def _module(function: str) -> bytes:
    """Write a module with split BTF: one function of a prototype that the image has."""
    image = read_btf(_btf())
    one = image.find("one", Kind.FUNC)
    assert one is not None
    writer = BtfWriter()
    writer.strings = bytearray(function.encode() + b"\0")
    writer._offsets[function] = image.strings_length
    writer.add(Kind.FUNC, function, image.type_of(one))
    return write_elf({".BTF": writer.build()})


def _btf() -> bytes:
    writer = BtfWriter()
    number = writer.integer("int")
    writer.function("one", number, [("a", number)])
    writer.function("other", number, [])
    return writer.build()
