"""A kernel that is nearly another one: stored once, read as if it had files of its own."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.function_pack import pack_functions
from kfmap.btf.pack import pack
from kfmap.btf.read import read_btf
from kfmap.catalogue.bundled_files import OwnFiles, Part, SharedFile, write_as_shared
from kfmap.catalogue.bundled_kernels import BUNDLED, find_bundled
from kfmap.catalogue.bundling.build import Built, save_built
from kfmap.catalogue.bundling.recipes import RECIPES
from kfmap.catalogue.shared_kernels import SharedKernelError, read_shared
from kfmap.kernel.facts_json import render_facts
from tests.btf.sample import sample_kernel
from tests.permission.small_kernel import create_toy_kernel

CONFIG = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(500)).encode()


def build(extra: str = "") -> dict[Part, bytes]:
    """Return the files of a kernel, which has one more function than another build."""
    builder = sample_kernel()
    if extra:
        builder.function(extra)
    types = builder.build()
    return {
        Part.FACTS: render_facts(create_toy_kernel()).encode(),
        Part.TYPES: pack(types),
        Part.CONFIG: lzma.compress(CONFIG + extra.encode()),
        Part.FUNCTIONS: pack_functions(read_btf(types), {"of_a_module", extra}),
    }


def write_own(folder: Path, name: str, files: dict[Part, bytes]) -> OwnFiles:
    for part, suffix in ((Part.FACTS, "json"), (Part.TYPES, "types.xz")):
        (folder / f"{name}.{suffix}").write_bytes(files[part])
    for part in (Part.CONFIG, Part.FUNCTIONS):
        (folder / f"{name}.{part}.xz").write_bytes(files[part])
    return OwnFiles(folder, name)


def test_a_shared_kernel_reads_as_one_with_files_of_its_own(tmp_path: Path) -> None:
    write_own(tmp_path, "9.1", build())
    files = build("one_more")
    own = write_own(tmp_path, "9.2", files)
    (tmp_path / "9.1-rt.shared").write_bytes(write_as_shared(tmp_path, "9.1", files))
    shared = SharedFile(tmp_path / "9.1-rt.shared")
    for part in (Part.FACTS, Part.TYPES, Part.CONFIG):
        assert shared.has(part)
        assert shared.read(part) == own.read(part)
    functions = FunctionNames(shared.read(Part.FUNCTIONS) or b"")
    assert functions.has("one_more")
    assert functions.module_may_have("of_a_module")
    assert not functions.has("two_more")
    names = [bundled.name for bundled in find_bundled(tmp_path)]
    assert names == ["9.1-rt", "9.1", "9.2"]


def test_what_is_shared_is_stored_once(tmp_path: Path) -> None:
    files = build()
    write_own(tmp_path, "9.1", files)
    assert len(write_as_shared(tmp_path, "9.1", files)) < 400
    assert len(lzma.compress(files[Part.FACTS])) > 1_000


def test_a_part_that_the_base_lacks_is_kept_whole(tmp_path: Path) -> None:
    files = build()
    (tmp_path / "9.1.json").write_bytes(files[Part.FACTS])
    (tmp_path / "9.1-rt.shared").write_bytes(write_as_shared(tmp_path, "9.1", files))
    assert SharedFile(tmp_path / "9.1-rt.shared").read(Part.CONFIG) == CONFIG


def test_another_base_than_it_was_made_with_is_an_error(tmp_path: Path) -> None:
    write_own(tmp_path, "9.1", build())
    shared = tmp_path / "9.1-rt.shared"
    shared.write_bytes(write_as_shared(tmp_path, "9.1", build("one_more")))
    digest = SharedFile(shared).digest()
    (tmp_path / "9.1.config.xz").write_bytes(lzma.compress(CONFIG[::-1]))
    with pytest.raises(SharedKernelError, match=r"do not fit those of 9\.1"):
        SharedFile(shared).read(Part.CONFIG)
    assert SharedFile(shared).digest() != digest


@pytest.mark.parametrize(
    "data", [b"", b"kfmap shared 1\n", b"kfmap shared 1\n{}\n", b"kfmap shared 1\n[]\nx", b"{}"]
)
def test_something_else_is_no_shared_kernel(data: bytes) -> None:
    with pytest.raises(SharedKernelError, match="not the file"):
        read_shared(data)


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    write_own(tmp_path, "9.1", build())
    with pytest.raises(SharedKernelError, match="cut off"):
        read_shared(write_as_shared(tmp_path, "9.1", build())[:-1])


def test_a_new_base_writes_anew_what_shares_with_it(tmp_path: Path) -> None:
    write_own(tmp_path, "9.1", build())
    path = tmp_path / "9.1-rt.shared"
    path.write_bytes(write_as_shared(tmp_path, "9.1", build("one_more")))
    before = SharedFile(path).read_contents()
    files = build("another")
    facts = replace(create_toy_kernel(), name="9.1")
    built = Built(facts, files[Part.TYPES], files[Part.CONFIG], files[Part.FUNCTIONS])
    changed = [item.name for item in save_built(built, tmp_path)]
    assert "9.1-rt.shared" in changed
    assert SharedFile(path).read_contents() == before


def test_all_that_is_bundled_stays_small() -> None:
    files = [path for path in BUNDLED.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15_000_000
    for bundled in find_bundled():
        if isinstance(bundled.parts, SharedFile):
            assert bundled.read_facts().name == bundled.name
            assert bundled.has(Part.FUNCTIONS) == bundled.has(Part.TYPES)


def test_recipes_say_what_is_shared() -> None:
    shared = {
        bundled.name: bundled.parts.base
        for bundled in find_bundled()
        if isinstance(bundled.parts, SharedFile)
    }
    recipes = {recipe.name: recipe.like for recipe in RECIPES}
    assert shared.items() <= recipes.items()
    assert not {*shared} & {*shared.values()}, "a base has files of its own"
