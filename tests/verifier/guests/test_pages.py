"""Pages and API of second opinions: ask, follow, cancel, read both verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import HTML
from tests.verifier.opinions.pretended import LOG
from tests.verifier.shared import share
from verifier.engine.reports import RENDERERS
from verifier.engine.result import ObjectVerdict, ProgramVerdict
from verifier.guests.models import Opinion
from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word
from verifier.opinions.opinion_json import plain_opinion
from verifier.records import store
from verifier.records.models import BpfObject


@pytest.fixture
def answered(scheduler: BpfObject, image: str) -> BpfObject:
    """Return an object of which 7.2 loads all programs but the first, and kfmap passes all."""
    kernel = save_kernel(replace(create_toy_kernel(), name=image), None).kernel
    names = [item.name for item in scheduler.programs.all()]
    passing = tuple(ProgramVerdict(name, "passes", (), (), ()) for name in names)
    store.save_verdict(scheduler, kernel.facts_hash, ObjectVerdict(image, passing))
    first, *others = names
    refused = ProgramOpinion(first, Word.REFUSED, f"R1 must be {HTML}", LOG, instructions=4)
    said = (refused, *(ProgramOpinion(name, Word.LOADS, instructions=6) for name in others))
    opinion = KernelOpinion(image, "7.2.12+deb13-amd64", "v1.5", said)
    Opinion.objects.create(
        object=scheduler, kernel=image, state=Opinion.State.DONE, data=plain_opinion(opinion)
    )
    return scheduler


def test_the_page_shows_both_verdicts(answered: BpfObject, ada: Client) -> None:
    page = ada.get(f"/objects/{answered.sha256}/opinions/").content.decode()
    assert "Refused for something kfmap does not judge." in page
    assert "toy.bpf.c:12" in page
    assert HTML not in page


def test_the_page_of_the_object_says_it_in_short(answered: BpfObject, ada: Client) -> None:
    page = ada.get(f"/objects/{answered.sha256}/").content.decode()
    assert "The kernels themselves" in page
    assert "1 refused for something kfmap does not judge" in page


@pytest.mark.parametrize("name", RENDERERS)
def test_every_report_of_an_object_with_opinions_can_be_made(
    answered: BpfObject, ada: Client, name: str
) -> None:
    assert ada.get(f"/objects/{answered.sha256}/?format={name}").status_code == 200


def test_reports_carry_what_the_kernel_says(answered: BpfObject, ada: Client) -> None:
    text = ada.get(f"/objects/{answered.sha256}/?format=text").content.decode()
    assert "7.2 itself, booted:" in text
    (said,) = json.loads(ada.get(f"/objects/{answered.sha256}/?format=json").content)["objects"][0][
        "opinions"
    ]
    assert (said["version"], said["kernel"]) == (1, "7.2")
    assert said["programs"][0]["agreement"] == "not_judged"


def test_documents_have_both_words(answered: BpfObject, ada: Client) -> None:
    for name in ("html", "markdown"):
        text = ada.get(f"/objects/{answered.sha256}/?format={name}").content.decode()
        assert "refused for something kfmap does not judge" in text
        assert "R1 must be referenced or trusted" in text


def test_the_report_keeps_to_its_schema(answered: BpfObject, ada: Client) -> None:
    said = json.loads(ada.get(f"/objects/{answered.sha256}/?format=json").content)
    schema = json.loads(
        resources.files("verifier.engine.reports").joinpath("report.schema.json").read_text()
    )
    assert "opinions" in schema["$defs"]["object"]["properties"]
    jsonschema.validate(said, schema)


def test_sarif_puts_the_refusal_at_its_line(answered: BpfObject, ada: Client) -> None:
    (run,) = json.loads(ada.get(f"/objects/{answered.sha256}/?format=sarif").content)["runs"]
    (result,) = [item for item in run["results"] if item["ruleId"] == "kernel_refuses"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == "kernel_refuses"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "toy.bpf.c"
    assert place["region"]["startLine"] == 12


def test_a_reader_asks_follows_and_cancels(scheduler: BpfObject, image: str, ada: Client) -> None:
    address = f"/objects/{scheduler.sha256}/opinions/"
    assert ada.post(address, {"kernel": [image]}).status_code == 302
    assert "7.2: waiting" in ada.get(address).content.decode()
    progress = ada.get(f"{address}progress/")
    assert "7.2: waiting" in progress.content.decode()
    assert "HX-Refresh" not in progress
    ada.post(f"{address}cancel/")
    assert ada.get(f"{address}progress/")["HX-Refresh"] == "true"
    assert Opinion.objects.get().state == Opinion.State.CANCELLED


def test_without_qemu_or_image_the_page_says_what_to_do(
    scheduler: BpfObject, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.opinions.images.has_qemu", lambda _: False)
    page = ada.get(f"/objects/{scheduler.sha256}/opinions/").content.decode()
    assert "apt install qemu-system-x86" in page
    assert "<button>Ask</button>" not in page


def test_strangers_do_not_ask(scheduler: BpfObject, client: Client) -> None:
    address = f"/objects/{scheduler.sha256}/opinions/"
    assert client.get(address).status_code == 302
    assert client.post(address, {"kernel": ["7.2"]}).status_code == 302
    assert client.post(f"/api{address}", {"kernels": ["7.2"]}).status_code in (401, 403)
    assert client.delete(f"/api{address}").status_code in (401, 403)
    assert not Opinion.objects.exists()


def test_the_api_asks_and_answers(answered: BpfObject, image: str, ada: Client) -> None:
    address = f"/api/objects/{answered.sha256}/opinions/"
    asked = ada.post(address, {"kernels": [image]}, content_type="application/json")
    assert asked.status_code == 202
    assert asked.json()["jobs"][0]["state"] == "queued"
    said = ada.get(address).json()
    assert said["version"] == 1
    assert said["opinions"][0]["programs"][0]["kernel"] == "refused"
    ended = ada.delete(address)
    assert (ended.status_code, ended.json()["jobs"][0]["state"]) == (200, "cancelled")
    assert ada.delete(address).status_code == 409
    wrong = ada.post(address, {"kernels": ["9.9"]}, content_type="application/json")
    assert wrong.status_code == 400
    assert "no image of 9.9" in str(wrong.json())


def test_versions_of_an_object_are_compared(answered: BpfObject, ada: Client) -> None:
    older = share(
        BpfObject.objects.create(
            sha256="cd" * 32, file_name=answered.file_name, size=1, read_at=answered.read_at
        )
    )
    program = answered.programs.all()[0].name
    said = (ProgramOpinion(program, Word.LOADS, instructions=1),)
    opinion = KernelOpinion("7.2", "7.2.12+deb13-amd64", "v1.5", said)
    Opinion.objects.create(
        object=older, kernel="7.2", state=Opinion.State.DONE, data=plain_opinion(opinion)
    )
    address = f"/objects/{answered.sha256}/opinions/"
    assert "Compared with another version" in ada.get(address).content.decode()
    page = ada.get(f"{address}?with={older.sha256}").content.decode()
    assert "What changed on 7.2" in page
    assert "+3" in page
    wrong = ada.get(f"{address}?with=cd")
    assert wrong.status_code == 404
    assert f'href="{address}?with={older.sha256}"' in wrong.text
