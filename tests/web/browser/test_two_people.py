"""Two people in two browsers bring an object to a sign-off, until a kernel breaks it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.docs.handbook_files import examples
from tests.server.process import PASSWORD, Up, manage
from tests.verifier.webhooks.receiver import Receiver, listening
from tests.web.browser.conftest import without_problems
from tests.web.browser.names import OBJECT

pytestmark = pytest.mark.browser
SLOW = 60_000  # milliseconds
FIRST = OBJECT.with_name("externs.bpf.o")  # much is refused
# A kernel like the newest one that registers no kfuncs, which came some time ago.
NEW_KERNEL = """
from dataclasses import replace
from datetime import timedelta
from django.utils import timezone
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_row, save_kernel
row = [k for k in Kernel.objects.listed() if k.name == "7.3"][0]
facts = replace(load_row(row).facts, name="9.9", version="9.9.0", registrations=())
save_kernel(facts, None)
Kernel.objects.filter(name="9.9").update(updated_at=timezone.now() - timedelta(minutes=1))
"""
GONE = 'from kfmap.catalogue.models import Kernel; Kernel.objects.filter(name="9.9").delete()'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture
def other(server: Up, browser: Browser) -> Iterator[Page]:
    """Open the window of a second person, who has no account yet."""
    context = browser.new_context(base_url=server.address, locale="en-GB")
    with without_problems(context) as window:
        yield window


@pytest.fixture
def new_kernel(server: Up) -> Iterator[None]:
    """Take the kernel away again that the test adds."""
    yield
    assert manage(server.folder, "shell", "-c", GONE).returncode == 0


def test_two_people_review_an_object_until_a_kernel_breaks_it(
    signed_in: Page,
    other: Page,
    server: Up,
    receiver: Receiver,
    new_kernel: None,
    tmp_path: Path,
) -> None:
    ada, bob = signed_in, other
    invitation = make_space(ada)
    secret = add_webhook(ada, receiver)
    join(bob, invitation)

    upload(ada, tmp_path, FIRST)
    ask_bob(ada)
    read_inbox(bob, "ada asks bob to review fleet.bpf.o")
    comment(bob, "Is this one needed?")
    decide(bob, "Request changes", "Take the kfuncs of devices out.")
    read_inbox(ada, "bob requested changes: fleet.bpf.o")
    expect(ada.locator(".cause .review").first).to_contain_text("Is this one needed?")

    upload(ada, tmp_path, OBJECT)
    ada.get_by_role("link", name="Versions").click()
    ada.get_by_role("link", name="from it to this one").first.click()
    expect(ada.get_by_role("heading", name="New findings")).to_be_visible()
    expect(ada.get_by_role("heading", name="Findings that are gone")).to_be_visible()

    bob.goto("/spaces/fleet/")
    bob.get_by_role("link", name="fleet.bpf.o").first.click()
    decide(bob, "Sign off")
    expect(bob.get_by_text("refused without a waiver")).to_be_visible()
    waive(bob)
    decide(bob, "Sign off")
    expect(bob.locator("#reviews > p strong").first).to_have_text("Approved")
    read_inbox(ada, "bob signed off: fleet.bpf.o")
    pdf = ada.request.get(f"{ada.url.partition('#')[0]}?format=pdf")
    assert pdf.body().startswith(b"%PDF-")

    assert manage(server.folder, "shell", "-c", NEW_KERNEL).returncode == 0
    wait_for_notice(ada, "Kernel 9.9 came into the map. Of your objects")
    ada.goto("/spaces/fleet/")
    ada.get_by_role("link", name="fleet.bpf.o").first.click()
    expect(ada.locator("#reviews > p strong").first).to_have_text("Needs review")
    expect(ada.get_by_text("The approval no longer holds")).to_be_visible()
    check_what_was_sent(receiver, secret)


def make_space(ada: Page) -> str:
    """Make a space; return the address that invites a reviewer."""
    ada.goto("/spaces/new/")
    ada.locator("#id_name").fill("Fleet")
    ada.locator("#id_slug").fill("fleet")
    ada.locator("main form button").first.click()
    ada.get_by_label("Invite a").select_option("reviewer")
    ada.get_by_role("button", name="Make a link").click()
    expect(ada.locator("main")).to_contain_text("/invitations/")
    found = re.search(r"http\S+/invitations/[\w-]+/", ada.locator("main").inner_text())
    assert found
    return found[0]


def add_webhook(ada: Page, receiver: Receiver) -> str:
    """Have the receiver told everything; return the secret."""
    ada.goto("/spaces/fleet/")
    ada.get_by_role("link", name="Webhooks").click()
    ada.get_by_label("Address").fill(receiver.address)
    ada.get_by_role("button", name="Add it").click()
    return ada.get_by_label("The secret", exact=True).inner_text()


def join(bob: Page, invitation: str) -> None:
    """Follow the invitation, and make an account on the way."""
    bob.goto(invitation)
    bob.locator("#id_username").fill("bob")
    bob.locator("#id_password1").fill(PASSWORD)
    bob.locator("#id_password2").fill(PASSWORD)
    bob.locator("main form button").first.click()
    expect(bob.get_by_role("heading", level=1)).to_have_text("Fleet")


def upload(ada: Page, folder: Path, origin: Path) -> None:
    """Upload a version under the one name, and wait for its verdicts."""
    path = folder / "fleet.bpf.o"
    path.write_bytes(origin.read_bytes() + b"two people")
    ada.goto("/uploads/?space=fleet")
    ada.locator("input[type=file]").set_input_files(path)
    ada.get_by_role("button", name="Check", exact=True).click()
    expect(ada.locator(".verdicts .verdict-refused").first).to_be_visible(timeout=SLOW)
    expect(ada.get_by_role("heading", name="Findings", exact=True)).to_be_visible(timeout=SLOW)


def ask_bob(ada: Page) -> None:
    """Ask for a review."""
    ada.get_by_label("Ask for a review").select_option(label="bob")
    ada.get_by_role("button", name="Ask", exact=True).click()
    expect(ada.locator("#reviews")).to_contain_text("review asked of bob")


def read_inbox(person: Page, text: str) -> None:
    """Find the notice, and follow it to the object."""
    person.goto("/inbox/")
    person.get_by_role("link", name=text).first.click()
    expect(person.get_by_role("heading", level=1)).to_have_text("fleet.bpf.o")


def wait_for_notice(person: Page, text: str) -> None:
    """Look into the inbox until it is there."""
    person.goto("/inbox/")
    until = time.monotonic() + SLOW / 1000
    while text not in (shown := person.locator("main").inner_text()):
        assert time.monotonic() < until, shown
        person.wait_for_timeout(500)
        person.goto("/inbox/")


def comment(bob: Page, text: str) -> None:
    """Comment on the first finding."""
    card = bob.locator(".cause").first
    card.get_by_text("Comment on this finding").click()
    card.get_by_label("Your comment").fill(text)
    card.get_by_role("button", name="Comment").click()
    expect(bob.locator(".cause .review").first).to_contain_text(text)


def decide(bob: Page, decision: str, text: str = "") -> None:
    """Send it on the page that is open."""
    bob.get_by_label(decision, exact=True).check()
    bob.get_by_label("Comment", exact=True).fill(text)
    bob.get_by_role("button", name="Send", exact=True).click()


def waive(bob: Page) -> None:
    """Waive all that is refused."""
    waived = bob.locator("#reviews").get_by_role("button", name="Withdraw it")
    for count in range(1, 20):
        offer = bob.locator("#reviews details", has_text="Waive it").first
        if not offer.count():
            return
        offer.locator("summary").click()
        offer.get_by_label("Why it is accepted").fill("Our loader leaves it out.")
        offer.get_by_label("Until").fill("2027-06-01")
        offer.get_by_role("button", name="Waive").click()
        expect(waived).to_have_count(count)


def check_what_was_sent(receiver: Receiver, secret: str) -> None:
    """See that the receiver was told all of it, by kfmap."""
    names: dict[str, object] = {}
    (code,) = (item.text for item in examples("webhooks") if item.info == "python")
    exec(code, names)
    is_from_kfmap = names["is_from_kfmap"]
    assert callable(is_from_kfmap)
    for headers, body in zip(receiver.sent, receiver.bodies, strict=True):
        assert is_from_kfmap(headers["Kfmap-Signature"], body, secret)
    assert {item["event"] for item in receiver.documents} >= {
        "verdicts.ready",
        "findings.new",
        "review.asked",
        "review.remark",
        "review.changes_asked",
        "waiver.added",
        "review.signed_off",
        "recheck.broke",
    }
    (broke,) = (item for item in receiver.documents if item["event"] == "recheck.broke")
    assert "Kernel 9.9 came into the map. Of the objects of Fleet" in broke["text"]
