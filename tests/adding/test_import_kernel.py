"""`manage.py import_kernel`: a tree is imported once; of what is no kernel, one sentence each."""

from __future__ import annotations

import gzip
import os
import signal
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest
from django.core.management import CommandError, call_command

from kfmap.adding.management.commands import import_kernel
from kfmap.catalogue.models import Kernel
from tests.btf.btf_writer import BtfWriter
from tests.kernel.small_kernel import INCLUDES, SET_C, id_set, write_tree

pytestmark = pytest.mark.django_db


def refuse(*args: object) -> str:
    """Import what cannot be imported; give the sentence."""
    with pytest.raises(CommandError) as caught:
        call_command("import_kernel", *map(str, args))
    assert Kernel.objects.count() == 0
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def write_btf(path: Path, cut: int = 0) -> Path:
    """Write BTF with one type, without its last bytes."""
    writer = BtfWriter()
    writer.integer("int")
    data = writer.build()
    path.write_bytes(data[: len(data) - cut])
    return path


def test_sigterm_removes_what_was_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []

    def read(_given: object, scratch: Path, **_expect: object) -> NoReturn:
        unpacked.append(scratch)
        (scratch / "Makefile").touch()
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("the signal did not end the command")

    monkeypatch.setattr(import_kernel, "read_given", read)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        call_command("import_kernel", str(tmp_path))
    assert caught.value.code == 128 + signal.SIGTERM
    assert not unpacked[0].exists()
    assert signal.getsignal(signal.SIGTERM) == before


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in refuse(tmp_path / "nowhere")


def test_tree_without_the_files_is_refused(tmp_path: Path) -> None:
    assert refuse(tmp_path)


def test_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    sentence = refuse(tmp_path, "--config", tmp_path / "config")
    assert sentence == f"{tmp_path / 'config'} cannot be read: No such file or directory."


def test_truncated_btf_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_btf(tmp_path / "btf", cut=3)
    assert refuse(tmp_path, "--btf", path).startswith(f"{path}: ")


@pytest.mark.parametrize("data", [b"", b"MZ", b"\x7fELF" + bytes(100), bytes(4096)])
def test_file_that_holds_no_btf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(data)
    assert refuse(tmp_path, "--btf", path).startswith(f"{path}: ")


def test_file_larger_than_any_kernel_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vmlinux"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    assert refuse(tmp_path, "--btf", path).endswith(
        "larger than any such file of a kernel (1,024 MB)."
    )


def import_tree(tree: Path, *args: str) -> str:
    """Import a tree; give what the command says."""
    said = StringIO()
    call_command("import_kernel", str(tree), *args, stdout=said)
    return said.getvalue()


def test_tree_becomes_a_kernel_once(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one two")})
    assert import_tree(tree) == (
        "9.1 (9.1.2): 2 kfuncs in 1 set, 0 ops structures; 0 constructs not understood; saved.\n"
    )
    assert import_tree(tree).endswith("the map had it already.\n")
    assert Kernel.objects.count() == 1


def test_a_tree_read_again_without_its_label_keeps_it(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one")})
    import_tree(tree, "--label", "my branch")
    assert import_tree(tree).endswith("the map had it already.\n")
    assert Kernel.objects.get().label == "my branch"


def test_changed_tree_gets_the_next_free_name_or_replaces(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one")})
    import_tree(tree)
    write_tree(tree, {SET_C: INCLUDES + id_set("one two")})
    assert import_tree(tree).startswith("9.1.2 (9.1.2): 2 kfuncs")
    write_tree(tree, {SET_C: INCLUDES + id_set("one two three")})
    assert import_tree(tree).startswith("9.1.2-2 (9.1.2): 3 kfuncs")
    assert import_tree(tree).endswith("the map had it already.\n")
    write_tree(tree, {SET_C: INCLUDES + id_set("one two three four")})
    assert import_tree(tree, "--replace").startswith("9.1 (9.1.2): 4 kfuncs")
    assert {row.name: row.kfunc_count for row in Kernel.objects.all()} == {
        "9.1": 4, "9.1.2": 2, "9.1.2-2": 3
    }  # fmt: skip


def test_a_name_that_is_taken_is_replaced_only_when_asked(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one")})
    import_tree(tree, "--name", "ours")
    write_tree(tree, {SET_C: INCLUDES + id_set("one two three")})
    with pytest.raises(CommandError):
        import_tree(tree, "--name", "ours")
    assert Kernel.objects.get().kfunc_count == 1
    assert import_tree(tree, "--name", "ours", "--replace").endswith("saved.\n")
    assert Kernel.objects.get().kfunc_count == 3


def test_a_name_of_another_kernel_is_refused_before_the_tree_is_read(tmp_path: Path) -> None:
    import_tree(write_tree(tmp_path / "one", {SET_C: INCLUDES + id_set("one")}), "--name", "ours")
    endless = "BTF_SET_START(s)\n" + "BTF_ID(func, a)\n" * 4_000 + "BTF_SET_END(s)\n"
    tree = write_tree(tmp_path / "two", {SET_C: INCLUDES + id_set("one") + endless})
    (tmp_path / "config").write_text("CONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\n")
    with pytest.raises(CommandError) as refused:
        import_tree(tree, "--name", "ours", "--config", str(tmp_path / "config"))
    assert str(refused.value) == (
        "The map has a kernel ours with other facts: choose another name. "
        "--replace puts this one in its place."
    )


def test_tree_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    endless = "BTF_SET_START(s)\n" + "BTF_ID(func, a)\n" * 4_000 + "BTF_SET_END(s)\n"
    tree = write_tree(tmp_path, {SET_C: INCLUDES + id_set("one") + endless})
    assert refuse(tree) == "net/set.c has more than 3,000 BTF ids in sets"


def test_what_is_not_understood_is_counted_and_the_rest_saved(tmp_path: Path) -> None:
    text = id_set("one", filter_="the_filter") + (
        "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
        "    while (prog->type)\n        kfunc_id++;\n    return 0;\n}\n"
    )
    tree = write_tree(tmp_path, {SET_C: INCLUDES + text})
    assert "1 construct not understood; saved." in import_tree(tree)


def test_a_tree_in_which_no_kfunc_was_found_is_no_map(tmp_path: Path) -> None:
    """Without its Kbuild files a tree names no object, so nothing that it registers is built."""
    tree = tmp_path / "tree"
    (tree / "kernel/bpf").mkdir(parents=True)
    (tree / "Makefile").write_text("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n")
    (tree / "kernel/bpf/btf.c").write_text("int register_btf_kfunc_id_set(void);\n")
    sentence = refuse(tree)
    assert sentence.startswith(f"No kfunc was found in {tree}")
    call_command("import_kernel", str(tree), "--anyway")
    assert Kernel.objects.get().kfunc_count == 0


def test_a_configuration_without_an_option_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("hello\n")
    assert refuse(tmp_path, "--config", path) == (
        f"{path} is not a .config: it has no line that begins with CONFIG_."
    )


def test_a_packed_configuration_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.gz"
    path.write_bytes(gzip.compress(b"CONFIG_BPF=y\n"))
    assert "CONFIG_" not in refuse(tmp_path, "--config", path)
    path.write_bytes(gzip.compress(b"CONFIG_BPF=y\n")[:2] + bytes(40))
    assert refuse(tmp_path, "--config", path) == f"{path} is damaged: it cannot be unpacked."


@pytest.mark.parametrize("option", ["--btf", "--config"])
def test_a_device_or_pipe_is_not_read_forever(tmp_path: Path, option: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), pipe):
        assert "is not a file that can be read to its end" in refuse(tmp_path, option, path)
