"""`kfmap verify` on kernels of the map: its exit codes, its JSON, what it says of broken inputs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_struct_ops, create_toy_kernel
from tests.verifier.engine.containers.hosts import FIRST, SECOND, package, program, skeleton
from verifier.engine.object.elf import read_elf
from verifier.engine.object.limits import Limits

pytestmark = pytest.mark.django_db

OBJECTS = Path(__file__).parents[1] / "objects"
SCHEDULER = OBJECTS / "scheduler.bpf.o"
_TCP = create_struct_ops("tcp_congestion_ops", ("owner",))


@pytest.fixture(autouse=True)
def kernels() -> None:
    """Put two kernels into the map that have none of sched_ext's kfuncs."""
    for name in ("6.12", "7.2"):
        save_kernel(replace(create_toy_kernel(), name=name), None)


def verify(*args: object) -> tuple[int, str]:
    """Return exit code and output; the two kernels of the map where none is named."""
    out = io.StringIO()
    named = any(str(arg).startswith(("--kernel", "--newest", "--source-root")) for arg in args)
    kernels = [] if named else ["--kernel=6.12", "--kernel=7.2"]
    try:
        call_command("verify", *map(str, args), *kernels, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def verify_json(*args: object) -> tuple[int, dict[str, Any]]:
    """Return exit code and report."""
    code, text = verify(*args, "--format=json")
    return code, json.loads(text)


def test_object_without_kfuncs_passes_with_code_0() -> None:
    code, text = verify(OBJECTS / "instructions.bpf.o")
    assert code == 0
    assert "7.2, 6.12 ✓" in text


def test_options_of_the_kernel_decide() -> None:
    facts = replace(create_toy_kernel(), name="6.18", version="configured")
    save_kernel(facts, None, config=b"CONFIG_NUMBER=100\n")
    _, body = verify_json(OBJECTS / "options.bpf.o", "--kernel=6.18", "--kernel=7.2")
    (obj,) = body["objects"]
    told = {
        item["kernel"]: item["verdict"] for item in obj["verdicts"] if item["program"] == "number"
    }
    assert told == {"6.18": "passes", "7.2": "unknown"}


def test_refused_object_ends_with_code_1() -> None:
    code, body = verify_json(SCHEDULER)
    assert code == 1
    (obj,) = body["objects"]
    assert {verdict["kernel"] for verdict in obj["verdicts"]} == {"6.12", "7.2"}
    assert "refused" in {verdict["verdict"] for verdict in obj["verdicts"]}
    kinds = {found["kind"] for verdict in obj["verdicts"] for found in verdict["findings"]}
    assert "missing" in kinds


def test_kernel_option_limits_the_kernels() -> None:
    _, body = verify_json(SCHEDULER, "--kernel=7.2")
    assert {verdict["kernel"] for verdict in body["objects"][0]["verdicts"]} == {"7.2"}


def test_unknown_kernel_is_named_with_those_there_are() -> None:
    with pytest.raises(CommandError, match=r"there are 7\.3, 7\.3-.*, 7\.2, 7\.1") as caught:
        verify(SCHEDULER, "--kernel=9.9")
    assert caught.value.returncode == 2


def test_variable_that_is_not_there_is_an_error() -> None:
    with pytest.raises(
        CommandError, match=r"no_such_variable is not a variable in \.rodata"
    ) as error:
        verify(SCHEDULER, "--set", "no_such_variable=1")
    assert error.value.returncode == 2


def test_variable_of_one_of_several_objects_is_none() -> None:
    code, body = verify_json(SCHEDULER, OBJECTS / "kinds.bpf.o", "--set", "with_slots=1")
    assert code != 2
    assert len(body["objects"]) == 2


def test_setting_without_a_number_is_refused() -> None:
    with pytest.raises(CommandError, match="is not NAME=NUMBER"):
        verify(SCHEDULER, "--set", "debug")


def test_members_that_the_loader_clears_do_not_refuse_the_object() -> None:
    facts = replace(create_toy_kernel(), name="6.18", struct_ops=(_TCP,), lsm_hooks=())
    save_kernel(facts, None)
    members = OBJECTS / "members.bpf.o"
    cleared = ("--cleared=fits.name", "--cleared=ssthresh")
    for options, left_out in (((), False), (cleared, True)):
        _, body = verify_json(members, "--kernel=6.18", *options)
        (obj,) = body["objects"]
        [told] = [item for item in obj["verdicts"] if item["program"] == "ssthresh"]
        assert (told["verdict"], told["left_out"]) == ("refused", left_out)


def test_a_kfunc_that_no_kernel_has_may_be_a_modules() -> None:
    _, body = verify_json(OBJECTS / "externs.bpf.o", "--kernel=7.2")
    told = {item["program"]: item for item in body["objects"][0]["verdicts"]}["of_a_module"]
    assert told["verdict"] == "unknown"
    assert "only a module can have it" in told["findings"][0]["reasons"][0]["text"]


@pytest.mark.parametrize("option", ["--cleared", "--type", "--target"])
def test_choices_of_another_form_are_refused(option: str) -> None:
    with pytest.raises(CommandError, match="is not"):
        verify(SCHEDULER, option, "=")


def test_the_type_that_the_loader_sets_is_judged() -> None:
    kinds = OBJECTS / "kinds.bpf.o"
    _, body = verify_json(kinds, "--kernel=7.2", "--type", "nobody/knows=socket")
    told = {item["name"]: item["program_type"] for item in body["objects"][0]["programs"]}
    assert told["no_type"] == "BPF_PROG_TYPE_SOCKET_FILTER"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"#!/bin/sh\n" * 20, "ELF"),
        (SCHEDULER.read_bytes()[:18] + b"\x3e\x00" + SCHEDULER.read_bytes()[20:], "BPF"),
    ],
)
def test_input_that_is_no_object_ends_with_code_2(
    tmp_path: Path, data: bytes, problem: str
) -> None:
    path = tmp_path / "broken.o"
    path.write_bytes(data)
    code, body = verify_json(path)
    assert code == 2
    (error,) = body["errors"]
    assert error["file"] == str(path)
    assert problem in error["problem"]


