"""Commands as a shell starts them: on a fresh machine, on one with a map, and through Django."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.cli.commands import find_command, names
from tests.permission.small_kernel import create_toy_kernel
from tests.server.process import ROOT, environment

OBJECT = "tests/objects/scheduler.bpf.o"
QUESTION = ("6.18", "struct_ops:sched_ext_ops.enqueue", "scx_bpf_dsq_insert")
KFMAP = (sys.executable, "-m", "kfmap.cli")
MANAGE = (sys.executable, "manage.py")

_WITHOUT_DJANGO = """
import sys
from kfmap.cli.main import main
code = main(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules} & {"django", "celery", "networkx"}
sys.exit(f"{loaded} loaded" if loaded else code)
"""


def run(folder: Path, *command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command from the checkout, with a data folder of its own."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(folder, **changes),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [("verify", OBJECT, "--kernel=6.18"), ("can-call", *QUESTION)], ids=lambda a: a[0]
)
def test_fresh_machine_answers_without_django_or_database(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, sys.executable, "-c", _WITHOUT_DJANGO, *arguments)
    assert done.stderr == ""
    assert "6.18: " in done.stdout
    assert not (tmp_path / "kfmap.sqlite3").exists()


def test_all_bundled_kernels_are_asked_where_none_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, *KFMAP, "verify", "tests/objects/instructions.bpf.o")
    assert (done.returncode, done.stderr) == (0, "")
    assert "7.3, 7.3-all, 7.3-" in done.stdout
    assert f"Of {len(find_bundled())} kernels asked, " in done.stdout


@pytest.mark.parametrize("manage", [KFMAP, MANAGE], ids=["kfmap", "manage.py"])
def test_kernel_of_the_map_is_found_beside_bundled_ones(
    tmp_path: Path, manage: tuple[str, ...]
) -> None:
    assert run(tmp_path, *MANAGE, "migrate").returncode == 0
    save = (
        "from kfmap.catalogue.store import save_kernel;"
        "from tests.permission.small_kernel import create_toy_kernel;"
        "save_kernel(create_toy_kernel(), None)"
    )
    assert run(tmp_path, *MANAGE, "shell", "-c", save).returncode == 0
    name = create_toy_kernel().name
    asked = run(tmp_path, *manage, "can-call", name, "xdp", "bpf_xdp_it")
    assert asked.stdout.startswith(f"{name}: xdp → bpf_xdp_it: allowed")
    bundled = run(tmp_path, *manage, "can-call", *QUESTION)
    assert bundled.stdout.startswith("6.18: ")


def test_map_that_cannot_be_read_leaves_the_bundled_kernels(tmp_path: Path) -> None:
    (tmp_path / "kfmap.sqlite3").write_bytes(b"no database" * 100)
    done = run(tmp_path, *KFMAP, "can-call", *QUESTION)
    assert done.stdout.startswith("6.18: ")
    assert done.stderr.startswith("Only bundled kernels are used: the map cannot be read")


def test_every_form_of_a_command_says_the_same(tmp_path: Path) -> None:
    forms = [
        run(tmp_path, *KFMAP, "can-call", *QUESTION),
        run(tmp_path, *KFMAP, "can_call", *QUESTION),
        run(tmp_path, *MANAGE, "can_call", *QUESTION),
        run(tmp_path, sys.executable, "-m", "django", "can_call", *QUESTION, **_SETTINGS),
    ]
    assert len({(form.returncode, form.stdout) for form in forms}) == 1


_SETTINGS = {"DJANGO_SETTINGS_MODULE": "kfmap.settings"}


def test_unknown_kernel_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, *KFMAP, "verify", OBJECT, "--kernel=9.9")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "kfmap verify: There is no kernel '9.9'; there are 7.3, 7.3-all, "
    )


def test_usage_lists_every_command(tmp_path: Path) -> None:
    done = run(tmp_path, *KFMAP, "--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in names())
    assert run(tmp_path, *KFMAP).returncode == 2


def test_every_command_is_one_of_django_too() -> None:
    folder = ROOT / "kfmap" / "cli" / "management" / "commands"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == {
        name.replace("-", "_") for name in names()
    }
    assert all(find_command(name) for name in names())


def test_other_commands_are_handed_to_django(tmp_path: Path) -> None:
    done = run(tmp_path, *KFMAP, "lint_kernel", "6.18")
    assert done.returncode == 2
    assert "There is no map yet" in done.stderr


def test_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m kfmap.cli verify {OBJECT} | head -1"
    done = run(tmp_path, "sh", "-c", command)
    assert done.stderr == ""
    assert done.stdout == f"{OBJECT}\n"


def test_bad_limit_in_the_environment_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, *KFMAP, "verify", OBJECT, KFMAP_MAX_UPLOAD_MB="many")
    assert done.returncode == 2
    assert "KFMAP_MAX_UPLOAD_MB is 'many': set it to a whole number" in done.stderr
