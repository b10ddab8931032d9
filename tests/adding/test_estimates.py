"""Types alone become an estimate by the rules of the nearest kernel, and nothing else does."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from kfmap.adding.models import Addition
from kfmap.adding.run import run_addition
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.packing import pack
from kfmap.catalogue.store import load_kernel
from kfmap.kernel.facts_json import render_facts
from tests.adding.additions import add, archive
from tests.adding.test_given_together import CONFIG, vmlinux

OBJECT = Path(__file__).parents[1] / "objects" / "bare.bpf.o"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]


def assert_marked_as_estimate(said: str) -> None:
    """Answers and reports of the commands say what the kernel mine-9.1 is."""
    found = {}
    for command, *arguments in (
        ("can_call", "mine-9.1", "xdp", "one"),
        ("can_call", "mine-9.1", "9.1", "xdp", "one"),
        ("can_call", "mine-9.1", "xdp", "one", "--format=json"),
        ("verify", str(OBJECT), "--kernel=mine-9.1"),
        ("verify", str(OBJECT), "--kernel=mine-9.1", "--format=json"),
        *(
            ("verify", str(OBJECT), "--kernel=mine-9.1", f"--format={name}")
            for name in ("markdown", "sarif", "csv", "junit", "github")
        ),
    ):
        out = io.StringIO()
        with contextlib.suppress(SystemExit):
            call_command(command, *arguments, stdout=out)
        found[command, arguments[-1]] = out.getvalue()
    for text in found.values():
        assert said[:-1] in text
    answer = json.loads(found["can_call", "--format=json"])
    assert answer["estimate"] == said[:-1]
    (kernel,) = json.loads(found["verify", "--format=json"])["kernels"]
    assert (kernel["name"], kernel["estimate"]) == ("mine-9.1", said[:-1])
    results = json.loads(found["verify", "--format=sarif"])["runs"][0]["results"]
    assert {"mine-9.1": said[:-1]} in [item["properties"].get("estimates") for item in results]
    rows = list(csv.DictReader(io.StringIO(found["verify", "--format=csv"])))
    assert {row["estimate"] for row in rows} == {said[:-1]}
    assert f'<property name="estimate" value="{said[:-1]}"' in found["verify", "--format=junit"]


def test_types_alone_give_an_estimate_by_the_nearest_kernel(adder: Client, tmp_path: Path) -> None:
    first = add(adder, tree=archive(tmp_path), config=SimpleUploadedFile("config", CONFIG.encode()))
    run_addition(first.pk)
    first.delete()
    reader = Client()
    reader.force_login(User.objects.create_user("reader", password="correct horse"))
    image = SimpleUploadedFile("vmlinux", vmlinux("one", release="9.1.7-mine"))
    assert reader.post("/kernels/mine/", {"types": image}).status_code == 302
    addition = Addition.objects.get()
    run_addition(addition.pk)
    addition.refresh_from_db()
    assert (addition.state, addition.problem, addition.nearest) == ("done", "", "9.1")
    assert addition.difference["kfuncs_gone"] == ["two"]
    estimate = load_kernel("mine-9.1")
    assert [kfunc.name for kfunc in estimate.facts.kfuncs] == ["one"]
    assert estimate.facts.version == "9.1.7-mine"
    assert "are an estimate" in reader.get("/kernels/mine-9.1/").content.decode()
    listed = reader.get("/kernels/").content.decode()
    assert "rules of another kernel" in listed
    assert "rules of another kernel," not in listed, "it is said twice"
    page = reader.get(addition.get_absolute_url()).content.decode()
    assert "Kfuncs that yours lacks" in page
    asked = "/can-call/?kernel=mine-9.1&context=xdp&kfunc=one"
    said = "an estimate: types of 9.1.7-mine, rules of 9.1, 1 difference."
    assert said in reader.get(asked).content.decode()
    assert said in reader.get("/kernels/mine-9.1/kfuncs/").content.decode()
    assert_marked_as_estimate(said)
    assert reader.get(f"{asked}&format=json").json()["estimate"] == said[:-1]
    assert adder.get(addition.get_absolute_url()).status_code == 404, "it is another's"
    image.seek(0)
    config = SimpleUploadedFile("config", CONFIG.replace("9.1.2", "8.4.0").encode())
    reader.post("/kernels/mine/", {"types": image, "config": config})
    refused = Addition.objects.latest("pk")
    run_addition(refused.pk)
    refused.refresh_from_db()
    assert "types are of 9.1.7-mine, and config is of 8.4.0: give the" in refused.problem
    assert Kernel.objects.get(name="mine-9.1").released is False
    reader.post(f"/kernels/add/{addition.pk}/drop/")
    assert not Kernel.objects.filter(name="mine-9.1").exists()


def test_types_that_are_no_kernels_give_no_estimate(adder: Client, tmp_path: Path) -> None:
    configured = SimpleUploadedFile("config", CONFIG.encode())
    run_addition(add(adder, tree=archive(tmp_path), config=configured).pk)
    refused = {
        OBJECT.read_bytes(): "given is a BPF object, which has a part of the types of the kernel",
        vmlinux("unknown"): "given has types, but no kfunc of any kernel is in them: give those",
    }
    for data, said in refused.items():
        adder.post("/kernels/mine/", {"types": SimpleUploadedFile("given", data)})
        addition = Addition.objects.latest("pk")
        run_addition(addition.pk)
        addition.refresh_from_db()
        assert addition.problem.startswith(said)


def test_a_configuration_of_another_series_than_the_nearest_kernel_is_doubted(
    adder: Client, tmp_path: Path
) -> None:
    near = archive(tmp_path, "one two")
    other = archive(tmp_path / "other", "three four five")
    for tree, name in ((near, "9.1"), (other, "8.4")):
        configured = SimpleUploadedFile("config", CONFIG.encode())
        addition = add(adder, tree=tree, name=name, config=configured)
        run_addition(addition.pk)
        addition.delete()
    Kernel.objects.filter(name="8.4").update(facts=of_version("8.4", "8.4.1"))
    config = SimpleUploadedFile("my.config", CONFIG.replace("9.1.2", "8.4.1").encode())
    types = SimpleUploadedFile("vmlinux", vmlinux("one", "two", release=""))
    adder.post("/kernels/mine/", {"types": types, "config": config})
    addition = Addition.objects.get()
    run_addition(addition.pk)
    addition.refresh_from_db()
    page = adder.get(addition.get_absolute_url()).content.decode()
    assert "my.config is of 8.4.1, and the types come nearest to those of 9.1" in page
    assert "types of a kernel, rules of 9.1" in page


def of_version(name: str, version: str) -> bytes:
    """Return the facts of a kernel, as they are kept, of another version."""
    facts = load_kernel(name).facts
    return pack(render_facts(replace(facts, version=version)).encode())
