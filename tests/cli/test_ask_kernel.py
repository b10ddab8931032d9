"""`kfmap ask-kernel` boots what was fetched, compares, and says what is missing."""

from __future__ import annotations

import io
import json
import platform
from argparse import ArgumentParser
from pathlib import Path

import pytest

from kfmap.catalogue.bundling.guests import bootable
from kfmap.cli import ask_kernel, fetch_images
from kfmap.cli.commands import CommandFailedError
from kfmap.probe.host import ProbeError
from tests.verifier.opinions.pretended import HEAD, LOG, console, pretend, printing, program
from verifier.engine.object.read import read_object
from verifier.opinions.images import save_image

pytestmark = pytest.mark.django_db
OBJECT = Path(__file__).parents[1] / "objects" / "scheduler.bpf.o"
IMAGE = bytes(0x202) + b"HdrS" + bytes(600)
NAMES = [item.name for item in read_object(OBJECT.read_bytes()).programs]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KFMAP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(ask_kernel, "build_loader", lambda kit, machine: b"init")
    return tmp_path


def _run(*arguments: str) -> tuple[int, str]:
    parser = ArgumentParser()
    ask_kernel.add_arguments(parser)
    out = io.StringIO()
    return ask_kernel.run(parser.parse_args([str(OBJECT), *arguments]), out), out.getvalue()


def _boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *answers: dict[str, object]) -> None:
    save_image(tmp_path, "7.2", "linux-image 7.2.12-1", IMAGE, [])
    head = {"object": 0, "programs": len(NAMES)}
    pretend(tmp_path, monkeypatch, printing(console(head, *answers)))


def test_json_has_both_words_for_every_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _boots(tmp_path, monkeypatch, *(program(name, "refused", log=LOG) for name in NAMES))
    code, text = _run("--kernel", "7.2", "--format", "json")
    said = json.loads(text)
    (opinion,) = said["opinions"]
    assert (said["version"], opinion["kernel"], opinion["release"]) == (1, "7.2", HEAD["release"])
    assert [item["program"] for item in opinion["programs"]] == NAMES
    assert {item["kernel"] for item in opinion["programs"]} == {"refused"}
    assert {item["agreement"] for item in opinion["programs"]} <= {"agrees", "not_judged"}
    assert code == 0


def test_text_names_the_line_and_what_it_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _boots(tmp_path, monkeypatch, *(program(name, "refused", log=LOG) for name in NAMES))
    _, text = _run("--kernel", "7.2")
    assert "scheduler.bpf.o on 7.2 (7.2.12+deb13-amd64, loaded by libbpf 1.5)" in text
    assert "R1 must be referenced or trusted, toy.bpf.c:12" in text
    assert "6 instructions verified, 1 states at most" in text


def test_programs_that_agree_are_counted_and_listed_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [program(NAMES[0], "refused", log=LOG), *map(program, NAMES[1:])]
    _boots(tmp_path, monkeypatch, *answers)
    _, short = _run("--kernel", "7.2")
    (tmp_path / "qemu.runs").unlink()
    _, whole = _run("--kernel", "7.2", "--all")
    agreeing = [line for line in whole.splitlines() if line.endswith(": agrees")]
    assert agreeing
    assert not [line for line in agreeing if line in short]
    assert f"{len(agreeing)} program" in short
    assert short.endswith("  Programs that agree are not listed: --all lists them.\n")
    assert "not listed" not in whole


def test_a_kernel_that_cannot_be_asked_costs_no_answer_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _boots(tmp_path, monkeypatch, *map(program, NAMES))
    save_image(tmp_path, "7.1", "linux-image 7.1.13-1", IMAGE, [])
    whole = console({"object": 0, "programs": len(NAMES)}, *map(program, NAMES))
    pretend(tmp_path, monkeypatch, printing("Kernel panic\n", whole))
    parser, out = ArgumentParser(), io.StringIO()
    ask_kernel.add_arguments(parser)
    with pytest.raises(CommandFailedError, match=r"7\.1 could not be asked: .*Kernel panic"):
        ask_kernel.run(parser.parse_args([str(OBJECT), "--kernel", "7.1", "--kernel", "7.2"]), out)
    assert "scheduler.bpf.o on 7.2" in out.getvalue()


def test_a_contradiction_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = "calling kernel function scx_bpf_dsq_insert is not allowed\n"
    _boots(tmp_path, monkeypatch, *(program(name, "refused", log=denied) for name in NAMES))
    code, text = _run("--kernel", "7.2")
    assert code == 1
    assert "differ" in text


def test_an_image_is_known_by_what_it_calls_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _boots(tmp_path, monkeypatch, *(program(name) for name in NAMES))
    image = tmp_path / "mine"
    image.write_bytes(IMAGE)
    _, text = _run("--image", str(image), "--format", "json")
    (opinion,) = json.loads(text)["opinions"]
    assert all(item["verdict"] for item in opinion["programs"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "No kernel image is here: run `kfmap fetch-images`"),
        (("--kernel", "7.2"), "no image of 7.2 here"),
        (("--kernel", "9.9"), "There is no kernel '9.9'"),
        (("--image", "/nonexistent"), "/nonexistent cannot be read"),
        (("--image", str(OBJECT)), "no kernel image"),
        (("--modules", "/lib"), "--modules goes with --image"),
        (("--set", "nobody=1"), "nobody is not a variable"),
    ],
)
def test_what_cannot_be_asked_is_said(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandFailedError, match=message):
        _run(*arguments)


def test_images_that_nobody_knows_are_not_fetched() -> None:
    parser = ArgumentParser()
    fetch_images.add_arguments(parser)
    with pytest.raises(CommandFailedError, match=r"No image is known for 9\.9; there are 6\.1"):
        fetch_images.run(parser.parse_args(["9.9"]), io.StringIO())


def test_without_apt_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = ArgumentParser()
    fetch_images.add_arguments(parser)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CommandFailedError, match="an image of your own with --image"):
        fetch_images.run(parser.parse_args(["7.2"]), io.StringIO())


def test_a_kernel_that_nothing_compiles_for_is_left_out_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_compiler(machine: str) -> str:
        raise ProbeError(f"{machine}-linux-gnu-gcc is not installed")

    parser, out = ArgumentParser(), io.StringIO()
    fetch_images.add_arguments(parser)
    arm = [recipe for recipe in bootable() if recipe.name == "7.3-arm64"]
    monkeypatch.setattr(fetch_images, "bootable", lambda: arm)
    monkeypatch.setattr(fetch_images, "find_compiler", find_compiler)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert fetch_images.run(parser.parse_args([]), out) == 0
    said = "its loader cannot be built here: aarch64-linux-gnu-gcc is not installed"
    assert out.getvalue() == f"7.3-arm64: left out, {said}\n"
    with pytest.raises(CommandFailedError, match="aarch64-linux-gnu-gcc is not installed"):
        fetch_images.run(parser.parse_args(["7.3-arm64"]), out)


def test_without_qemu_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_image(tmp_path, "7.2", "linux-image 7.2.12-1", IMAGE, [])
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CommandFailedError, match="apt install qemu-system-x86"):
        _run("--kernel", "7.2")
