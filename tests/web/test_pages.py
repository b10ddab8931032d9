"""Pages of the map: what each says, for how many queries."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from django.test import Client
from django.utils.http import http_date, parse_http_date
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from kfmap.kernel.facts import EVERY_OPTION_ON, Constant
from tests.permission.small_kernel import create_set, create_toy_kernel
from tests.web.conftest import HTML

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]

ENQUEUE = "struct_ops:toy_ops.enqueue"
RUNNING = "struct_ops:toy_ops.running"
KERNEL = "/kernels/8.1"
PAGES = {
    "/": 1,
    "/can-call/": 1,
    f"/can-call/?kernel=8.1&context={ENQUEUE}&kfunc=toy_now": 5,
    "/kernels/": 1,
    f"{KERNEL}/": 1,
    f"{KERNEL}/names.json": 1,
    f"{KERNEL}/matrix/": 1,
    f"{KERNEL}/matrix/data.json": 1,
    f"{KERNEL}/kfuncs/": 1,
    f"{KERNEL}/kfuncs/toy_now/": 1,  # the kernels: what it says of all of them is kept
    f"{KERNEL}/contexts/xdp/": 3,
    f"{KERNEL}/struct-ops/toy_ops/": 3,
    f"{KERNEL}/struct-ops/toy_ops/enqueue/": 4,
    f"{KERNEL}/sets/toy_any/": 2,
    f"{KERNEL}/filters/toy_filter/": 2,
    f"{KERNEL}/hooks/BTF_KFUNC_HOOK_STRUCT_OPS/": 1,
    f"{KERNEL}/graphs/": 1,
    f"{KERNEL}/graphs/callbacks/toy_ops/": 1,
    f"{KERNEL}/graphs/classes/toy_ops/": 1,
    f"{KERNEL}/graphs/shared/toy_ops/other_ops/": 1,
    "/compare/": 2,
    "/compare/8.0/8.1/": 1,
    "/decode/": 1,
    "/docs/": 1,
    "/docs/command-line/": 1,
    "/search/?q=toy": 3,
}


def read(client: Client, path: str) -> str:
    """Return the text of a page that is there."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("path", "count"), PAGES.items())
def test_page_costs_few_queries_and_has_nothing_inline(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str, count: int
) -> None:
    read(client, path)
    with django_assert_num_queries(count):
        text = read(client, path)
    assert " style=" not in text
    assert "<style" not in text
    assert "onclick" not in text


@pytest.mark.parametrize("path", sorted(PAGES.keys() - {"/decode/"}))  # its form has a new token
def test_unchanged_page_costs_a_304(client: Client, path: str) -> None:
    etag = client.get(path)["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", sorted(PAGES.keys() - {"/decode/"}))
def test_page_that_did_not_change_since_costs_a_304(client: Client, path: str) -> None:
    changed = client.get(path)["Last-Modified"]
    assert client.get(path, headers={"If-Modified-Since": changed}).status_code == 304
    earlier = http_date(parse_http_date(changed) - 1)
    assert client.get(path, headers={"If-Modified-Since": earlier}).status_code == 200


def test_changed_map_gives_the_page_anew(client: Client) -> None:
    etag = client.get(f"{KERNEL}/")["ETag"]
    save_kernel(replace(create_toy_kernel(), name="8.2", version="8.2"), None)
    answer = client.get(f"{KERNEL}/", headers={"If-None-Match": etag})
    assert answer.status_code == 200


def test_renamed_label_gives_the_page_anew(client: Client) -> None:
    etag = client.get(f"{KERNEL}/")["ETag"]
    kernel = Kernel.objects.get(name="8.1")
    kernel.label = "of the workshop"
    kernel.save()
    answer = client.get(f"{KERNEL}/", headers={"If-None-Match": etag})
    assert "of the workshop" in answer.content.decode()


