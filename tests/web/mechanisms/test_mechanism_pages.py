"""The pages about mechanisms, findings and what-if, on the toy kernel."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.catalogue.variants import keep_variant
from kfmap.permission.context import Context
from kfmap.permission.what_if.edit_json import write_edits
from kfmap.permission.what_if.edits import (
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeRow,
    Edit,
    MoveKfunc,
    UseCapabilities,
)
from kfmap.web.what_if.edits_in_address import draft_url
from tests.permission.mechanisms.test_compare import create_masked_kernel
from tests.permission.small_kernel import create_kernel, create_toy_kernel
from tests.verifier.shared import share
from verifier.records.models import BpfObject, Call, Program

pytestmark = pytest.mark.django_db
WIDER = ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",))


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def text_of(*edits: Edit) -> str:
    return json.dumps(write_edits(edits))


def draft(*edits: Edit) -> str:
    return urlencode({"edits": text_of(*edits)})


def test_mechanisms_page_compares_them_for_the_chosen_type(client: Client) -> None:
    page = read(client, "/kernels/toy/mechanisms/?scope=toy_ops")
    assert "Filter with struct_ops context" in page
    assert "struct_ops:toy_ops.select_cpu → toy_insert" in page
    assert "style=" not in page


def test_mechanisms_page_draws_classes_and_names_what_is_wrong(client: Client) -> None:
    page = read(client, "/kernels/toy/mechanisms/?scope=toy_ops")
    assert page.count('class="square-too-much first"') + page.count('class="square-too-much"') > 0
    assert ">lets pass too much</span>" in page
    assert "<code>select_cpu</code>" in page  # one ops structure: callbacks by their member


def test_mechanisms_page_counts_what_uploaded_objects_pay(client: Client) -> None:
    save_kernel(replace(create_masked_kernel(), name="masked"), None)
    paying = share(BpfObject.objects.create(sha256="1" * 64, file_name="pays.bpf.o", size=1))
    program = Program.objects.create(object=paying, position=0, name="p", section="struct_ops/p")
    other = Program.objects.create(object=paying, position=1, name="q", section="struct_ops/q")
    for kfunc in ("toy_insert", "toy_move", "bpf_common"):
        for instruction in (1, 5):
            path = [{"function": "f", "instruction": instruction, "source": None}]
            row = {
                "object": paying,
                "kfunc": kfunc,
                "weak": False,
                "instruction": instruction,
                "path": path,
            }
            Call.objects.create(program=program, **row)
            Call.objects.create(program=other, **row)  # through a function that both call
    for kernel in ("masked", "toy"):  # toy decides at load: what masks in its place would cost
        address = f"/kernels/{kernel}/mechanisms/?scope=toy_ops"
        client.logout()
        assert "pays.bpf.o" not in read(client, address)
        client.force_login(User.objects.get_or_create(username="ada")[0])
        assert "pays.bpf.o</a>: 4 call sites of 2 kfuncs" in read(client, address)


def test_mechanisms_page_asks_each_about_one_cell(client: Client) -> None:
    cell = "context=struct_ops:toy_ops.running&kfunc=toy_move"
    answer = client.get(f"/kernels/toy/mechanisms/?scope=toy_ops&{cell}")
    words = [(row.title, row.word) for row in answer.context["cell"].rows]
    assert words == [
        ("The kernel itself", "refused"),
        ("Program type only", "allowed"),
        ("Run-time masks", "fails_at_run_time"),
        ("Capabilities, all of a kfunc's bits", "refused"),
        ("Capabilities, any of a kfunc's bits", "refused"),
        ("Local decision", "refused"),
        ("Filter per set without context", "allowed"),
        ("Filter with struct_ops context", "refused"),
    ]
    page = answer.content.decode()
    assert "the filter sees the same in 5 contexts and must let pass what one may" in page
    assert "in set toy_dispatch on STRUCT_OPS" in page


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("context=xdp&kfunc=toy_move", "xdp is not one of the contexts compared here"),
        ("context=struct_ops:toy_ops.init&kfunc=<b>", "no kfunc &lt;b&gt;"),
    ],
)
def test_mechanisms_page_says_why_a_cell_is_none(client: Client, cell: str, words: str) -> None:
    assert words in read(client, f"/kernels/toy/mechanisms/?scope=toy_ops&{cell}")


@pytest.mark.parametrize("reading", ["all", "any"])
def test_mechanisms_page_gives_the_table_a_patch_would_need(client: Client, reading: str) -> None:
    address = f"/kernels/toy/mechanisms/?scope=toy_ops&format=c&reading={reading}"
    assert f"a call needs {reading} of a kfunc's" in read(client, address)
    page = read(client, "/kernels/toy/mechanisms/?scope=toy_ops")
    assert f"struct_ops=toy_ops&amp;reading={reading}" in page
    assert "use_capabilities" not in read(client, "/kernels/toy/mechanisms/?scope=everything")


def test_mechanisms_page_says_what_each_needs_to_know_and_what_modules_cannot(
    client: Client,
) -> None:
    page = read(client, "/kernels/toy/mechanisms/?scope=toy_ops")
    assert "toy_ops must know of each call its kfunc and which member makes it" in page
    assert "cannot tell apart: 5 callbacks of toy_ops" in page
    assert page.count("a subsystem in a module:") == 7


@pytest.mark.parametrize("scope", ["members", "everything"])
def test_mechanisms_page_takes_wider_scopes(client: Client, scope: str) -> None:
    assert "Capability bits" in read(client, f"/kernels/toy/mechanisms/?scope={scope}")


@pytest.mark.parametrize("form", ["json", "csv", "txt", "c"])
def test_mechanisms_page_exports(client: Client, form: str) -> None:
    assert read(client, f"/kernels/toy/mechanisms/?scope=toy_ops&format={form}")


@pytest.mark.parametrize(
    "address",
    [
        "/kernels/none/mechanisms/",
        "/kernels/toy/mechanisms/?scope=none",
        "/kernels/toy/mechanisms/?format=exe",
        "/kernels/none/findings/",
        "/kernels/toy/findings/?format=exe",
        "/kernels/none/what-if/",
        "/kernels/toy/what-if/?format=exe",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_findings_page_lists_by_rule_with_pictures(client: Client) -> None:
    page = read(client, "/kernels/toy/findings/")
    assert "Kfuncs in several sets" in page
    assert "toy_both" in page
    assert "<svg" in page
    assert 'href="/kernels/toy/kfuncs/toy_both/"' in page
    assert 'href="/kernels/toy/struct-ops/toy_ops/"' in page
    assert json.loads(read(client, "/kernels/toy/findings/?format=json"))["kernel"] == "toy"
    assert "multi_set" in read(client, "/kernels/toy/findings/?format=csv")


def test_findings_page_of_a_kernel_without_any_says_so(client: Client) -> None:
    save_kernel(replace(create_kernel(), name="bare"), None)
    assert "Nothing found" in read(client, "/kernels/bare/findings/")


def test_what_if_page_shows_the_cells_that_flip(client: Client) -> None:
    assert "No edits yet" in read(client, "/kernels/toy/what-if/")
    page = read(client, f"/kernels/toy/what-if/?{draft(WIDER)}")
    assert "toy_allow[running] = ALLOW_DISPATCH" in page
    assert "1 cell flips" in page
    assert "/can-call/?kernel=toy&amp;context=struct_ops%3Atoy_ops.running&amp;kfunc" in page
    assert "struct_ops:toy_ops.running" in page


def test_what_if_exports_flips_edits_and_tables(client: Client) -> None:
    address = f"/kernels/toy/what-if/?{draft(WIDER)}&format="
    body = json.loads(read(client, address + "json"))
    assert (body["version"], len(body["edits"]), len(body["flips"])) == (1, 1, 1)
    assert "struct_ops:toy_ops.running,toy_move,D,A" in read(client, address + "csv")
    assert "offsetof(struct toy_ops, running)" in read(client, address + "c")


def test_what_if_forms_add_to_the_draft_and_take_back(client: Client) -> None:
    form = {"kind": "move_kfunc", "kfunc": "toy_insert", "from_set": "toy_enqueue", "to_set": ""}
    added = client.get("/kernels/toy/what-if/add/", form, follow=True)
    assert "take toy_insert out of toy_enqueue" in added.content.decode()
    both = draft(WIDER, MoveKfunc("toy_insert", "toy_enqueue", ""))
    left = client.get(f"/kernels/toy/what-if/add/?{both}&remove=1", follow=True).content.decode()
    assert "toy_allow[running]" in left
    assert "toy_insert out of" not in left


def test_what_if_offers_the_registrations_and_rows_there_are(client: Client) -> None:
    page = read(client, "/kernels/toy/what-if/")
    assert "dispatch: ALLOW_ENQUEUE | ALLOW_DISPATCH" in page
    registration = "BPF_PROG_TYPE_XDP xdp_ids"
    assert f'<option value="{registration}">' in page
    form = {"kind": "drop_registration", "registration": registration}
    dropped = client.get("/kernels/toy/what-if/add/", form, follow=True).content.decode()
    assert "no longer register xdp_ids for BPF_PROG_TYPE_XDP" in dropped


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "move_kfunc", "kfunc": "nothing", "from_set": "toy_any"},
        {"kind": "explode"},
        {"remove": "7"},
        {"remove": "x"},
    ],
)
def test_what_if_says_why_an_edit_is_not_added(client: Client, query: dict[str, str]) -> None:
    page = client.get("/kernels/toy/what-if/add/", query, follow=True).content.decode()
    assert "Not changed" in page
    assert "No edits yet" in page


@pytest.mark.parametrize("text", ["{", "[" * 50_000, '{"version": 9}'])
def test_what_if_says_when_a_draft_does_not_fit(client: Client, text: str) -> None:
    assert "does not fit toy" in read(client, f"/kernels/toy/what-if/?{urlencode({'edits': text})}")


BITS = UseCapabilities("toy_ops", "all")


def test_capability_bits_start_from_what_the_kernel_decides(client: Client) -> None:
    assert "Use capability bits" in read(client, "/kernels/toy/what-if/")
    form = {"kind": "use_capabilities", "struct_ops": "toy_ops", "reading": "all"}
    page = client.get("/kernels/toy/what-if/add/", form, follow=True).content.decode()
    assert "capability bits decide for toy_ops" in page
    assert "0 cells flip" in page


def test_a_kernel_without_callbacks_offers_no_capability_bits(client: Client) -> None:
    save_kernel(replace(create_kernel(struct_ops=()), name="bare"), None)
    assert "Use capability bits" not in read(client, "/kernels/bare/what-if/")
    assert "Capability bits" in read(client, "/kernels/bare/mechanisms/")


def test_a_kfunc_s_bits_are_chosen_by_hand_and_wrong_cells_shown(client: Client) -> None:
    form = {"edits": text_of(BITS), "kind": "change_kfunc_bits", "in_hand": "toy_now"}
    closed = {**form, "bits": ["KF_CAP_7"]}
    page = client.get("/kernels/toy/what-if/add/", closed, follow=True).content.decode()
    assert "toy_now needs KF_CAP_7" in page
    assert "5 cells flip" in page
    assert "struct_ops:toy_ops.running" in page
    # The kfunc stays in hand, its bit is ticked, and there is room for another one.
    assert 'value="KF_CAP_7" checked' in page
    assert 'value="KF_CAP_8">KF_CAP_8 (new)' in page
    opened = client.get("/kernels/toy/what-if/add/", form, follow=True).content.decode()
    assert "toy_now needs no bit" in opened


def test_a_callback_s_bits_are_chosen_by_hand_and_replace_what_was_chosen(client: Client) -> None:
    form = {"kind": "change_member_bits", "in_hand": "toy_ops.running", "bits": ["KF_CAP_0"]}
    edits = text_of(BITS, ChangeMemberBits("toy_ops", "running", ("KF_CAP_1",)))
    page = client.get(
        "/kernels/toy/what-if/add/", {**form, "edits": edits}, follow=True
    ).content.decode()
    assert "toy_ops.running holds KF_CAP_0" in page
    assert "toy_ops.running holds KF_CAP_1" not in page


def test_capability_bits_say_what_both_readings_get_wrong(client: Client) -> None:
    page = read(client, f"/kernels/toy/what-if/?{draft(BITS)}")
    rows = re.findall(r"(all|any) of a kfunc's bits</th>.*?>(\d+)</td>.*?>(\d+)</td>", page, re.S)
    assert rows[0] == ("all", "0", "0")
    # With any of them, what needs no bit is refused: toy_now, toy_both and bpf_common in 5 members.
    assert rows[1][0] == "any"
    assert int(rows[1][2]) >= 15
    assert "kind=change_reading&amp;reading=any" in page


def test_capability_bits_are_exported(client: Client) -> None:
    address = f"/kernels/toy/what-if/?{draft(BITS)}&format="
    table = json.loads(read(client, address + "json"))["capabilities"]
    assert table["reading"] == "all"
    assert table["contexts"]["struct_ops:toy_ops.dispatch"] is not None
    text = read(client, address + "c")
    assert "toy_ops_holds[] = {" in text
    assert "toy_allow[]" in text


def test_capability_bits_are_kept_with_a_variant_and_edited_further(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    form = {"name": "toy-bits", "edits": text_of(BITS, ChangeKfuncBits("toy_move", ()))}
    client.post("/kernels/toy/what-if/keep/", form)
    page = read(client, "/kernels/toy-bits/what-if/")
    assert "What a callback holds" in page
    assert "No edits yet" in page
    after = {"kind": "change_kfunc_bits", "in_hand": "toy_move", "bits": ["KF_CAP_9"]}
    changed = client.get("/kernels/toy-bits/what-if/add/", after, follow=True).content.decode()
    assert "5 cells flip" in changed


def test_a_draft_is_kept_as_a_kernel_by_who_is_signed_in(client: Client) -> None:
    form = {"name": "toy-wide", "edits": json.dumps(write_edits([WIDER]))}
    assert client.post("/kernels/toy/what-if/keep/", form).status_code == 302
    assert not Kernel.objects.filter(name="toy-wide").exists()
    client.force_login(User.objects.create_user("ada"))
    client.post("/kernels/toy/what-if/keep/", form)
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="running")
    assert load_kernel("toy-wide").decider.decide(context, "toy_move").verdict == "allowed"
    assert "toy-wide" in read(client, "/kernels/toy/what-if/")


@pytest.mark.parametrize("name", ["toy", "", "no spaces", "<b>"])
def test_a_variant_needs_a_name_of_its_own(client: Client, name: str) -> None:
    client.force_login(User.objects.create_user("ada"))
    form = {"name": name, "edits": json.dumps(write_edits([WIDER]))}
    response = client.post("/kernels/toy/what-if/keep/", form, follow=True)
    assert "alert" in response.content.decode()
    assert Kernel.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["/can-call/", "/compare/", "/kernels/toy/matrix/", "/decode/", "/kernels/"]
)
def test_a_variant_is_offered_wherever_a_kernel_is_chosen(client: Client, address: str) -> None:
    keep_variant(load_kernel("toy"), [WIDER], "toy-wide", None)
    assert re.search(r">\s*toy-wide\s*<", read(client, address))


def test_a_variant_answers_and_is_compared_like_a_kernel(client: Client) -> None:
    keep_variant(load_kernel("toy"), [WIDER], "toy-wide", None)
    asked = "context=struct_ops:toy_ops.running&kfunc=toy_move"
    answer = json.loads(read(client, f"/can-call/?kernel=toy-wide&{asked}&format=json"))
    assert answer["verdict"] == "allowed"
    changes = read(client, "/compare/toy/toy-wide/?format=csv")
    assert changes.splitlines()[1:] == ["refused,allowed,toy_move,struct_ops:toy_ops.running"]
    assert "running" in read(client, "/kernels/toy-wide/matrix/?format=csv")


def test_page_of_a_variant_leads_to_its_base_its_edits_and_the_comparison(client: Client) -> None:
    keep_variant(load_kernel("toy"), [WIDER], "toy-wide", None)
    page = read(client, "/kernels/toy-wide/")
    assert "toy_allow[running] = ALLOW_DISPATCH" in page
    assert "/compare/toy/toy-wide/" in page
    assert f'href="{escape(draft_url("toy", [WIDER]))}"' in page
    assert "A variant of" not in read(client, "/kernels/toy/")


def test_kernel_page_counts_findings_and_leads_to_them(client: Client) -> None:
    count = len(json.loads(read(client, "/kernels/toy/findings/?format=json"))["findings"])
    assert f'<a href="/kernels/toy/findings/">{count}</a>' in read(client, "/kernels/toy/")


@pytest.mark.parametrize(("reader", "status"), [("ada", 302), ("grace", 403), ("root", 302)])
def test_a_variant_is_taken_out_by_its_maker_or_the_staff(
    client: Client, reader: str, status: int
) -> None:
    users = {name: User.objects.create_user(name) for name in ("ada", "grace")}
    users["root"] = User.objects.create_superuser("root")
    keep_variant(load_kernel("toy"), [WIDER], "toy-wide", users["ada"])
    client.force_login(users[reader])
    offered = "Remove toy-wide from the map" in read(client, "/kernels/toy-wide/")
    assert offered == (status == 302)
    answer = client.post("/kernels/toy-wide/drop/")
    assert answer.status_code == status
    assert Kernel.objects.filter(name="toy-wide").exists() == (status == 403)
    if status == 302:
        assert answer["Location"] == draft_url("toy", [WIDER])


def test_only_variants_can_be_taken_out(client: Client) -> None:
    assert client.post("/kernels/toy/drop/").status_code == 302  # to the login
    client.force_login(User.objects.create_superuser("root"))
    assert client.post("/kernels/toy/drop/").status_code == 404
    assert client.get("/kernels/toy/drop/").status_code == 405
