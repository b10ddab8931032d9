"""The bundled kernels: loaded once, loaded again when their files change, never over the user's."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kfmap.btf.function_pack import pack_functions
from kfmap.btf.pack import pack
from kfmap.btf.read import read_btf
from kfmap.catalogue import kept_parts
from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.loading import Outcome, load_bundled
from kfmap.catalogue.models import Kernel, KernelFunctions, KernelTypes
from kfmap.catalogue.store import load_kernel, load_types, save_kernel
from kfmap.kernel.facts_json import render_facts
from tests.btf.btf_writer import BtfWriter
from tests.permission.small_kernel import create_toy_kernel
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.supply import supply

pytestmark = pytest.mark.django_db


def write_bundled(
    folder: Path,
    name: str,
    version: str = "1.0",
    types: bytes = b"",
    config: bytes = b"",
    functions: bytes = b"",
) -> None:
    """Write a kernel as it is bundled."""
    facts = replace(create_toy_kernel(), name=name, version=version)
    (folder / f"{name}.json").write_text(render_facts(facts))
    if types:
        (folder / f"{name}.types.xz").write_bytes(pack(types))
    if config:
        (folder / f"{name}.config.xz").write_bytes(lzma.compress(config))
    if functions:
        (folder / f"{name}.functions.xz").write_bytes(functions)


def test_bundled_kernels_come_oldest_first(tmp_path: Path) -> None:
    for name in ("6.12", "7.2", "6.2"):
        write_bundled(tmp_path, name)
    assert [bundled.name for bundled in find_bundled(tmp_path)] == ["6.2", "6.12", "7.2"]


def test_second_run_changes_nothing(tmp_path: Path) -> None:
    writer = BtfWriter()
    writer.integer("int")
    types = writer.build()
    write_bundled(tmp_path, "6.2", types=types)
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.LOADED)]
    before = Kernel.objects.get()
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.UNCHANGED)]
    assert Kernel.objects.get().updated_at == before.updated_at
    assert load_types("6.2", before.facts_hash) == types


def test_types_that_a_start_left_out_are_there_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = BtfWriter()
    writer.integer("int")
    types = writer.build()
    for name in ("6.2", "6.3"):
        write_bundled(tmp_path, name, types=types)
    write_bundled(tmp_path, "6.4")
    monkeypatch.setattr(kept_parts, "find_bundled", lambda: find_bundled(tmp_path))
    assert len(list(load_bundled(tmp_path, everything=False))) == 3
    assert not KernelTypes.objects.exists()
    first = Kernel.objects.get(name="6.2")
    assert load_types("6.2", first.facts_hash) == types
    assert supply({"need": "kernel", "facts_hash": first.facts_hash})["types"]
    assert KernelTypes.objects.get().kernel == first
    kept_parts.keep_bundled_parts()
    assert sorted(KernelTypes.objects.values_list("kernel__name", flat=True)) == ["6.2", "6.3"]
    assert load_types("6.4", Kernel.objects.get(name="6.4").facts_hash) is None


def test_functions_that_a_start_left_out_are_there_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = BtfWriter()
    writer.function("bpf_one")
    functions = pack_functions(read_btf(writer.build()))
    for name in ("6.2", "6.3", "6.4"):
        write_bundled(tmp_path, name, version=name, functions=functions)
    monkeypatch.setattr(kept_parts, "find_bundled", lambda: find_bundled(tmp_path))
    list(load_bundled(tmp_path, everything=False))
    assert not KernelFunctions.objects.exists()
    known = load_kernel("6.2").functions
    assert known is not None and known.has("bpf_one")
    facts_hash = Kernel.objects.get(name="6.3").facts_hash
    assert supply({"need": "kernel", "facts_hash": facts_hash})["functions"] == functions
    (tmp_path / "6.4.functions.xz").write_bytes(b"another")
    assert load_kernel("6.4").functions is None
    assert "run `kfmap load_kernels`" in caplog.text
    with pytest.raises(CheckFailedError, match="are damaged"):
        facts_hash = Kernel.objects.get(name="6.4").facts_hash
        supply({"need": "kernel", "facts_hash": facts_hash})
    kept_parts.keep_bundled_parts()
    assert sorted(KernelFunctions.objects.values_list("kernel__name", flat=True)) == ["6.2", "6.3"]


def test_types_that_cannot_be_had_any_more_are_no_kernel_without_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = BtfWriter()
    writer.integer("int")
    for name in ("6.2", "6.3"):
        write_bundled(tmp_path, name, types=writer.build())
    monkeypatch.setattr(kept_parts, "find_bundled", lambda: find_bundled(tmp_path))
    list(load_bundled(tmp_path, everything=False))
    (tmp_path / "6.2.types.xz").write_bytes(b"cut off")
    write_bundled(tmp_path, "6.3", version="1.1", types=writer.build())
    for name in ("6.2", "6.3"):
        facts_hash = Kernel.objects.get(name=name).facts_hash
        with pytest.raises(DamagedBundleError, match=f"{name}.*came with kfmap"):
            load_types(name, facts_hash)
        with pytest.raises(CheckFailedError, match="are damaged"):
            supply({"need": "kernel", "facts_hash": facts_hash})
    kept_parts.keep_bundled_parts()
    assert not KernelTypes.objects.exists()


def test_changed_files_replace_the_bundled_kernel(tmp_path: Path) -> None:
    write_bundled(tmp_path, "6.2")
    list(load_bundled(tmp_path))
    write_bundled(tmp_path, "6.2", version="1.1")
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.LOADED)]
    assert load_kernel("6.2").facts.version == "1.1"


def test_options_that_came_later_are_added(tmp_path: Path) -> None:
    write_bundled(tmp_path, "6.2", version="optionless")
    list(load_bundled(tmp_path))
    assert Kernel.objects.get().config == b""
    write_bundled(tmp_path, "6.2", version="optionless", config=b"CONFIG_HZ=100\n")
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.LOADED)]
    assert load_kernel("6.2").options == {"CONFIG_HZ": "100"}


def test_every_built_kernel_has_types_and_options() -> None:
    for bundled in find_bundled():
        built = not bundled.name.endswith("-all")
        read = built and not bundled.read_facts().is_observed
        assert (bundled.has(Part.TYPES), bundled.has(Part.CONFIG)) == (built, read)


def test_imported_kernel_of_the_same_name_stays(tmp_path: Path) -> None:
    save_kernel(replace(create_toy_kernel(), name="6.2", version="mine"), None)
    write_bundled(tmp_path, "6.2")
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.KEPT)]
    assert load_kernel("6.2").facts.version == "mine"


@pytest.mark.parametrize("part", ["json", "types.xz", "config.xz"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_damaged_kernel_is_named_and_the_others_are_loaded(
    tmp_path: Path, part: str, kept: float, caplog: pytest.LogCaptureFixture
) -> None:
    writer = BtfWriter()
    writer.integer("int")
    write_bundled(tmp_path, "6.2", types=writer.build(), config=b"CONFIG_BPF=y\n")
    write_bundled(tmp_path, "6.3")
    damaged = tmp_path / f"6.2.{part}"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: int(len(whole) * kept)])
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.DAMAGED), ("6.3", Outcome.LOADED)]
    assert f"6.2.{part}, which came with kfmap, is damaged: install kfmap again" in caplog.text
    damaged.write_bytes(whole)
    assert list(load_bundled(tmp_path)) == [("6.2", Outcome.LOADED), ("6.3", Outcome.UNCHANGED)]


def test_only_the_named_kernels_are_loaded(tmp_path: Path) -> None:
    for name in ("6.1", "6.2", "6.3"):
        write_bundled(tmp_path, name)
    loaded = list(load_bundled(tmp_path, ["6.3", "6.1"]))
    assert loaded == [("6.1", Outcome.LOADED), ("6.3", Outcome.LOADED)]


def test_name_that_no_bundled_kernel_has_is_said_with_those_there_are() -> None:
    with pytest.raises(CommandError, match=r"is called 9\.9: there are 6\.1, .+7\.3") as caught:
        call_command("load_kernels", "9.9", "7.3")
    assert "7.3," not in str(caught.value).partition(":")[0]
    assert not Kernel.objects.exists()