def test_answer_gives_verdict_reasons_lines_and_the_other_kernels(client: Client) -> None:
    text = read(client, f"/can-call/?kernel=8.1&context={RUNNING}&kfunc=toy_move")
    assert 'class="verdict verdict-refused"' in text
    assert "toy_filter refuses" in text
    assert 'href="/kernels/8.1/filters/toy_filter/#L74"' in text
    assert "8.0</a>" in text


def test_answer_keeps_the_run_time_layer_apart(client: Client) -> None:
    text = read(client, f"/can-call/?kernel=8.0&context={RUNNING}&kfunc=toy_now")
    assert 'class="verdict verdict-fails_at_run_time"' in text
    text = text.partition('class="trace"')[2]
    assert text.index("At run time") < text.index("kernel/toy.c:90")
    newer = read(client, f"/can-call/?kernel=8.1&context={RUNNING}&kfunc=toy_now")
    assert 'answer-allowed"' in newer


def test_answer_as_fragment_has_no_page_around_it(client: Client) -> None:
    path = f"/can-call/?kernel=8.1&context={ENQUEUE}&kfunc=toy_now"
    text = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    assert "verdict-allowed" in text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("context=xdq&kfunc=toy_now", "near it: xdp"),
        ("context=xdp&kfunc=toy_mov", "kfunc=toy_move"),
        ("context=xdp", "Enter where you call from"),
        ("context=" + "x" * 1000 + "&kfunc=toy_now", "at most 500 characters"),
    ],
)
def test_incomplete_question_is_helped(client: Client, query: str, says: str) -> None:
    assert says in read(client, f"/can-call/?kernel=8.1&{query}")


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/kernels/8/", "/kernels/8.1/"),
        ("/kernels/9.9/", "/kernels/8.0/"),
        (f"{KERNEL}/kfuncs/toy_nov/", "/kernels/8.1/kfuncs/toy_now/"),
        (f"{KERNEL}/contexts/lsm:file/", "/kernels/8.1/contexts/lsm:file_open/"),
        (f"{KERNEL}/struct-ops/toy/", "/kernels/8.1/struct-ops/toy_ops/"),
        (f"{KERNEL}/struct-ops/toy_ops/enque/", "/kernels/8.1/struct-ops/toy_ops/enqueue/"),
        (f"{KERNEL}/sets/toy_an/", "/kernels/8.1/sets/toy_any/"),
        (f"{KERNEL}/filters/toy/", "/kernels/8.1/filters/toy_filter/"),
        (f"{KERNEL}/hooks/XDP/", "/kernels/8.1/hooks/BTF_KFUNC_HOOK_XDP/"),
        (f"{KERNEL}/graphs/callbacks/toy/", "/kernels/8.1/graphs/callbacks/toy_ops/"),
        (f"{KERNEL}/graphs/?first=toy&second=../x", "/kernels/8.1/graphs/callbacks/toy_ops/"),
        ("/kfuncs/toy_mov/", "/kfuncs/toy_move/"),
    ],
)
def test_unknown_name_leads_to_near_ones(client: Client, path: str, near: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert f'href="{near}"' in answer.content.decode()


def test_kfunc_page_says_where_when_and_with_which_flags(client: Client) -> None:
    text = read(client, f"{KERNEL}/kfuncs/toy_new/")
    assert "int toy_new(struct task_struct *p)" in text
    assert "only sleepable programs may call it" in text
    assert f"context={ENQUEUE.replace(':', '%3A')}" in text or "toy_ops/enqueue/" in text
    assert "not on this kernel" in text  # on 8.0


def test_kfunc_without_kernel_leads_to_the_newest_that_has_it(client: Client) -> None:
    assert client.get("/kfuncs/bpf_xdp_it/")["Location"] == "/kernels/8.1/kfuncs/bpf_xdp_it/"
    assert client.get("/newest/matrix/")["Location"] == "/kernels/8.1/matrix/"


def test_filter_page_shows_rules_with_lines_and_what_they_decide(client: Client) -> None:
    text = read(client, f"{KERNEL}/filters/toy_filter/")
    assert 'id="L74"' in text
    assert "the kfunc is in toy_any" in text
    assert "decides " in text
    assert "ALLOW_DISPATCH" in text


def test_matrix_has_a_plain_table_for_readers_without_scripts(client: Client) -> None:
    text = read(client, f"{KERNEL}/matrix/?group=toy_ops&rows=move")
    plain = text[text.index("<noscript>") :]
    assert "toy_move" in plain
    assert "toy_now" not in plain
    assert plain.count('class="cell cell-allowed"') == 1  # dispatch
    assert plain.count('class="cell cell-refused"') == 4


def test_plain_table_comes_in_pages(client: Client) -> None:
    toy = create_toy_kernel()
    many = create_set("many_ids", *(f"bpf_many_{n:03}" for n in range(90)), line=300)
    registration = replace(toy.registrations[0], set_id="many_ids", filter="")
    facts = replace(toy, name="9.0", sets=(*toy.sets, many))
    save_kernel(replace(facts, registrations=(*toy.registrations, registration)), None)
    text = read(client, "/kernels/9.0/matrix/?rows=bpf_many&page=2")
    assert "Page 2 of 4" in text
    assert "bpf_many_040" in text
    assert "bpf_many_000" not in text


def test_matrix_data_has_a_bit_for_every_cell(client: Client) -> None:
    body = json.loads(read(client, "/kernels/8.0/matrix/data.json"))
    names = [name for name, _ in body["kfuncs"]]
    row = names.index("toy_now")
    columns = {column["name"]: column for column in body["contexts"]}
    assert not int(columns[RUNNING]["allowed"], 16) >> row & 1
    assert int(columns[RUNNING]["fails"], 16) == 1 << row
    assert "fails" not in columns[ENQUEUE]
    assert not int(columns["xdp"]["allowed"], 16) >> row & 1


def test_comparison_groups_what_flipped(client: Client) -> None:
    text = read(client, "/compare/8.0/8.1/")
    assert "1 kfunc added" in text
    rows = list(csv.DictReader(io.StringIO(read(client, "/compare/8.0/8.1/?format=csv"))))
    flips = {(row["before"], row["after"], row["kfunc"], row["context"]) for row in rows}
    assert ("allowed", "refused", "bpf_xdp_it", "xdp") in flips
    assert ("fails_at_run_time", "allowed", "toy_now", RUNNING) in flips


def test_kfunc_page_sets_kernels_side_by_side(client: Client) -> None:
    text = read(client, f"{KERNEL}/kfuncs/toy_now/")
    table = text.partition('aria-label="The kfunc on every kernel"')[2].partition("</table>")[0]
    assert 'href="/kernels/8.0/kfuncs/toy_now/"' in table
    assert '<th scope="row">toy_ops</th>' in table
    assert re.search(r'verdict-mixed">\d+ of \d+', table)


def test_releases_are_compared_with_the_ones_before_them(client: Client) -> None:
    text = read(client, "/compare/")
    flips = list(csv.DictReader(io.StringIO(read(client, "/compare/8.0/8.1/?format=csv"))))
    refused = sum((row["before"], row["after"]) == ("allowed", "refused") for row in flips)
    assert 'href="/compare/8.0/8.1/">8.0 → 8.1' in text
    assert f'{refused}</span> <span class="verdict verdict-allowed">' in text
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', text)]
    assert sum(widths) == pytest.approx(100, abs=0.1)
    share = refused / len(flips)
    assert any(width == pytest.approx(100 * share, abs=0.1) for width in widths)


def test_comparison_with_itself_finds_nothing(client: Client) -> None:
    same = read(client, "/compare/8.1/8.1/")
    assert "No cell changed its outcome." in same
    assert "No kfunc and no context was added or removed." in same


def test_choice_of_two_kernels_leads_to_their_comparison(client: Client) -> None:
    assert client.get("/compare/?old=8.1&new=8.0")["Location"] == "/compare/8.1/8.0/"


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("move", "/kernels/8.1/kfuncs/toy_move/"),
        ("toy_ops.disp", "/kernels/8.1/struct-ops/toy_ops/dispatch/"),
        ("lsm file", "/kernels/8.1/contexts/lsm:file_open/"),
        ("filter", "/kernels/8.1/filters/toy_filter/"),
        ("hook_xdp", "/kernels/8.1/hooks/BTF_KFUNC_HOOK_XDP/"),
        ("8.0", "/kernels/8.0/"),
    ],
)
def test_search_finds_names_of_every_kind(client: Client, query: str, url: str) -> None:
    assert f'href="{url}"' in read(client, f"/search/?q={query}")


