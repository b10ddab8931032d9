"""Every page: axe finds nothing wrong in either theme, and nothing sticks out on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.server.process import Up, up
from tests.web.browser.conftest import without_problems
from tests.web.browser.names import DISPATCH, MOVE, OBJECT

AXE = Path(__file__).parents[1] / "vendor" / "axe-core-4.14.1" / "axe.min.js"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules of it that a theme can break
pytestmark = pytest.mark.browser

PAGES = [
    "/",
    f"/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}",
    f"/can-call/?kernel=6.18&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}",
    "/can-call/?kernel=7.3&context=xdq&kfunc=none",
    "/kernels/",
    "/kernels/7.3/",
    "/kernels/7.3-all/",
    "/kernels/7.3/kfuncs/",
    f"/kernels/7.3/kfuncs/{MOVE}/",
    "/kernels/7.3/kfuncs/bpf_copy_from_user/",
    "/kernels/7.3/contexts/xdp/",
    "/kernels/7.3/struct-ops/sched_ext_ops/",
    "/kernels/7.3/struct-ops/sched_ext_ops/dispatch/",
    "/kernels/7.3/sets/scx_kfunc_ids_dispatch/",
    "/kernels/7.3/filters/scx_kfunc_context_filter/",
    "/kernels/7.3/hooks/BTF_KFUNC_HOOK_STRUCT_OPS/",
    f"/kernels/7.3/matrix/?cols=sched_ext_ops&cell={DISPATCH}%20{MOVE}",
    "/kernels/7.3/graphs/",
    "/kernels/7.3/graphs/callbacks/sched_ext_ops/",
    "/kernels/7.3/graphs/classes/sched_ext_ops/",
    "/kernels/7.3/graphs/shared/sched_ext_ops/tcp_congestion_ops/",
    "/kernels/7.3/mechanisms/",
    "/kernels/7.3/findings/",
    "/kernels/7.3/what-if/",
    "/compare/",
    "/compare/6.19/7.1/",
    "/compare/6.1/6.12/?kind=helper",
    "/decode/",
    "/probe/",
    "/docs/",
    "/docs/how-kfmap-knows/",
    "/docs/words/",
    "/docs/architecture/",
    "/docs/command-line/",
    "/docs/settings/",
    "/docs/addresses/",
    "/docs/ci/",
    "/docs/adding-a-rule/",
    "/docs/flow-engine/",
    "/decode/?sample=refused",
    "/decode/?sample=missing",
    "/decode/?sample=exit",
    "/search/",
    "/search/?q=dsq",
    "/search/?q=no-such-name",
    "/kernels/9.9/",
    "/nowhere/",
    "/api/",
    "/accounts/login/",
    "/accounts/setup/no-such-link/",
]
SIGNED_IN = [
    "/accounts/",
    "/accounts/password/",
    "/inbox/",
    "/spaces/",
    "/spaces/new/",
    "/kernels/add/",
    "/kernels/mine/",
    "/rechecks/",
    "/differences/",
    "/kernels/7.3/uploads/",
    "/accounts/second-factor/",
]


def check(page: Page) -> None:
    """Ask axe, in the dark for its colours only, then look for what is wider than a phone."""
    page.evaluate(AXE.read_text() + ";0")  # not a script element: the policy would refuse it
    page.evaluate("scrollTo(0, 0)")  # what stands under the head that sticks is no small target
    assert find_violations(page, STANDARD) == []
    page.emulate_media(color_scheme="dark")
    assert find_violations(page, OF_COLOURS) == [], "dark"
    page.set_viewport_size({"width": 390, "height": 844})
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over == 0


def find_violations(page: Page, rules: list[str]) -> list[tuple[str, list[str], str]]:
    """Return (rule, place, what is wrong), of at most three places a rule."""
    found = page.evaluate(
        "(rules) => axe.run({runOnly: rules, resultTypes: ['violations'], elementRef: false})",
        rules,
    )
    return [
        (item["id"], node["target"], node["failureSummary"])
        for item in found["violations"]
        for node in item["nodes"][:3]
    ]


@pytest.fixture(scope="module")
def uploaded(account: Up) -> str:
    """Return the page of an object that is being checked."""
    account.post("/uploads/", {"objects": (OBJECT.name, OBJECT.read_bytes())})
    _, uploads = account.get("/uploads/")
    return uploads.partition('href="/objects/')[2].partition('"')[0]


@pytest.mark.parametrize("path", PAGES)
def test_page_of_the_map_is_accessible(page: Page, path: str) -> None:
    page.goto(path)
    check(page)


@pytest.mark.parametrize("path", SIGNED_IN)
def test_page_of_an_account_is_accessible(signed_in: Page, path: str) -> None:
    answer = signed_in.goto(path)
    assert answer and answer.status == 200
    check(signed_in)


@pytest.mark.parametrize("part", ["", "settings/", "audit/", "policies/"])
def test_page_of_a_space_is_accessible(signed_in: Page, uploaded: str, part: str) -> None:
    signed_in.goto("/spaces/")
    space = signed_in.locator("table a").first.get_attribute("href")
    answer = signed_in.goto(f"{space}{part}")
    assert answer and answer.status == 200
    check(signed_in)


def test_program_and_its_source_are_accessible(signed_in: Page, uploaded: str) -> None:
    for path in ("programs/0/", "programs/0/source/", "versions/"):
        answer = signed_in.goto(f"/objects/{uploaded}{path}")
        assert answer and answer.status == 200, path
        check(signed_in)


def test_decoded_log_is_accessible(page: Page) -> None:
    page.goto("/decode/")
    page.get_by_label("Log or exit message").fill(
        "calling kernel function scx_bpf_dsq_insert is not allowed\n"
        "kfunc with mask 0x2 called from an operation only allowing 0x1"
    )
    page.get_by_role("button", name="Decode").click()
    expect(page.locator(".answer")).to_have_count(2)
    check(page)


def test_object_with_findings_is_accessible(signed_in: Page, uploaded: str) -> None:
    signed_in.goto(f"/objects/{uploaded}")
    expect(signed_in.get_by_role("heading", name="Findings", exact=True)).to_be_visible(
        timeout=60_000
    )
    signed_in.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    check(signed_in)


def test_opinions_on_an_object_are_accessible(signed_in: Page, uploaded: str) -> None:
    signed_in.goto(f"/objects/{uploaded}opinions/")
    expect(signed_in.get_by_role("heading", level=1)).to_be_visible()
    check(signed_in)


def test_tokens_are_accessible(signed_in: Page) -> None:
    signed_in.goto("/accounts/tokens/")
    signed_in.get_by_label("What it is for").fill("CI of the scheduler")
    signed_in.get_by_role("button", name="Make a token").dblclick()  # makes one
    expect(signed_in.get_by_role("heading", name="Copy the token now")).to_be_visible()
    check(signed_in)
    signed_in.get_by_role("button", name="Revoke CI of the scheduler").click()
    expect(signed_in.get_by_text("is revoked.")).to_be_visible()


def test_graph_of_an_object_is_accessible(signed_in: Page, uploaded: str) -> None:
    signed_in.goto(f"/objects/{uploaded}")
    signed_in.get_by_role("link", name="Show the calls as a graph").click(timeout=60_000)
    expect(signed_in.locator(".graph-view svg")).to_be_visible()
    check(signed_in)


def test_webhook_with_its_secret_is_accessible(signed_in: Page, uploaded: str) -> None:
    signed_in.goto("/spaces/ada/webhooks/")
    signed_in.get_by_label("Address").fill("https://example.org/hook")
    signed_in.get_by_role("button", name="Add it").click()
    expect(signed_in.get_by_role("heading", name="Copy the secret now")).to_be_visible()
    check(signed_in)
    signed_in.get_by_role("button", name="Delete this webhook").click()


@pytest.mark.parametrize("path", ["/", "/uploads/", "/compare/6.19/7.1/"])
def test_page_that_lists_uploads_is_accessible(signed_in: Page, uploaded: str, path: str) -> None:
    signed_in.goto(path)
    check(signed_in)


def test_progress_of_an_upload_is_accessible(signed_in: Page) -> None:
    code = OBJECT.read_bytes()
    copies = [
        FilePayload(name=f"copy{n}.bpf.o", mimeType="application/x-elf", buffer=code + bytes([n]))
        for n in range(20)
    ]
    signed_in.goto("/uploads/")
    signed_in.locator("input[type=file]").set_input_files(copies)
    signed_in.get_by_role("button", name="Check", exact=True).click()
    expect(signed_in.locator("progress").first).to_be_visible()
    signed_in.evaluate(AXE.read_text() + ";0")
    assert find_violations(signed_in, STANDARD) == []


def test_first_visit_is_accessible_and_makes_the_administrator(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        up(tmp_path) as server,
        without_problems(browser.new_context(base_url=server.address)) as page,
    ):
        page.goto(server.wait_for_link())
        page.get_by_label("Username").fill("ada")
        for label in ("Password", "Password confirmation"):
            page.get_by_label(label, exact=True).fill("password")
        page.get_by_role("button", name="Create the administrator").click()
        expect(page.get_by_text("too common")).to_be_visible()
        check(page)
        for label in ("Password", "Password confirmation"):
            page.get_by_label(label, exact=True).fill("correct horse battery staple")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)