def test_object_truncated_at_a_section_never_breaks_the_command(tmp_path: Path) -> None:
    data = SCHEDULER.read_bytes()
    elf = read_elf(data, Limits())
    ends = {len(data) - elf_end for elf_end in (0, 1, 64)} | {64, 1024}
    ends |= {data.find(bytes(section.contents)) for section in elf.sections if section.size}
    for end in sorted(end for end in ends if 0 < end < len(data)):
        path = tmp_path / "cut.o"
        path.write_bytes(data[:end])
        code, body = verify_json(path, "--kernel=7.2")
        assert code == 2, f"cut at {end}"
        assert body["errors"][0]["problem"], f"cut at {end}"


def test_missing_file_does_not_stop_the_others() -> None:
    code, body = verify_json("no-such.o", SCHEDULER)
    assert code == 2
    assert body["errors"][0]["problem"] == "No such file or directory"
    assert body["objects"][0]["file"] == str(SCHEDULER)


def test_kernels_of_the_map_and_bundled_ones_are_all_checked() -> None:
    code, text = verify(OBJECTS / "instructions.bpf.o", "--kernel=6.12", "--kernel=6.18")
    assert code == 0
    assert "6.18, 6.12 ✓" in text
    out = io.StringIO()
    call_command("verify", str(OBJECTS / "instructions.bpf.o"), "--format=csv", stdout=out)
    told = {row.split(",")[1] for row in out.getvalue().splitlines()[1:]}
    assert {"6.1", "6.12", "7.2", "7.3"} <= told


def test_file_past_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFMAP_MAX_UPLOAD_MB", "100")
    path = tmp_path / "large.o"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    code, body = verify_json(path)
    assert code == 2
    assert body["errors"][0]["problem"].startswith("larger than 100 MB")


def test_markup_in_symbol_names_is_escaped_in_markdown() -> None:
    _, text = verify(OBJECTS / "markup.bpf.o", "--format=markdown")
    assert "script" in text
    assert "<script>" not in text


@pytest.mark.parametrize("number", ["0", "-1"])
def test_newest_takes_a_number_of_kernels(number: str) -> None:
    with pytest.raises(CommandError, match="--newest takes a number of kernels, 1 or more"):
        verify(OBJECTS / "scheduler.bpf.o", f"--newest={number}")


def test_without_a_kernel_the_newest_decides_the_exit_code() -> None:
    """Nothing of sched_ext is on 6.1; that must not fail a scheduler for 7.3."""
    code, text = verify(OBJECTS / "optional.bpf.o", "--source-root=.")
    newest, _ = verify(OBJECTS / "optional.bpf.o", "--newest=1")
    assert code == newest
    assert " 7.3 alone decides whether the object fails." in text


def test_every_kernel_that_is_named_decides() -> None:
    code, text = verify(OBJECTS / "scheduler.bpf.o", "--kernel=6.1", "--kernel=newest")
    assert code == 1
    assert "Of 2 kernels asked, " in text


def test_kernel_all_has_every_kernel_decide() -> None:
    code, text = verify(OBJECTS / "scheduler.bpf.o", "--kernel=all")
    assert code == 1
    assert "Each decides whether the object fails." in text


def test_everything_is_shown_where_it_is_asked_for() -> None:
    _, short = verify(OBJECTS / "scheduler.bpf.o")
    _, whole = verify(OBJECTS / "scheduler.bpf.o", "--all")
    assert len(short.splitlines()) <= 120 < len(whole.splitlines())