def test_search_without_hits_says_what_to_try(client: Client) -> None:
    assert "Try fewer or shorter parts" in read(client, "/search/?q=zzz")


@pytest.mark.parametrize("path", ["/search/", "/can-call/", "/decode/"])
def test_markup_in_questions_stays_text(client: Client, path: str) -> None:
    text = read(client, f"{path}?q={HTML}&context={HTML}&kfunc={HTML}&kernel=8.1")
    assert HTML not in text


def test_markup_in_names_of_a_kernel_stays_text(client: Client) -> None:
    toy = create_toy_kernel()
    evil = create_set("toy_any", f"toy_{HTML}", line=20)
    sets = tuple(evil if item.id == "toy_any" else item for item in toy.sets)
    origin = replace(toy.origin, label=HTML)
    facts = replace(toy, name="9.0", version=HTML, sets=sets, kfuncs=(), origin=origin)
    save_kernel(replace(facts, kfunc_flags=(Constant(HTML, 1),)), None)
    for path in (
        "/",
        "/kernels/9.0/",
        "/kernels/9.0/kfuncs/",
        "/kernels/9.0/matrix/",
        "/kernels/9.0/graphs/callbacks/toy_ops/",
        "/kernels/9.0/sets/toy_any/",
        "/compare/8.1/9.0/",
    ):
        assert HTML not in read(client, path)


