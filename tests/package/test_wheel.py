"""A wheel built from the tree, installed into an environment of its own, and used there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from kfmap import __version__
from tests.server.process import ROOT, environment, start

OBJECT = ROOT / "tests" / "objects" / "scheduler.bpf.o"
_FOLDERS = {"kfmap": "kfmap", "verifier": "verifier", "templates": "kfmap/templates"}
_FOLDERS["static"] = "kfmap/static"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as `python -m build` does, with the build tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def kfmap(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, beside the dependencies of this environment; return its `kfmap`."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run([*command, "--no-index", str(wheel)], check=True, capture_output=True)
    return folder / "bin" / "kfmap"


def run(kfmap: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [kfmap, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def test_wheel_has_every_file_of_the_product_and_no_other(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    wanted = set()
    for name in filter(None, tracked):
        root, _, rest = name.partition("/")
        if root in _FOLDERS and (ROOT / name).exists():
            wanted.add(f"{_FOLDERS[root]}/{rest}")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in packed if ".dist-info/" not in name} == wanted


def test_metadata_asks_for_what_the_requirements_pin(wheel: Path) -> None:
    (name,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {line.lower() for line in lines if line and not line.startswith("#")}
    asked = re.findall(r"^Requires-Dist: ([^;\n]*)$", metadata, re.M)  # without those of extras
    assert {line.lower() for line in asked} == pinned


def test_installed_commands_answer_at_once(kfmap: Path, tmp_path: Path) -> None:
    verify = run(kfmap, tmp_path, "verify", str(OBJECT), "--kernel=7.2", "--format=json")
    assert verify.stderr == ""
    assert json.loads(verify.stdout)["kfmap"] == __version__
    asked = run(kfmap, tmp_path, "can-call", "6.18", "xdp", "bpf_xdp_metadata_rx_hash")
    assert asked.stdout.startswith("6.18: xdp → bpf_xdp_metadata_rx_hash")
    assert run(kfmap, tmp_path, "--version").stdout == f"kfmap {__version__}\n"


def test_installed_dashboard_serves_pages_and_files(kfmap: Path, tmp_path: Path) -> None:
    with start(tmp_path, command=[str(kfmap)]) as running:
        status, page = running.get("/")
        assert status == 200
        assert f"kfmap {__version__}" in page
        (sheet,) = re.findall(r'href="(/static/css/page[^"]*\.css)"', page)
        assert running.get(sheet)[0] == 200
        assert running.get("/kernels/")[0] == 200


def test_installed_kfmap_names_its_own_command(kfmap: Path, tmp_path: Path) -> None:
    done = run(kfmap, tmp_path, "lint_kernel", "6.18")
    assert "run `kfmap load_kernels`" in done.stderr
