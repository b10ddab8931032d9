"""What an object, an upload and the graph of an object are exported as."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.verifier.checked import HTML
from tests.verifier.conftest import create_object
from tests.verifier.web.checked_object import create_checked_object
from verifier.engine.reports import RENDERERS
from verifier.records.models import Submission, SubmittedFile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_object_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    answer = ada.get(f"/objects/{obj.sha256}/?format={name}")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert b"7.2" in answer.content or name in ("pdf", "xlsx")  # those are compressed
    assert ada.get(f"/objects/{obj.sha256}/?format={name}").content == answer.content


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_submission_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    submission = Submission.objects.create()
    SubmittedFile.objects.create(submission=submission, object=obj, name="toy.bpf.o")
    SubmittedFile.objects.create(submission=submission, name="=x.o", problem="not an ELF file")
    answer = ada.get(f"/uploads/{submission.pk}/?format={name}")
    assert answer.status_code == 200
    assert f"kfmap-submission-{submission.pk}." in answer["Content-Disposition"]
    if name in ("text", "json", "csv", "markdown", "junit", "sarif", "html"):
        assert "not an ELF file" in answer.content.decode()


@pytest.mark.parametrize("name", ["svg", "graphml", "dot", "json"])
def test_graph_exports_every_format(ada: Client, name: str) -> None:
    obj = create_checked_object("toy_running")
    answer = ada.get(f"/objects/{obj.sha256}/graph/?kernel=7.2&format={name}")
    assert answer.status_code == 200
    assert b"toy_move" in answer.content
    shown = ada.get(f"/objects/{obj.sha256}/graph/?kernel=6.18&all=1").content.decode()
    assert f'href="?kernel=6.18&amp;all=1&amp;format={name}"' in shown


def test_graph_colours_the_path_of_a_finding(ada: Client) -> None:
    obj = create_checked_object("toy_running")
    for name, word in (("7.2", "refused"), ("6.18", "allowed")):
        graph = ada.get(f"/objects/{obj.sha256}/graph/?kernel={name}&format=json").json()
        (end,) = [node for node in graph["nodes"] if node["kind"] == "kfunc"]
        assert end["verdict"] == word


def test_graph_of_hostile_names_has_no_markup(ada: Client) -> None:
    obj = create_checked_object(HTML)
    text = ada.get(f"/objects/{obj.sha256}/graph/").content.decode()
    assert HTML not in text
    assert "&lt;script&gt;" in text


def test_unknown_format_is_not_found(ada: Client) -> None:
    assert ada.get(f"/objects/{create_object().sha256}/?format=exe").status_code == 404
