"""`kfmap report`: kernels, comparisons and versions of objects from a shell."""

from __future__ import annotations

import io
from pathlib import Path

import networkx
import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db
OBJECTS = Path(__file__).parents[1] / "objects"


def report(*args: object) -> str:
    out = io.StringIO()
    call_command("report", *map(str, args), stdout=out)
    return out.getvalue()


def test_kernel_and_two_kernels() -> None:
    assert "# Report on kernel 6.1\n" in report("kernel", "6.1.192")
    assert "# What changed from 6.1 to 6.12\n" in report("kernels", "6.1", "6.12")


def test_versions_of_an_object(tmp_path: Path) -> None:
    old, new = OBJECTS / "instructions.bpf.o", OBJECTS / "scheduler.bpf.o"
    text = report("versions", old, new, "--kernel=7.2")
    assert "1 finding is new, 0 findings are gone" in text
    file = tmp_path / "changes.pdf"
    assert report("versions", old, new, "--kernel=7.2", "--format=pdf", "-o", file) == ""
    assert file.read_bytes().startswith(b"%PDF-")


def test_graph_of_a_kernel_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "kernel.graphml"
    report("kernel", "7.2", "--format=graphml", "-o", file)
    graph = networkx.read_graphml(file)
    assert graph.number_of_edges() > 50
    assert report("kernel", "7.2", "--format=svg").startswith("<svg ")
    assert report("kernel", "7.2", "--format=dot").startswith("digraph")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("kernels", "6.1", "6.12", "--format=dot"), "This report draws no graph; there are html"),
        (("kernel", "6.1", "--format=github"), "“github” is for the findings in an object"),
        (("space", "team"), "needs --server"),
        (("space", "team", "--server=https://example.org"), "Set KFMAP_TOKEN"),
        (("kernel", "6.1", "--server=example.org"), "is not the address of a server"),
        (("kernel", "6.1", "6.12"), "takes KERNEL; 2 given"),
        (("kernels", "6.1"), "takes OLD NEW; 1 given"),
        (("kernel", "5.0"), "There is no kernel '5.0'"),
        (("versions", __file__, __file__), "could not be read"),
    ],
)
def test_wrong_questions_are_answered_with_a_sentence(args: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        report(*args)
