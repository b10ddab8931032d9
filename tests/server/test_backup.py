"""A backup holds everything, goes into another kind of database, and never into a filled one."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.process import ROOT, environment, manage

_FILL = """
import django; django.setup()
from pathlib import Path
from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from verifier.jobs import files
from verifier.jobs.opening import ensure_job
from verifier.jobs.run import run_job
from verifier.records.models import BpfObject
ada = User.objects.create_superuser("ada", "ada@example.org", "correct horse")
group = Group.objects.create(name="team")
group.permissions.add(Permission.objects.get(codename="add_kernel"))
ada.groups.add(group)
save_kernel(create_toy_kernel(), None, config=b"CONFIG_NUMBER=100\\n")
stored = files.store(ContentFile(Path("tests/objects/scheduler.bpf.o").read_bytes()))
obj = BpfObject.objects.create(sha256=stored.sha256, file_name="scheduler.o", size=stored.size)
run_job(ensure_job(obj).pk)
other = {"loader": {"set": ["debug=1"]}, "loader_key": "another", "size": stored.size}
BpfObject.objects.create(sha256=stored.sha256, file_name="scheduler.o", **other)
"""
_LOOK = """
import django; django.setup()
from django.contrib.auth.models import Group, User
from kfmap.catalogue.models import Kernel, Kfunc
from verifier.jobs import files
from verifier.records.models import BpfObject, Check, Finding, Verdict
obj, kernel = BpfObject.objects.get(loader_key=""), Kernel.objects.get()
print(list(BpfObject.objects.order_by("pk").values_list("loader", "loader_key")))
print(obj.created_at, obj.read_at, kernel.updated_at, kernel.facts_hash)
print(bytes(kernel.facts).hex()[:80])
print(sorted(Verdict.objects.values_list("program", "verdict")), Finding.objects.count())
print(Kfunc.objects.count(), Check.objects.get().created_at, obj.jobs.get().state)
print(User.objects.get().check_password("correct horse"), User.objects.get().groups.get().name)
print(Group.objects.get().permissions.get().codename, len(b"".join(files.read_chunks(obj.sha256))))
"""


def python(folder: Path, code: str, **changes: str) -> str:
    """Run a program over the data in a folder; return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(folder, DJANGO_SETTINGS_MODULE="kfmap.settings", **changes),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with one of everything."""
    folder = tmp_path_factory.mktemp("filled")
    assert manage(folder, "migrate").returncode == 0
    python(folder, _FILL)
    return folder


@pytest.fixture(scope="module")
def backup(filled: Path) -> Path:
    """Return a backup of it."""
    file = filled / "backup.tar"
    ended = manage(filled, "backup", str(file))
    assert (ended.returncode, "and 1 object" in ended.stdout) == (0, True), ended.stderr
    return file


@pytest.mark.parametrize("database", ["", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_restored_is_what_was_kept(
    filled: Path, backup: Path, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    other = {"DATABASE_URL": request.getfixturevalue("postgres")} if database else {}
    ended = manage(tmp_path, "restore", str(backup), **other)
    assert ended.returncode == 0, ended.stderr
    assert python(tmp_path, _LOOK, **other) == python(filled, _LOOK)
    new = "import django; django.setup()\nfrom django.contrib.auth.models import User\n"
    python(tmp_path, new + "User.objects.create_user('eve')", **other)  # ids go on where they were
    again = manage(tmp_path, "restore", str(backup), **other)
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)


def test_backup_is_readable_by_its_owner_only_and_not_written_over(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    ended = manage(backup.parent, "backup", str(backup))
    assert (ended.returncode, "is there already" in ended.stderr) == (1, True)
    assert backup.read_bytes() == before


@pytest.mark.parametrize("share", [0, 0.1, 0.5])
def test_backup_that_was_cut_off_restores_nothing(
    backup: Path, tmp_path: Path, share: float
) -> None:
    cut, whole = tmp_path / "cut.tar", backup.read_bytes()
    cut.write_bytes(whole[: int(share * len(whole))])
    ended = manage(tmp_path, "restore", str(cut))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "is not a complete backup of kfmap" in ended.stderr
    assert manage(tmp_path, "restore", str(backup)).returncode == 0


def test_place_that_cannot_be_written_is_one_sentence(filled: Path) -> None:
    ended = manage(filled, "backup", "/nowhere/backup.tar")
    assert (
        ended.stderr
        == "kfmap backup: /nowhere/backup.tar cannot be written: No such file or directory.\n"
    )
