"""Examples of the handbook are run, and the program that it works through is walked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.handbook_files import PAGES, examples, read
from tests.server.process import ROOT, environment
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.flow.walking import live
from verifier.engine.flow.inputs import Patch

RUN = [page for page in PAGES if any(item.info.startswith("sh run") for item in examples(page))]


@pytest.mark.parametrize("page", RUN)
def test_examples_end_with_the_exit_code_they_announce(page: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "objects" / "scheduler.bpf.o", tmp_path)
    shim = tmp_path / "bin" / "kfmap"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kfmap.cli "$@"\n')
    shim.chmod(0o755)
    path = f"{shim.parent}:{os.environ['PATH']}"
    surroundings = environment(tmp_path / "data", PATH=path, PYTHONPATH=str(ROOT))
    for example in examples(page):
        if not example.info.startswith("sh run"):
            continue
        announced = int(re.sub(r"sh run(?: exit=)?", "", example.info) or 0)
        done = subprocess.run(
            ["bash", "-euc", example.text],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == announced, f"{example.text}\n{done.stdout}\n{done.stderr}"


def test_every_example_is_of_a_kind_that_is_known() -> None:
    kinds = {item.info for page in PAGES for item in examples(page)}
    assert kinds <= {"", "sh", "sh run", "sh run exit=1", "flow", "json", "python"}


@pytest.mark.parametrize("page", PAGES)
def test_json_and_python_of_examples_can_be_read(page: str) -> None:
    for item in examples(page):
        if item.info == "json":
            json.loads(item.text)
        elif item.info == "python":  # tests/web/browser/test_two_people.py runs it
            compile(item.text, page, "exec")


def test_worked_program_is_walked_as_the_page_says() -> None:
    (program,) = [item.text for item in examples("flow-engine") if item.info == "flow"]
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \| (\w+) \|$", read("flow-engine"), re.M)
    assert len(rows) == 4
    obj = assemble(program)
    for given, walk, late, impossible in rows:
        found = live(obj, exact=walk == "exact", core={0: Patch("value", int(given))})
        told = {"late": late, "impossible": impossible}
        assert {name: found.get(name, "dead") for name in told} == told, (given, walk)
