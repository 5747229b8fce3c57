"""The page in a real browser: what it shows, that it is live, and that a keyboard and a phone can use it."""

from urllib.parse import urlencode

import pytest

from bridge.keys import create_page_key
from tests.acceptance.browser import AXE, COLOURS, Browser, contrast, faults, picture
from tests.acceptance.web import Web
from tests.rig.rig import OPENED, REFUSED, Rig
from tests.rig.world import OFFICER


def test_page_is_live_and_leads_to_a_directive(rig: Rig, browser: Browser) -> None:
    web = Web(rig)
    rig.start()
    page = browser.open(web.url)
    page.locator("#live[data-live=yes]").wait_for()
    assert "All is well" in page.locator("h1").inner_text()
    directive_id = rig.issue("OPEN_LONG", price=1.0951, stop_loss=1.09)
    rig.emitted(directive_id, *OPENED)
    # It appears without a reload.
    position = page.locator("table", has=page.get_by_text("Open positions")).get_by_role("link")
    position.wait_for()
    assert position.inner_text() == directive_id
    for title in ("Money", "Last events", "Last directives", "Fills against", "Time of each step"):
        assert page.locator("caption", has_text=title).count() == 1, title
    page.set_viewport_size({"width": 1280, "height": 1100})
    picture(page, "page-light")
    page.emulate_media(color_scheme="dark")
    picture(page, "page-dark")
    page.emulate_media(color_scheme="light")
    position.click()
    page.locator("caption", has_text=f"Directive {directive_id}").wait_for()
    steps = page.locator("table", has=page.get_by_text(f"Directive {directive_id}")).inner_text()
    for word in ("planned", "dispatch", "ORDER_FILLED", "result"):
        assert word in steps
    picture(page, "directive")
    assert browser.problems == []


def test_action_required_appears_with_the_words_of_status_and_ends(rig: Rig, browser: Browser) -> None:
    web = Web(rig)
    rig.start()
    page = browser.open(web.url)
    page.locator("h1.well").wait_for()
    rig.terminal.kill()
    page.locator(".actions .code", has_text="NO_TERMINAL").wait_for()
    process = rig.bridge("status", "--config", str(rig.config_path))
    assert process.exited() == 13
    status = " ".join("\n".join(process.log).split())
    for part in (page.locator(".actions .what").inner_text(), page.locator(".actions .remedy").inner_text()):
        assert part.removesuffix(" NO_TERMINAL") in status
    picture(page, "page-action-required")
    rig.restart_terminal()
    rig.ready()
    page.locator("h1.well").wait_for()
    assert browser.problems == []


def test_page_whose_sidecar_is_gone_says_that_it_is_old(rig: Rig, browser: Browser) -> None:
    web = Web(rig)
    rig.start()
    page = browser.open(web.url)
    page.locator("#live[data-live=yes]").wait_for()
    rig.sidecar.kill()
    page.locator("#live[data-live=lost]").wait_for()
    assert "old" in page.locator("#live").inner_text()
    rig.start_sidecar()
    page.locator("#live[data-live=yes]").wait_for()


def test_search_finds_a_directive_by_id_symbol_and_ticket(rig: Rig, browser: Browser) -> None:
    web = Web(rig)
    rig.start()
    directive_id = rig.open()
    (position,) = rig.broker.positions()
    page = browser.open(web.url)
    for text in (directive_id, directive_id[:-1], "eurusd", str(position.identifier)):
        page.get_by_label("Directive, ticket or symbol").fill(text)
        page.keyboard.press("Enter")
        page.locator("h1", has_text="found").wait_for()
        assert page.get_by_role("link", name=directive_id).count() == 1, text
    page.get_by_label("Directive, ticket or symbol").fill("<script>alert(1)</script>")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="No directive found: <script>").wait_for()
    assert browser.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_everything_without_scrolling_sideways(rig: Rig, browser: Browser, scheme: str) -> None:
    web = Web(rig)
    rig.start()
    rig.open(price=1.0951)
    page = browser.open(web.url, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.locator("#live[data-live=yes]").wait_for()
    page.locator("caption", has_text="Open positions").wait_for()
    width = page.evaluate("document.documentElement.scrollWidth")
    picture(page, f"phone-{scheme}")
    assert width <= 360
    for text, ink, behind in page.evaluate(COLOURS, "h1, caption, .live, td"):
        assert contrast(ink, behind) >= 4.5, text
    assert browser.problems == []


def test_keyboard_reaches_content_and_search_first(rig: Rig, browser: Browser) -> None:
    web = Web(rig)
    rig.start()
    page = browser.open(web.url)
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
    assert reached == ["Skip to the content", "execution-officer", "q", "Search"]
    # The focus stays where it is while the parts change.
    page.locator("#live[data-live=yes]").wait_for()
    region = page.get_by_role("region", name="Officers")
    region.focus()
    rig.open()
    page.locator("caption", has_text="Open positions").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Officers"


def test_halt_is_given_on_the_page_without_a_script(rig: Rig, browser: Browser) -> None:
    page_key = rig.config_path.with_name("web.key")
    create_page_key(page_key)
    web = Web(rig, key_file=str(page_key))
    rig.start()
    page = browser.open(web.url, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.get_by_role("link", name="Halt opens").click()
    page.get_by_label("Reason").fill("news")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Page key").fill(page_key.read_text().strip())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Halt opens: is this meant?").wait_for()
    picture(page, "question")
    page.get_by_role("button", name="Yes, do it").click()
    page.get_by_text(f"{OFFICER}: in all symbols, since").wait_for()
    [_, refused] = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert "news" in refused.body["error_message"]
    assert browser.problems == []


@pytest.mark.skipif(not AXE, reason="AXE names no script of axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_any_page(rig: Rig, browser: Browser, scheme: str) -> None:
    page_key = rig.config_path.with_name("web.key")
    create_page_key(page_key)
    web = Web(rig, key_file=str(page_key))
    rig.start()
    directive_id = rig.open(price=1.0951)
    directive = f"/directive?{urlencode({'officer': OFFICER, 'id': directive_id})}"
    page = browser.open(web.url, color_scheme=scheme)
    page.locator("caption", has_text="Open positions").wait_for()
    for path in ("/", directive, "/search?q=EURUSD", "/command/resolve", "/command/flatten"):
        page.goto(f"{web.url}{path}")
        assert faults(page) == [], path


def test_officer_is_named_on_the_page(rig: Rig) -> None:
    """A program without a browser gets the whole state, too."""
    web = Web(rig)
    rig.start()
    status, text = web.get("/")
    assert (status, OFFICER in text, "<script src=" in text) == (200, True, True)