def test_programs_packages_and_skeletons_are_looked_into(tmp_path: Path) -> None:
    for name, data in (
        ("tool", program(FIRST)),
        ("tools.deb", package({"./usr/sbin/tool": program(FIRST), "./two.bpf.o": SECOND})),
        ("one.skel.h", skeleton("one_bpf", FIRST)),
    ):
        (tmp_path / name).write_bytes(data)
    files = [tmp_path / "tool", tmp_path / "tools.deb", tmp_path / "one.skel.h"]
    _, body = verify_json(*files, "--kernel=7.2")
    names = [Path(obj["file"]).name for obj in body["objects"]]
    assert names[0].startswith("tool@0x")
    assert names[1].startswith("tool@0x")
    assert names[2:] == ["tools.deb!two.bpf.o", "one.skel.h!one"]
    assert body["errors"] == []


def test_a_folder_is_looked_through_for_objects(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one.bpf.o").write_bytes(FIRST)
    (tmp_path / "deep" / "README").write_text("no object")
    (tmp_path / "tool").write_bytes(program(SECOND))
    (tmp_path / "plain").write_bytes(program())
    (tmp_path / "link.o").symlink_to(tmp_path / "deep" / "er" / "one.bpf.o")
    _, body = verify_json(tmp_path, "--kernel=7.2")
    assert [Path(obj["file"]).name[:4] for obj in body["objects"]] == ["tool", "one."]
    assert body["errors"] == []


def test_what_is_named_as_an_object_and_is_none_is_said(tmp_path: Path) -> None:
    """The compiler left an empty file behind; other files of a folder are passed over."""
    (tmp_path / "one.bpf.o").write_bytes(FIRST)
    (tmp_path / "two.bpf.o").touch()
    (tmp_path / "notes.o").touch()
    code, body = verify_json(tmp_path, "--kernel=7.2")
    assert code == 2
    assert len(body["objects"]) == 1
    (error,) = body["errors"]
    assert (Path(error["file"]).name, error["problem"]) == ("two.bpf.o", "the file is empty")


def test_a_folder_without_objects_says_how_many_files_it_looked_at(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("no object")
    code, body = verify_json(tmp_path, "--kernel=7.2")
    assert code == 2
    assert body["errors"][0]["problem"] == "no BPF object is in this folder (1 file looked at)"


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null"])
def test_what_is_no_file_is_not_read(name: str) -> None:
    code, body = verify_json(name, "--kernel=7.2")
    assert code == 2
    assert body["errors"][0]["problem"] == "not a regular file"


def test_what_freplace_goes_into_is_named_by_object_and_program() -> None:
    kinds = OBJECTS / "kinds.bpf.o"
    for target in (f"{kinds}:xdp_first", "prog:xdp", "xdp"):
        _, body = verify_json(kinds, "--kernel=7.2", "--target", f"replaces={target}")
        told = {item["program"]: item for item in body["objects"][0]["verdicts"]}["replaces"]
        assert not any("--target" in finding["reasons"][0]["text"] for finding in told["findings"])


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (f"{OBJECTS / 'kinds.bpf.o'}:nobody", "has no program 'nobody'; it has xdp_first"),
        (f"{OBJECTS / 'Makefile'}:main", "cannot be read: not an ELF file"),
        ("nothing", "'nothing' is not a program type that replaces could replace"),
    ],
)
def test_a_target_that_is_none_is_an_error(target: str, problem: str) -> None:
    kinds = OBJECTS / "kinds.bpf.o"
    try:
        code, text = verify(kinds, "--target", f"replaces={target}")
    except CommandError as error:
        code, text = error.returncode, str(error)
    assert code == 2
    assert problem in text


@pytest.mark.parametrize("name", ["pdf", "xlsx", "html"])
def test_report_goes_to_the_file_that_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "report"
    code, text = verify(SCHEDULER, f"--format={name}", "-o", file)
    assert (code, text) == (1, "")
    first = file.read_bytes()
    assert first.startswith({"pdf": b"%PDF-", "xlsx": b"PK", "html": b"<!doctype html>"}[name])
    verify(SCHEDULER, f"--format={name}", "-o", file)
    assert file.read_bytes() == first


def test_report_names_facts_and_how_sure_they_are(tmp_path: Path) -> None:
    _, body = verify_json(SCHEDULER, "--kernel=6.12", "--kernel=7.2")
    assert [kernel["agreement"] for kernel in body["kernels"]] == ["", ""]  # not the bundled ones
    _, body = verify_json(SCHEDULER, "--kernel=6.18")
    (kernel,) = body["kernels"]
    assert kernel["version"] == "6.18.15"
    assert len(kernel["facts_sha256"]) == 64
    assert "answered when it was booted" in kernel["agreement"]


def test_file_that_cannot_be_written_ends_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        verify(SCHEDULER, "-o", tmp_path / "nowhere" / "report.txt")
