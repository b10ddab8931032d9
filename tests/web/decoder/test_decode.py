"""The decoder's page: paste, file and sample, links, exports, what is too large or nothing."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.decoder.reading import MAX_LOG
from kfmap.web.decoder.given_log import MAX_SHOWN
from kfmap.web.decoder.samples import SAMPLE_TITLES, SAMPLES
from tests.web.conftest import HTML

pytestmark = pytest.mark.usefixtures("toys")

_REFUSED = "calling kernel function toy_move is not allowed"
_IN_RUNNING = (
    "libbpf: struct_ops init: struct toy_ops(type_id=3) ops found at offset 0\n"
    "libbpf: struct_ops init_kern ops: func ptr running is set to prog run from data(+8) to kern\n"
    f"libbpf: prog 'run': -- BEGIN PROG LOAD LOG --\n; toy_move(p); @ toy.bpf.c:7\n{_REFUSED}\n"
)


def _decode(client: Client, log: str, **fields: str) -> str:
    answer = client.post("/decode/", {"log": log, **fields})
    assert answer.status_code == 200
    return answer.content.decode()


def test_message_leads_to_the_cell_the_kfunc_and_the_contexts_that_may(client: Client) -> None:
    text = _decode(client, _IN_RUNNING, kernel="8.1")
    assert "1 message\n    in 5 lines" in text
    assert "Line 5 · program run</p>" in text
    assert '<p class="source">toy.bpf.c:7: toy_move(p);</p>' in text
    cell = "/can-call/?kernel=8.1&amp;context=struct_ops%3Atoy_ops.{}&amp;kfunc=toy_move"
    assert f'href="{cell.format("running")}">This cell on 8.1</a>' in text
    assert 'href="/kernels/8.1/kfuncs/toy_move/">toy_move</a>' in text
    assert f'href="{cell.format("dispatch")}"><code>struct_ops:toy_ops.dispatch</code></a>' in text
    assert re.search(r'<a href="/kernels/8\.1/[^"]+"><code>kernel/[\w/.]+:\d+</code></a>', text)


def test_log_stands_in_the_form_again(client: Client) -> None:
    text = _decode(client, f"\n{_REFUSED}\n", kernel="8.0")
    assert f"\n\n{_REFUSED}\n</textarea>" in text.replace("\r\n", "\n")
    assert "<option selected>8.0</option>" in text


def test_file_goes_before_the_paste(client: Client) -> None:
    file = SimpleUploadedFile("toy.log", b"\xff\n" + _REFUSED.encode())
    answer = client.post("/decode/", {"log": "x", "kernel": "", "file": file})
    text = answer.content.decode()
    assert "in 2 lines of toy.log" in text
    assert _REFUSED in text


def test_mask_message_is_answered_on_the_kernel_with_masks(client: Client) -> None:
    text = _decode(client, "kfunc with mask 0x1 called from an operation only allowing 0x2")
    for part in ("TOY_KF_NOW", "TOY_KF_REST", "toy_now", "(names as in 8.0)", "toy_ops.enqueue"):
        assert part in text
    assert "answer-fails" in text


@pytest.mark.parametrize("log", ["", "all is well", HTML, "\x00\x00"])
def test_nothing_recognised_says_what_is_looked_for(client: Client, log: str) -> None:
    text = _decode(client, log)
    assert "Nothing recognised" in text
    assert HTML not in text


def test_what_a_log_says_is_never_markup(client: Client) -> None:
    text = _decode(client, f"EXIT: scx_bpf_error ({HTML})\n{HTML} failed")
    assert HTML not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_decoded_without_a_form(client: Client, name: str) -> None:
    text = client.get(f"/decode/?sample={name}").content.decode()
    assert 'class="answer' in text
    assert "Nothing recognised" not in text
    assert all(f"?sample={other}" in text for other in SAMPLE_TITLES)


def test_unknown_sample_is_answered_with_one_that_comes_near(client: Client) -> None:
    answer = client.get("/decode/?sample=refuse")
    assert answer.status_code == 404
    assert "?sample=refused" in answer.text


def test_exports_are_the_commands_forms(client: Client) -> None:
    answer = client.post("/decode/", {"log": _IN_RUNNING, "kernel": "8.1", "format": "json"})
    assert answer["Content-Type"].startswith("application/json")
    assert 'attachment; filename="kfmap-decoded-log.json"' in answer["Content-Disposition"]
    (message,) = json.loads(answer.content)["messages"]
    assert (message["kind"], message["program"]) == ("not_allowed", "run")
    answer = client.post("/decode/", {"log": _IN_RUNNING, "kernel": "8.1", "format": "txt"})
    assert answer.content.decode().startswith(f"line 5: {_REFUSED}\n")
    assert client.post("/decode/", {"log": "x", "format": "pdf"}).status_code == 404


def test_three_megabytes_may_be_pasted_or_sent(client: Client) -> None:
    log = "; x = toy(y); @ toy.bpf.c:1\n" * 110_000 + _REFUSED
    assert len(log) > 3_000_000
    text = _decode(client, log, kernel="8.1")
    assert "1 message" in text
    form = {"log": log, "kernel": "8.1", "csrfmiddlewaretoken": ""}
    answer = client.post(
        "/decode/",
        "&".join(f"{key}={value}" for key, value in form.items()).replace("\n", "%0A"),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200


def test_log_too_long_for_the_form_is_still_decoded(client: Client) -> None:
    log = "a" * 99 + "\n"
    text = _decode(client, log * (MAX_SHOWN // 100 + 1) + _REFUSED, kernel="8.1")
    assert "1 message" in text
    assert "too long to be shown here again" in text
    assert len(text) < 100_000


@pytest.mark.parametrize("way", ["paste", "file"])
def test_log_above_the_limit_gets_a_sentence(client: Client, way: str) -> None:
    log = "a" * (MAX_LOG + 1)
    fields = {"log": log} if way == "paste" else {"file": SimpleUploadedFile("x", log.encode())}
    text = client.post("/decode/", fields).content.decode()
    assert "The log has more than 16 MB." in text


def test_form_above_every_limit_gets_a_sentence(client: Client) -> None:
    answer = client.post("/decode/", {"log": "a" * (19 << 20)})
    assert answer.status_code == 413
    assert "more than 18 MB of text" in answer.content.decode()


def test_unknown_kernel_is_not_found(client: Client) -> None:
    assert client.post("/decode/", {"log": "x", "kernel": "9.9"}).status_code == 404