def test_empty_map_says_what_to_do(client: Client) -> None:
    Kernel.objects.all().delete()
    for path in ("/", "/can-call/", "/kernels/", "/compare/", "/decode/"):
        assert "manage.py load_kernels" in read(client, path)
    assert client.get("/newest/matrix/").status_code == 302


def test_only_reading_is_possible(client: Client) -> None:
    assert client.post("/kernels/").status_code == 405


@pytest.mark.parametrize("path", ["/", "/kernels/6.18/"])
def test_agreement_with_the_booted_kernel_is_shown(client: Client, path: str) -> None:
    kernel = save_kernel(replace(create_toy_kernel(), name="6.18"), None).kernel
    assert "29,512 of 29,512 cells" not in read(client, path)
    Kernel.objects.filter(pk=kernel.pk).update(source=Kernel.Source.BUNDLED)
    assert "29,512 of 29,512 cells" in read(client, path)
    if path != "/":
        assert "none differs, 3,871 more were left undecided" in read(client, path)


def test_a_kernel_that_nobody_ships_is_not_to_be_booted(client: Client) -> None:
    toy = create_toy_kernel()
    origin = replace(toy.origin, profile=EVERY_OPTION_ON)
    save_kernel(replace(toy, name="7.3-all", origin=origin), None)
    assert "nobody ships it" in read(client, "/")
    assert "so there is none to boot" in read(client, "/kernels/7.3-all/")


def test_renaming_is_shown_on_both_names(client: Client) -> None:
    toy = create_toy_kernel()
    sets = tuple(
        create_set("toy_any", "toy_now2", "toy_both", line=20) if item.id == "toy_any" else item
        for item in toy.sets
    )
    kfuncs = tuple(
        replace(kfunc, name="toy_now2", prototype="void toy_now2(void)")
        if kfunc.name == "toy_now"
        else kfunc
        for kfunc in toy.kfuncs
    )
    save_kernel(replace(toy, name="8.2", version="8.2", sets=sets, kfuncs=kfuncs), None)
    for path in (f"{KERNEL}/kfuncs/toy_now/", "/kernels/8.2/kfuncs/toy_now2/"):
        assert "Renamed from 8.1 to 8.2" in read(client, path)
