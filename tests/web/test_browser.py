"""What a person does, in Chromium, with `manage.py up` and the bundled kernels behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.server.process import Up, up

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
OBJECT = Path(__file__).parents[1] / "objects" / "scheduler.bpf.o"
DISPATCH = "struct_ops:sched_ext_ops.dispatch"
MOVE = "scx_bpf_dsq_move_to_local"
PAGES = [
    "/",
    f"/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}",
    f"/can-call/?kernel=6.18&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}",
    "/kernels/",
    "/kernels/7.3/",
    "/kernels/7.3/kfuncs/",
    f"/kernels/7.3/kfuncs/{MOVE}/",
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
    "/kernels/7.3/mechanisms/",
    "/kernels/7.3/findings/",
    "/kernels/7.3/what-if/",
    "/compare/",
    "/compare/6.19/7.1/",
    "/decode/",
    "/search/?q=dsq",
    "/kernels/9.9/",
    "/accounts/login/",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run kfmap with everything that comes with it."""
    with up(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def browser(server: Up) -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window in which nothing may go wrong unseen: neither a script nor the policy."""
    context = browser.new_context(
        base_url=server.address, viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    window = context.new_page()
    problems: list[str] = []
    window.on("pageerror", lambda error: problems.append(str(error)))
    window.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and "status of 404" not in message.text
            else None
        ),
    )
    window.set_default_timeout(15_000)
    yield window
    context.close()
    assert problems == []


@pytest.fixture
def plain(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window without JavaScript."""
    context = browser.new_context(base_url=server.address, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_question_is_asked_and_followed_to_the_rule_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Program, attach point or callback").focus()
    page.keyboard.type("sched_ext_ops.runni")
    expect(page.locator("#q-context-list li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("dsq_move_to_local")
    expect(page.get_by_role("option", name=MOVE, exact=True)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    answer = page.locator("#answer .answer-refused")
    expect(answer).to_contain_text("scx_kfunc_context_filter refuses")
    answer.get_by_role("link", name=re.compile(r"ext\.c:\d+")).last.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/filters/scx_kfunc_context_filter/#L\d+$"))
    expect(page.locator(".rule:target")).to_be_visible()


def test_answer_has_a_link_for_a_colleague(page: Page, server: Up) -> None:
    page.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    page.get_by_role("link", name="Link to this answer").click()
    expect(page.locator(".answer-allowed")).to_be_visible()
    assert "kernel=7.3" in page.url


def test_other_kernel_changes_the_answer_in_place(page: Page) -> None:
    page.goto(f"/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}")
    page.get_by_label("Kernel").select_option("6.18")
    expect(page.locator(".answer-fails")).to_contain_text("fails at run time")
    page.wait_for_url(re.compile("kernel=6.18"))


def test_matrix_is_filtered_moved_in_opened_and_shared(page: Page, browser: Browser) -> None:
    page.goto("/kernels/7.3/matrix/")
    page.get_by_label("Kfuncs or sets").fill("dsq_move_to_local")
    page.get_by_label("Contexts", exact=True).fill("sched_ext_ops.")
    expect(page.locator(".matrix-tools output")).to_have_text(re.compile(r"2 × \d+ shown"))
    page.get_by_label("Contexts", exact=True).press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Cell")
    expect(panel).to_contain_text("sched_ext_ops.dispatch")
    expect(panel).to_contain_text("The same cell on every kernel")
    shared = page.context.new_page()
    shared.goto(page.url)
    expect(shared.get_by_role("complementary", name="Cell")).to_contain_text("dispatch")
    expect(shared.get_by_label("Kfuncs or sets")).to_have_value("dsq_move_to_local")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_matrix_shows_every_cell_the_server_decided(page: Page) -> None:
    page.goto("/kernels/6.18/matrix/?rows=scx_bpf_dsq_insert&cols=sched_ext_ops")
    page.locator("#matrix[data-ready]").wait_for()
    row = page.get_by_role("row").filter(
        has=page.locator("th", has_text=re.compile("^scx_bpf_dsq_insert$"))
    )
    signs = row.locator("td.cell").all_text_contents()
    heads = [text.strip() for text in page.locator(".grid .turned").all_text_contents()]
    cells = dict(zip(heads, signs, strict=True))
    assert cells["enqueue"] == "✓"
    assert cells["running"] == "!"


def test_matrix_merges_equal_columns_and_orders_by_similarity(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?rows=scx_kfunc_ids&cols=sched_ext_ops")
    output = page.locator(".matrix-tools output")
    before = output.text_content()
    page.get_by_label("Merge equal columns and rows").check()
    expect(output).not_to_have_text(before or "")
    expect(page.locator(".grid .turned").filter(has_text="+").first).to_be_visible()
    page.get_by_label("Order").select_option("similar")
    assert "sort=similar" in page.url
    expect(page.locator(".grid tbody th").first).not_to_have_text("")


def test_matrix_scrolls_through_every_row_with_few_cells(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/")
    page.locator(".grid td.current").focus()
    page.keyboard.press("Control+End")
    expect(page.locator(".grid td.current")).to_be_focused()
    last = int(page.locator(".grid tr").last.get_attribute("aria-rowindex") or 0)
    assert last == int(page.locator(".grid").get_attribute("aria-rowcount") or 0)
    assert page.locator(".grid td").count() < 2500


def test_two_kernels_are_compared(page: Page) -> None:
    page.goto("/compare/")
    page.get_by_label("From").select_option("6.19")
    page.get_by_label("To").select_option("7.1")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare/6.19/7.1/")
    heading = page.get_by_role("heading", name=re.compile(r"^\d+ cells: allowed → refused")).first
    assert int(re.findall(r"\d+", heading.text_content() or "")[0]) > 1000


def test_kfunc_is_isolated_in_the_graph_by_keyboard(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.get_by_label("Find").fill(MOVE)
    page.get_by_label("Find").press("Enter")
    expect(page.locator(".kf-chosen")).to_contain_text(MOVE)
    expect(page.get_by_role("status")).to_contain_text("is reached by")
    faded = page.locator(".kf-node.kf-far").count()
    assert 0 < faded < page.locator(".kf-node").count()
    page.get_by_label("what it reaches", exact=True).check()
    expect(page.get_by_role("status")).to_contain_text("reaches 0")
    page.keyboard.press("Escape")
    expect(page.locator(".kf-far")).to_have_count(0)


def test_way_between_two_nodes_is_shown(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.locator(".kf-callback").filter(has_text="dispatch").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Way to").select_option(label="scx_kfunc_ids_dispatch")
    expect(page.get_by_role("status")).to_contain_text("→ scx_kfunc_ids_dispatch")


def test_graph_is_saved_as_a_picture(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/classes/sched_ext_ops/")
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_search_is_a_key_away(page: Page) -> None:
    page.goto("/kernels/7.3/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.keyboard.type("dsq insert")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="scx_bpf_dsq_insert", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("scx_bpf_dsq_insert")


def test_theme_is_remembered(page: Page) -> None:
    page.goto("/")
    button = page.locator(".theme-switch")
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    button.click()
    page.goto("/kernels/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_times_are_in_the_zone_of_the_reader(page: Page) -> None:
    page.goto("/kernels/")
    time = page.locator("time").first
    assert (time.get_attribute("title") or "").endswith("UTC")
    assert "UTC" not in (time.text_content() or "")


def test_list_of_kfuncs_is_narrowed(page: Page) -> None:
    page.goto("/kernels/7.3/kfuncs/")
    page.get_by_label("Narrow by name, set or flag").fill("dsq insert")
    expect(page.locator("#kfunc-rows tr:visible")).to_have_count(4)


def test_object_is_dropped_and_watched_until_it_is_checked(page: Page, server: Up) -> None:
    page.goto(server.wait_for_link().removeprefix(server.address))
    page.get_by_label("Username").fill("ada")
    for label in ("Password:", "Password confirmation:"):
        page.get_by_label(label, exact=True).fill("correct horse battery staple")
    page.get_by_role("button", name="Create the administrator").click()
    page.goto("/uploads/")
    page.locator("input[type=file]").set_input_files(OBJECT)
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_url("**/objects/*/")
    expect(page.locator("table.verdicts")).to_be_visible(timeout=60_000)
    expect(page.locator(".verdicts .verdict-passes").first).to_be_visible(timeout=60_000)
    assert page.get_by_role("heading", name="Findings").is_visible()


def test_question_is_answered_without_javascript(plain: Page) -> None:
    plain.goto("/")
    plain.get_by_label("Program, attach point or callback").fill(DISPATCH)
    plain.get_by_label("Kfunc").fill(MOVE)
    plain.get_by_role("button", name="Can I call it?").click()
    expect(plain.locator(".answer-allowed")).to_contain_text(MOVE)


def test_matrix_can_be_read_without_javascript(plain: Page) -> None:
    plain.goto("/kernels/7.3/matrix/")
    plain.locator("#n-group").select_option("sched_ext_ops")
    plain.locator("#n-rows").fill("dsq_move")
    plain.get_by_role("button", name="Show").click()
    row = plain.get_by_role("row").filter(has_text=MOVE).first
    row.locator(".cell-allowed").first.click()
    expect(plain.locator(".answer-allowed")).to_contain_text("dispatch")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_accessibility_violation_and_fits_a_phone(
    page: Page, path: str, theme: str
) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text() + ";0")  # not a script element: the policy would refuse it
    found = page.evaluate(
        "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    )
    said = [
        (item["id"], node["target"], node["failureSummary"])
        for item in found["violations"]
        for node in item["nodes"][:3]
    ]
    assert said == []
    page.set_viewport_size({"width": 390, "height": 844})
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over == 0
