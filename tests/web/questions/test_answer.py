"""The page of an answer: first what becomes of the call, then why, then what to do."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_struct_ops, create_toy_kernel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]
RUNNING = "struct_ops:toy_ops.running"


def read(client: Client, query: str) -> str:
    """Return the page of a question on 8.1, its markup as text."""
    answer = client.get(f"/can-call/?kernel=8.1&{query}")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_answer_begins_with_the_outcome_and_its_deciding_line(client: Client) -> None:
    text = read(client, f"context={RUNNING}&kfunc=toy_move")
    assert "verdict-refused" in text
    because = re.search(r'class="because">(.*?)</p>', text, re.DOTALL)
    assert because
    assert because[1].startswith("toy_filter lets toy_move only into dispatch.")
    assert "/filters/toy_filter/#L74" in because[1]
    assert text.index('class="because"') < text.index('class="trace"')
    assert "kfunc=toy_move" in text.partition(">Instead<")[2].partition("</ul>")[0]


@pytest.mark.parametrize(
    ("query", "word", "part"),
    [
        ("context=lsm/file_open&kfunc=bpf_trace_it", "only_if_sleepable", 'SEC("lsm.s/file_open")'),
        ("context=lsm.s/file_open&kfunc=bpf_trace_it", "allowed", "The program must be sleepable."),
        ("context=lsm/task_free&kfunc=bpf_trace_it", "will_not_load", "may not sleep"),
        ("context=xdp&kfunc=bpf_map_lookup_elem", "unknown", "kfmap knows kfuncs only"),
        ("context=xdp&kfunc=bpf_nothing", "not_on_this_kernel", "8.1 has no kfunc bpf_nothing"),
    ],
)
def test_answer_says_each_outcome_in_its_words(
    client: Client, query: str, word: str, part: str
) -> None:
    text = read(client, query)
    assert f'class="answer answer-{word}"' in text
    assert part in text


def test_answer_has_the_declaration_guarded_where_a_kernel_lacks_the_kfunc(client: Client) -> None:
    text = read(client, "context=struct_ops:toy_ops.dispatch&kfunc=toy_new")
    assert "extern int toy_new(struct task_struct *p) __ksym __weak;" in text
    assert "8.0 lacks it" in text
    assert "bpf_ksym_exists(toy_new)" in text
    everywhere = read(client, "context=xdp&kfunc=bpf_common")
    assert "extern void bpf_common(void) __ksym;" in everywhere
    assert "bpf_ksym_exists" not in everywhere


def test_lines_open_the_source_of_published_trees_only(client: Client) -> None:
    toy = create_toy_kernel()
    origin = replace(toy.origin, tree_version="6.18.15")
    save_kernel(replace(toy, name="8.2", version="8.2", origin=origin), None)
    text = html.unescape(
        client.get(f"/can-call/?kernel=8.2&context={RUNNING}&kfunc=toy_move").content.decode()
    )
    assert 'href="https://elixir.bootlin.com/linux/v6.18.15/source/kernel/filter.c#L74"' in text
    assert "linux.git/tree/kernel/filter.c?h=v6.18.15#n74" in text
    made_up = replace(toy.origin, tree_version="6.18.15-ours")
    save_kernel(replace(toy, name="8.3", version="8.3", origin=made_up), None)
    ours = client.get(f"/can-call/?kernel=8.3&context={RUNNING}&kfunc=toy_move").content.decode()
    assert "elixir.bootlin.com" not in ours


def test_chips_of_kernels_say_outcomes_newest_first(client: Client) -> None:
    text = read(client, f"context={RUNNING}&kfunc=toy_now")
    chips = re.findall(
        r'class="kernel-cell"><a [^>]*>([\d.]+)</a> <span class="verdict verdict-(\w+)', text
    )
    assert chips == [("8.1", "allowed"), ("8.0", "fails_at_run_time")]


def test_ambiguous_question_lists_candidates_with_their_answers(client: Client) -> None:
    two = tuple(create_struct_ops(name) for name in ("toy_ops", "sched_ext_ops"))
    save_kernel(replace(create_toy_kernel(struct_ops=two), name="8.2", version="8.2"), None)
    text = client.get("/can-call/?kernel=8.2&context=enqueue&kfunc=toy_move").content.decode()
    first, second = re.findall(r'<li><a href="([^"]+)"><code>struct_ops:(?:\w+)\.enqueue', text)
    assert "sched_ext_ops.enqueue" in first
    assert "toy_ops.enqueue" in second


def test_question_takes_any_name_of_a_kernel(client: Client) -> None:
    answer = client.get(f"/can-call/?kernel=newest&context={RUNNING}&kfunc=toy_now")
    assert "on 8.1</h2>" in answer.content.decode()


def test_answer_is_exported_with_its_outcome(client: Client) -> None:
    query = f"/can-call/?kernel=8.1&context={RUNNING}&kfunc=toy_move&format="
    body = json.loads(client.get(query + "json").content)
    assert (body["verdict"], body["outcome"]) == ("refused", "refused")
    assert body["because"] == "toy_filter lets toy_move only into dispatch (kernel/filter.c:74)."
    assert body["instead"] == ["struct_ops:toy_ops.dispatch"]
    rows = list(csv.DictReader(io.StringIO(client.get(query + "csv").content.decode())))
    assert {row["outcome"] for row in rows} == {"refused"}
    assert rows[0]["instead"] == "struct_ops:toy_ops.dispatch"


def test_home_answers_the_question_in_its_address(client: Client) -> None:
    text = client.get(f"/?kernel=8.1&context={RUNNING}&kfunc=toy_move").content.decode()
    assert 'class="answer answer-refused"' in text
    assert 'value="toy_move"' in text
