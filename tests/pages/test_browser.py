# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: with and without JavaScript, by keyboard, narrow, dark, and read by axe."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import Interval
from tests.pages.conftest import Clock
from tests.pages.house import ADDRESSES, CHOSEN, IN_ROOMS, LOOP, LOOPS, TALKS, Brand, Desk, booked, link
from tests.patience import PATIENCE

ELEVEN_FIFTEEN = "Tuesday 1 December, 11:15 to 12:30, London time (GMT)"
QUARTER_PAST_ONE = "Wednesday 2 December, 13:15 to 14:30, London time (GMT)"
A_QUARTER_TO_TEN = "Tuesday 1 December, 09:45 to 11:00, London time (GMT)"
ARRANGED = "It is arranged, Candy"


# No longer than this module: while it is open, this thread counts as running an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # A container's root has no sandbox, and its /dev/shm is small.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def open_(*, width: int = 1180, height: int = 900, **settings: object) -> BrowserContext:
        viewport = {"width": width, "height": height}
        made = browser.new_context(**{"viewport": viewport, "timezone_id": "Europe/London", **settings})
        opened.append(made)
        return made

    yield open_
    for each in opened:
        each.close()


def visit(context: BrowserContext, address: str) -> Page:
    """Open the page; anything the browser complains about fails the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script failed: {error}"))
    page.on("console", _no_complaint)
    page.goto(address)
    return page


def _no_complaint(message: object) -> None:
    if getattr(message, "type", "") == "error" and "the server responded with" not in message.text:
        pytest.fail(f"the browser complains: {message.text}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_choose_check_confirm_and_cancel(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock, *, javascript: bool
) -> None:
    page = visit(context(java_script_enabled=javascript), site)
    page.get_by_label(ELEVEN_FIFTEEN).check()
    page.get_by_role("button", name="Check and confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this right, Candy?")
    clock.read()
    page.get_by_role("button", name="Confirm this time").click()
    expect(page.get_by_role("heading", name=ARRANGED)).to_be_visible()
    page.get_by_text("Add to calendar").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Calendar file")).click()
    assert download.value.suggested_filename == "invite.ics"
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label(re.compile("say why")).fill("I am ill")
    clock.read()
    page.get_by_role("button", name="Cancel the interview").click()
    expect(page.get_by_role("heading", name="You have cancelled this interview")).to_be_visible()
    assert desk.done == [("book", CHOSEN.id), ("cancel", "I am ill")]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_change_the_time(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock, *, javascript: bool
) -> None:
    desk.link = booked()
    page = visit(context(java_script_enabled=javascript), site)
    clock.read()
    page.get_by_role("button", name="Change the time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which other time suits you, Candy?")
    page.get_by_label(QUARTER_PAST_ONE).check()
    page.get_by_role("button", name="Check and confirm").click()
    expect(page.get_by_text("Instead of Tuesday 1 December, 11:15–12:30")).to_be_visible()
    clock.read()
    page.get_by_role("button", name="Change to this time").click()
    expect(page.get_by_role("heading", name="Your new time is arranged, Candy")).to_be_visible()
    assert desk.done == [("reschedule", TALKS[6].id)]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_say_when(context: Callable[..., BrowserContext], site: str, desk: Desk, *, javascript: bool) -> None:
    page = visit(context(java_script_enabled=javascript), site)
    page.get_by_role("link", name="Say when you could be there").click()
    page.get_by_label("Day").first.select_option("Wednesday 2 December")
    page.get_by_label("From").first.fill("13:00")
    page.get_by_label("To").first.fill("17:30")
    page.get_by_role("button", name="Look for times").click()
    page.get_by_label(QUARTER_PAST_ONE).check()
    assert desk.asked == [
        [Interval(datetime(2026, 12, 2, 13, tzinfo=UTC), datetime(2026, 12, 2, 17, 30, tzinfo=UTC))]
    ]


def test_the_present_time_can_be_kept(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock
) -> None:
    desk.link = booked()
    page = visit(context(), site)
    clock.read()
    page.get_by_role("button", name="Change the time").click()
    page.get_by_role("link", name="Keep it").click()
    expect(page.get_by_role("heading", name=ARRANGED)).to_be_visible()
    assert desk.done == []


def test_by_keyboard_alone(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock
) -> None:
    page = visit(context(), site)
    page.get_by_label("Times are shown for").focus()
    page.keyboard.press("Tab")  # into the times, which are one stop
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(A_QUARTER_TO_TEN)).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(ELEVEN_FIFTEEN)).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Confirm this time")).to_be_visible()
    page.get_by_role("button", name="Confirm this time").focus()
    clock.read()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=ARRANGED)).to_be_visible()
    assert desk.done == [("book", CHOSEN.id)]


def test_the_chosen_time_is_said_beside_the_button(context: Callable[..., BrowserContext], site: str) -> None:
    page = visit(context(), site)
    page.get_by_label(ELEVEN_FIFTEEN).check()
    expect(page.locator("#picked")).to_have_text("Tuesday 1 December, 11:15 to 12:30")


def test_what_is_pressed_is_the_whole_of_a_time_and_large(
    context: Callable[..., BrowserContext], site: str
) -> None:
    page = visit(context(width=320, height=800), site)
    boxes = [radio.bounding_box() for radio in page.get_by_role("radio").all()]
    assert len(boxes) == len(TALKS)
    assert all(box["height"] >= 48 and box["width"] >= 48 for box in boxes)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_changing_the_zone_keeps_what_was_chosen(
    context: Callable[..., BrowserContext], site: str, *, javascript: bool
) -> None:
    page = visit(context(java_script_enabled=javascript), site)
    page.get_by_label(ELEVEN_FIFTEEN).check()
    page.get_by_label("Times are shown for").select_option(value="Asia/Tokyo")
    page.get_by_role("button", name="Show these times").click()
    expect(page.get_by_label("Tuesday 1 December, 20:15 to 21:30, Tokyo time (JST)")).to_be_checked()


def test_where_the_device_is_is_offered_and_not_assumed(
    context: Callable[..., BrowserContext], site: str
) -> None:
    page = visit(context(timezone_id="America/New_York"), site)
    expect(page.get_by_label(ELEVEN_FIFTEEN)).to_be_visible()
    expect(page.get_by_text("Your device is set to New York.")).to_be_visible()
    page.get_by_role("button", name="Show those times").click()
    expect(page.get_by_label("Tuesday 1 December, 06:15 to 07:30, New York time (EST)")).to_be_visible()
    expect(page.get_by_text("Your device is set to")).to_be_hidden()


def test_asking_for_a_choice_moves_the_focus_to_what_is_wrong(
    context: Callable[..., BrowserContext], site: str
) -> None:
    page = visit(context(), site)
    page.get_by_role("button", name="Check and confirm").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Choose a time first")


def test_a_scanner_that_runs_scripts_and_presses_everything_books_nothing(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock
) -> None:
    page = visit(context(), site)
    for _ in range(3):
        clock.read()
        for form in range(page.locator("form").count()):
            with page.expect_navigation():
                page.locator("form").nth(form).evaluate("form => form.requestSubmit()")
    assert desk.done == []


def every_state(desk: Desk, clock: Clock) -> Iterator[tuple[str, str]]:
    """Set the desk to each state, and yield the page to look at."""
    desk.link = link()
    yield "choose", ""
    yield "chosen", f"?option={CHOSEN.id}"
    yield "nothing chosen", "/check"
    yield "taken", "/check?option=opt_gone"
    yield "check", f"/check?option={CHOSEN.id}"
    yield "times", "/times"
    yield "ask", "/ask"
    yield "sent", "/ask/sent"
    desk.link = link(LOOP, LOOPS)
    yield "loop", "?option=opt_one_day"
    yield "check a loop", "/check?option=opt_two_days"
    desk.link = link(IN_ROOMS, LOOPS, room_addresses=ADDRESSES)
    yield "in rooms", ""
    desk.link = booked(LOOPS[0], plan=IN_ROOMS, room_addresses=ADDRESSES)
    yield "booked in rooms", ""
    desk.link = booked(status="needs_attention")
    yield "booked", ""
    yield "cancel", "/cancel"
    desk.link = booked()
    yield "no other times", "/options"
    desk.find_options(None, "A" * 43)
    yield "other times", f"/options?option={TALKS[6].id}"
    yield "check another time", f"/check?option={TALKS[6].id}"
    desk.reschedule(None, "A" * 43, TALKS[6].id)
    yield "moved", ""
    desk.link = booked(immovable=Conflict("It is too late to change it here.", code="reschedule_cutoff"))
    yield "not to be moved", ""
    desk.cancel(None, "A" * 43)
    yield "cancelled", ""
    for status in ("expired", "searching"):
        desk.link = link(status=status, options=())
        yield status, ""
    desk.link = link(brand=Brand(name="Sunny", accent="#ffd400"))
    yield "a bright accent", f"?option={CHOSEN.id}"
    desk.link = booked()
    clock.at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    yield "on the day", ""
    clock.at = datetime(2026, 12, 2, 8, tzinfo=UTC)
    yield "past", ""
    yield "wrong link", "B"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock, scheme: str
) -> None:
    page = context(color_scheme=scheme, reduced_motion="reduce").new_page()
    found: dict[str, list[str]] = {}
    for name, step in every_state(desk, clock):
        page.goto(site + step)
        violations = Axe().run(page).response["violations"]
        if violations:
            found[name] = [f"{v['id']}: {v['nodes'][0]['html']}" for v in violations]
    assert found == {}


def test_nothing_scrolls_sideways_at_320_pixels(
    context: Callable[..., BrowserContext], site: str, desk: Desk, clock: Clock
) -> None:
    page = context(width=320, height=256).new_page()  # 1280 x 1024 at 400 %
    too_wide: list[str] = []
    for name, step in every_state(desk, clock):
        page.goto(site + step)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(name)
    assert too_wide == []


def test_long_names_and_words_do_not_scroll_either(
    context: Callable[..., BrowserContext], site: str, desk: Desk
) -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitän" * 2
    desk.link = link(
        brand=Brand(name=word),
        contact={"name": word, "email": f"{'a' * 60}@example.net"},
        candidate=desk.link.candidate.__class__(id="c", name=word, email=f"{'b' * 60}@example.net"),
    )
    page = visit(context(width=320, height=600), site)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_focused_time_is_not_hidden_under_the_bar(
    context: Callable[..., BrowserContext], site: str
) -> None:
    page = visit(context(width=390, height=600), f"{site}?option={CHOSEN.id}")
    page.get_by_label(ELEVEN_FIFTEEN).focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
        focused = page.locator(":focus").bounding_box()
        bar = page.locator(".foot").bounding_box()
        assert focused["y"] + focused["height"] <= bar["y"]


def test_with_forced_colours_the_choice_can_still_be_seen(
    context: Callable[..., BrowserContext], site: str
) -> None:
    page = visit(context(forced_colors="active"), f"{site}?option={CHOSEN.id}")
    shades = [
        page.get_by_label(label)
        .locator("xpath=following-sibling::span")
        .evaluate("span => getComputedStyle(span).backgroundColor")
        for label in (ELEVEN_FIFTEEN, A_QUARTER_TO_TEN)
    ]
    assert shades[0] != shades[1]
