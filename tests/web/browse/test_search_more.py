"""What is found that is no name: flags, prototypes, section names, options, misspellings."""

from __future__ import annotations

import html
import json
from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.store import save_kernel
from kfmap.kernel.facts import Place
from kfmap.kernel.program_facts import KernelPart, LeftOut
from tests.permission.small_kernel import create_toy_kernel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]


def search(client: Client, query: str) -> str:
    """Return the page of hits."""
    answer = client.get("/search/", {"q": query})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize(
    ("query", "kind", "url"),
    [
        ("KF_RCU", "Kfuncs with this flag", "/kernels/8.1/kfuncs/toy_new/"),
        ("kf_sleepable", "Kfuncs with this flag", "/kernels/8.1/kfuncs/bpf_trace_it/"),
        ("task_struct", "Kfuncs by prototype", "/kernels/8.1/kfuncs/toy_new/"),
        ("int toy_new", "Kfuncs by prototype", "/kernels/8.1/kfuncs/toy_new/"),
        ("lsm.s/file_open", "Section name", "/kernels/8.1/contexts/lsm.s:file_open/"),
        ("lsm/file_open", "Section name", "/kernels/8.1/contexts/lsm:file_open/"),
        ("BPF_PROG_TYPE_XDP", "Section name", "/kernels/8.1/contexts/xdp/"),
        ("struct_ops.s/init", "Section name", "/kernels/8.1/struct-ops/toy_ops/init/"),
        ("usdt", "Section name", "/kernels/8.1/contexts/kprobe/"),
    ],
)
def test_search_finds_what_is_no_name(client: Client, query: str, kind: str, url: str) -> None:
    text = search(client, query)
    assert f">{kind}" in text
    if "lsm.s" in url:  # a form that has no page of its own: it can be asked about
        url = "/can-call/?kernel=8.1&context=lsm.s%3Afile_open"
    assert f'href="{url}"' in text


def test_search_finds_what_an_option_decides(client: Client) -> None:
    left = LeftOut(KernelPart.KFUNC, "toy_move", ("CONFIG_TOYS",), Place("kernel/Makefile", 3))
    bare = create_toy_kernel(kfuncs=())
    save_kernel(replace(bare, name="7.9", sets=(), registrations=(), left_out=(left,)), None)
    text = search(client, "CONFIG_TOYS")
    assert "Under this option" in text
    assert 'href="/kernels/8.1/kfuncs/toy_move/"' in text
    assert "8.0, 8.1" in text.partition("Under this option")[2]
    names = json.loads(client.get("/search/names.json").content)["names"]
    assert ["CONFIG_TOYS", "option", "/search/?q=CONFIG_TOYS"] in names


def test_search_offers_names_for_a_misspelt_one(client: Client) -> None:
    text = search(client, "toy_insrt")
    assert "Or is it one of these?" in text
    assert 'href="/kernels/8.1/kfuncs/toy_insert/"' in text


def test_names_for_suggestions_lead_to_the_newest_kernel_that_has_them(client: Client) -> None:
    body = json.loads(client.get("/search/names.json").content)
    names = {name: (kind, url) for name, kind, url in body["names"]}
    assert names["toy_move"] == ("kfunc", "/kernels/8.1/kfuncs/toy_move/")
    assert names["toy_ops.init"] == ("callback", "/kernels/8.1/struct-ops/toy_ops/init/")
    assert names["KF_SLEEPABLE"] == ("flag", "/search/?q=KF_SLEEPABLE")
    assert names["8.0"][0] == "kernel"
    assert len(names) == len(body["names"])
