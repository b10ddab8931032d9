"""Tables, graphs and reports of the map's pages, in every format that they are exported in."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from tests.reports.opening import read_workbook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]

ENQUEUE = "struct_ops:toy_ops.enqueue"
KERNEL = "/kernels/8.1"
TABLES = [
    "/kernels/",
    f"{KERNEL}/",
    f"{KERNEL}/matrix/",
    f"{KERNEL}/kfuncs/",
    f"{KERNEL}/kfuncs/toy_now/",
    f"{KERNEL}/contexts/xdp/",
    f"{KERNEL}/struct-ops/toy_ops/",
    f"{KERNEL}/struct-ops/toy_ops/enqueue/",
    f"{KERNEL}/sets/toy_any/",
    f"{KERNEL}/filters/toy_filter/",
    f"{KERNEL}/hooks/BTF_KFUNC_HOOK_STRUCT_OPS/",
    "/compare/8.0/8.1/",
    "/search/?q=toy",
    f"/can-call/?kernel=8.1&context={ENQUEUE}&kfunc=toy_now",
]
GRAPHS = [
    f"{KERNEL}/graphs/callbacks/toy_ops/",
    f"{KERNEL}/graphs/classes/toy_ops/",
    f"{KERNEL}/graphs/shared/toy_ops/other_ops/",
]


@pytest.mark.parametrize("path", TABLES)
def test_table_is_exported_as_csv_and_json(client: Client, path: str) -> None:
    sign = "&" if "?" in path else "?"
    rows = list(csv.reader(io.StringIO(client.get(f"{path}{sign}format=csv").content.decode())))
    assert len(rows) > 1
    assert client.get(f"{path}{sign}format=json").json()["version"] == 1


@pytest.mark.parametrize("path", GRAPHS)
@pytest.mark.parametrize("name", ["svg", "graphml", "dot", "json"])
def test_graph_is_exported_in_every_format(client: Client, path: str, name: str) -> None:
    answer = client.get(f"{path}?format={name}")
    assert answer.status_code == 200
    assert f".{name}" in answer["Content-Disposition"]


@pytest.mark.parametrize("path", [*TABLES, *GRAPHS])
def test_unknown_format_is_said_not_to_exist(client: Client, path: str) -> None:
    sign = "&" if "?" in path else "?"
    answer = client.get(f"{path}{sign}format=exe")
    assert answer.status_code == 404
    assert "There is no format “exe”" in answer.content.decode()


@pytest.mark.parametrize("path", ["/kernels/8.1/", "/compare/8.0/8.1/"])
def test_kernels_and_comparisons_have_reports(client: Client, path: str) -> None:
    for name, start in (("html", b"<!doctype"), ("pdf", b"%PDF-"), ("xlsx", b"PK")):
        answer = client.get(f"{path}?format={name}")
        assert answer.status_code == 200
        assert answer.content.startswith(start)
        assert answer["Content-Disposition"].endswith(f'.{name}"')
        assert f"format={name}" in client.get(path).content.decode()


def test_every_table_exports_a_workbook(client: Client) -> None:
    answer = client.get("/kernels/8.1/kfuncs/?format=xlsx")
    assert list(read_workbook(answer.content)) == ["summary", "8.1 functions"]
