"""Uploads and what-ifs: which programs start or stop passing, and variants that are checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.catalogue.variants import keep_variant
from kfmap.permission.what_if.edits import ChangeRow, Edit, UseCapabilities
from tests.permission.mechanisms.test_compare import create_masked_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding
from tests.verifier.shared import share
from tests.web.mechanisms.test_mechanism_pages import draft, read
from verifier.engine.object.model import StructOpsUse
from verifier.engine.result import Finding, ObjectVerdict, ProgramVerdict, find_word
from verifier.engine.summary import CallSummary, ObjectSummary, ProgramSummary
from verifier.records import store
from verifier.records.models import BpfObject, Check, Job

pytestmark = pytest.mark.django_db
NARROWER = ChangeRow("toy_allow", "enqueue", ())
WIDER = ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",))


@pytest.fixture(autouse=True)
def ada(client: Client) -> Client:
    """Put the toy into the map, and sign somebody in."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)
    client.force_login(User.objects.create_user("ada"))
    return client


def upload(member: str, kfunc: str, *kinds: str, kernel: str = "toy") -> BpfObject:
    """Keep an object whose program calls one kfunc, with findings of these kinds about it."""
    call = CallSummary(kfunc, False, create_finding().path, 3, None)
    use = StructOpsUse("toy_ops", member, "toy_map")
    program = ProgramSummary(
        f"toy_{member}",
        f"struct_ops/{member}",
        "BPF_PROG_TYPE_STRUCT_OPS",
        None,
        None,
        (use,),
        False,
        False,
        (call,),
    )
    number = BpfObject.objects.count()
    summary = ObjectSummary(10, "GPL", (program,), ())
    obj = share(
        BpfObject.objects.create(sha256=f"{number:064x}", file_name=f"{member}.bpf.o", size=10)
    )
    store.save_summary(obj, summary)
    if kernel:
        findings = tuple(create_finding(kind, kfunc) for kind in kinds)
        save_verdict(obj, load_kernel(kernel).facts_hash, f"toy_{member}", kfunc, findings)
    return obj


def save_verdict(
    obj: BpfObject, facts_hash: str, program: str, kfunc: str, findings: tuple[Finding, ...] = ()
) -> None:
    word = find_word(item.kind for item in findings)
    verdict = ProgramVerdict(program, word, findings, (kfunc,), (kfunc,))
    store.save_verdict(obj, facts_hash, ObjectVerdict("toy", (verdict,)))


def affected(client: Client, *edits: Edit, kernel: str = "toy") -> list[tuple[str, str, str, str]]:
    """Return the programs that a draft names: object, program, before, after."""
    context = client.get(f"/kernels/{kernel}/what-if/?{draft(*edits)}").context
    effect = context["effect"]
    return [(str(i.object), i.program, i.before, i.after) for i in effect.affected]


def test_a_program_stops_passing_where_its_live_call_is_refused(client: Client) -> None:
    upload("enqueue", "toy_insert")
    assert affected(client, NARROWER) == [("enqueue.bpf.o", "toy_enqueue", "passes", "refused")]
    assert affected(client, WIDER) == []


def test_a_program_starts_passing_where_only_that_call_was_refused(client: Client) -> None:
    upload("running", "toy_move", "not_allowed")
    upload("running", "toy_move", "not_allowed", "not_sleepable")
    assert affected(client, WIDER) == [("running.bpf.o", "toy_running", "refused", "passes")]


def test_dead_calls_do_not_count(client: Client) -> None:
    obj = upload("enqueue", "toy_insert", kernel="")
    save_verdict(obj, load_kernel("toy").facts_hash, "toy_enqueue", "toy_now")
    assert affected(client, NARROWER) == []


def test_what_failed_at_run_time_is_refused_at_load_with_bits(client: Client) -> None:
    save_kernel(replace(create_masked_kernel(), name="masked"), None)
    upload("running", "toy_move", "run_time", kernel="masked")
    bits = UseCapabilities("toy_ops", "all")
    assert affected(client, bits, kernel="masked") == [
        ("running.bpf.o", "toy_running", "fails_at_run_time", "refused")
    ]


def test_page_names_the_programs_and_counts_what_was_not_checked(client: Client) -> None:
    upload("enqueue", "toy_insert")
    upload("dispatch", "toy_insert", kernel="")
    page = read(client, f"/kernels/toy/what-if/?{draft(NARROWER)}")
    assert "enqueue.bpf.o" in page
    assert "1 object that calls such kfuncs has" in " ".join(page.split())
    client.logout()
    assert "enqueue.bpf.o" not in read(client, f"/kernels/toy/what-if/?{draft(NARROWER)}")


def test_uploads_are_checked_on_a_variant_when_asked_for(client: Client) -> None:
    obj = upload("enqueue", "toy_insert")
    keep_variant(load_kernel("toy"), [NARROWER], "toy-narrow", None)
    page = read(client, "/kernels/toy-narrow/uploads/")
    assert "0 of 1 object checked" in page
    assert "Check the uploads on toy-narrow" in page
    client.post("/kernels/toy-narrow/uploads/check/")
    assert Job.objects.open().get().object == obj
    working = read(client, "/kernels/toy-narrow/uploads/")
    assert "1 being checked" in working
    assert 'hx-trigger="every 3s"' in working


def test_an_upload_that_waits_to_be_read_is_shown_as_being_checked(client: Client) -> None:
    obj = share(BpfObject.objects.create(sha256="f" * 64, file_name="new.bpf.o", size=10))
    Job.objects.create(object=obj)
    page = read(client, "/kernels/toy/uploads/")
    assert "0 of 1 object checked, 1 being checked" in page
    assert "Check the uploads" not in page


def test_uploads_page_of_a_variant_says_what_fares_otherwise(client: Client) -> None:
    obj = upload("enqueue", "toy_insert")
    kept = keep_variant(load_kernel("toy"), [NARROWER], "toy-narrow", None)
    finding = create_finding("not_allowed", "toy_insert")
    save_verdict(obj, kept.facts_hash, "toy_enqueue", "toy_insert", (finding,))
    page = read(client, "/kernels/toy-narrow/uploads/")
    assert "1 of 1 object checked" in page
    assert "hx-trigger" not in page
    rows = client.get("/kernels/toy-narrow/uploads/").context["rows"]
    (changed,) = rows[0].changed
    words = (changed.program, changed.before.word, changed.after.word)
    assert words == ("toy_enqueue", "passes", "refused")
    response = client.post("/kernels/toy-narrow/uploads/check/", follow=True)
    assert "is checked on toy-narrow already" in response.content.decode()
    assert not Job.objects.exists()


def test_an_object_that_cannot_be_checked_on_a_variant_is_not_asked_for_again(
    client: Client,
) -> None:
    obj = upload("enqueue", "toy_insert")
    kept = keep_variant(load_kernel("toy"), [NARROWER], "toy-narrow", None)
    store.save_unchecked(obj, kept.facts_hash, "Could not be checked: it took too long.")
    assert "1 of 1 object checked" in read(client, "/kernels/toy-narrow/uploads/")
    assert Check.objects.count() == 2


def test_uploads_pages_need_a_sign_in_and_a_kernel(client: Client) -> None:
    assert "No uploads yet" in read(client, "/kernels/toy/uploads/")
    assert client.get("/kernels/none/uploads/").status_code == 404
    assert client.get("/kernels/toy/uploads/check/").status_code == 405
    client.logout()
    for address in ("/kernels/toy/uploads/", "/kernels/toy/uploads/check/"):
        assert client.post(address).status_code == 302
    assert not Job.objects.exists()
