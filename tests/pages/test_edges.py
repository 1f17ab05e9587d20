# SPDX-License-Identifier: Apache-2.0
"""What surrounds the pages: headers, purity, other sites, JSON, files."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from scheduler.domain.errors import Gone, Unavailable
from tests.pages.conftest import Clock
from tests.pages.house import CHOSEN, TALKS, TOKEN, Desk, application, booked, link
from tests.pages.reading import read

HERE = f"/c/{TOKEN}"
PAGES = (
    "",
    "/check",
    f"/check?option={CHOSEN.id}",
    "/book",
    "/cancel",
    "/ask",
    "/ask/sent",
    "/invite.ics",
    "/nothing",
)
JSON = {"Accept": "application/json"}

HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
}


@pytest.mark.parametrize("state", [link(), booked()], ids=["offered", "booked"])
@pytest.mark.parametrize("step", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT"])
def test_every_answer_under_a_link_is_guarded(
    client: FlaskClient, desk: Desk, state: object, step: str, method: str
) -> None:
    desk.link = state
    answer = client.open(HERE + step, method=method)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


def test_over_https_browsers_are_told_to_stay_there(client: FlaskClient) -> None:
    answer = client.get(HERE, base_url="https://interviews.example")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("state", [link(), booked()], ids=["offered", "booked"])
@pytest.mark.parametrize("step", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(
    client: FlaskClient, desk: Desk, state: object, step: str, method: str
) -> None:
    desk.link = state
    client.open(HERE + step, method=method)
    client.open(HERE + step, method=method, headers=JSON)
    assert desk.done == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}],
)
@pytest.mark.parametrize("step", ["book", "cancel", "ask"])
def test_a_form_on_another_site_does_nothing(
    client: FlaskClient, desk: Desk, clock: Clock, headers: dict[str, str], step: str
) -> None:
    form = read(client.get(f"{HERE}/check?option={CHOSEN.id}")).forms[0]
    clock.read()
    answer = client.post(f"{HERE}/{step}", data=dict(form.fields), headers=headers)
    assert (answer.status_code, desk.done) == (403, [])
    assert read(answer).headings == ["That did not come from our page"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.example"},
        {"Origin": "http://localhost"},
        {"Origin": "http://127.0.0.1:8000"},
        {},
    ],
)
def test_the_pages_own_form_is_taken(
    client: FlaskClient, desk: Desk, clock: Clock, headers: dict[str, str]
) -> None:
    form = read(client.get(f"{HERE}/check?option={CHOSEN.id}")).forms[0]
    clock.read()
    assert client.post(form.action, data=dict(form.fields), headers=headers).status_code == 303
    assert desk.done == [("book", CHOSEN.id)]


@pytest.mark.parametrize("type_", ["text/plain", "multipart/form-data; boundary=x", ""])
def test_other_kinds_of_body_are_refused(client: FlaskClient, desk: Desk, type_: str) -> None:
    answer = client.post(f"{HERE}/book", data=f"option={CHOSEN.id}", content_type=type_)
    assert (answer.status_code, desk.done) == (415, [])
    assert read(answer).headings == ["We could not read what was sent"]


def test_a_huge_body_is_refused_in_words_for_people_and_for_programs(client: FlaskClient, desk: Desk) -> None:
    answer = client.post(f"{HERE}/ask", data={"message": "x" * 70_000})
    assert (answer.status_code, answer.mimetype, desk.done) == (413, "text/html", [])
    assert read(answer).headings == ["That was more than we can take"]
    assert "2,000 characters" in answer.text
    told = client.post(f"{HERE}/ask", json={"message": "x" * 70_000})
    assert (told.status_code, told.json["detail"]) == (413, "The request is larger than 64 KiB.")


def test_what_the_page_cannot_do_is_no_fault_of_ours(client: FlaskClient) -> None:
    answer = client.put(HERE)
    assert answer.status_code == 405
    assert read(answer).headings == ["We did not understand what was sent"]


@pytest.mark.parametrize("state", [link(), booked()], ids=["offered", "booked"])
def test_times_that_cannot_be_read_are_asked_for_again(
    client: FlaskClient, desk: Desk, state: object
) -> None:
    desk.link = state
    answer = client.post(f"{HERE}/options", data={"availability": "tomorrow/soon"})
    assert (answer.status_code, answer.mimetype, desk.asked) == (422, "text/html", [])
    assert "We could not read when you would be there." in answer.text


def test_words_that_cannot_be_kept_come_back_for_another_try(client: FlaskClient, desk: Desk) -> None:
    answer = client.post(f"{HERE}/ask", data={"message": "Is it \x00 far?"})
    assert (answer.status_code, desk.done) == (422, [])
    assert "Your message contains characters that cannot be kept." in answer.text


# JSON


def test_programs_see_the_same_as_people(client: FlaskClient) -> None:
    assert client.get(HERE, headers=JSON).json == {
        "status": "offered",
        "candidate": {"name": "Candy Ortega", "time_zone": "Europe/London"},
        "plan": {"name": "Technical interview for Backend Engineer"},
        "options": [option.to_json() | {"status": "offered"} for option in TALKS],
        "booking": None,
    }


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("application/json; charset=utf-8", "application/json"),
        ("application/json;version=1, text/html;q=0.9", "application/json"),
        ("text/html;level=1;q=0.5, application/json", "application/json"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("application/json; charset=utf-8; q=0.3, text/html; q=0.4", "text/html"),
        ("*/*", "text/html"),
        ("image/png", "text/html"),
        ("", "text/html"),
    ],
)
def test_who_would_rather_have_json_gets_it(client: FlaskClient, accept: str, type_: str) -> None:
    assert client.get(HERE, headers={"Accept": accept}).mimetype == type_


def test_programs_book_without_a_nonce_and_twice_is_once(client: FlaskClient, desk: Desk) -> None:
    first = client.post(f"{HERE}/book", json={"option": CHOSEN.id})
    again = client.post(f"{HERE}/book", data={"option": CHOSEN.id}, headers=JSON)
    assert [answer.status_code for answer in (first, again)] == [201, 201]
    assert first.json == again.json
    assert (first.json["id"], first.json["option_id"]) == ("bkg_1", CHOSEN.id)
    assert desk.done == [("book", CHOSEN.id)]
    assert client.get(HERE, headers=JSON).json["booking"] == first.json


def test_a_booking_seen_through_a_link_says_nothing_of_the_teams_own(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    answer = client.get(HERE, headers=JSON)
    booking = answer.json["booking"]
    assert booking["attention"] is None
    assert [session["calendar_events"] for session in booking["sessions"]] == [[], []]
    assert "ada@northwind.example" not in answer.text
    assert (booking["version"], booking["candidate"]["metadata"]) == (1, {})
    assert booking["history"] == [
        {"at": "2026-11-30T09:41:00Z", "actor": "candidate", "event": "booking.confirmed", "version": 1}
    ]


def test_programs_cancel_and_ask(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    asked = client.post(f"{HERE}/ask", json={"message": "Is there parking?"})
    cancelled = client.post(f"{HERE}/cancel", json={"reason": "ill"})
    assert (asked.status_code, asked.data) == (204, b"")
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert desk.done == [("ask", "Is there parking?"), ("cancel", "ill")]


def test_a_time_that_has_gone_is_a_problem_with_what_is_left(client: FlaskClient, desk: Desk) -> None:
    desk.take(CHOSEN)
    answer = client.post(f"{HERE}/book", json={"option": CHOSEN.id})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert {name: answer.json[name] for name in ("code", "status", "type")} == {
        "code": "slot_taken",
        "status": 409,
        "type": "/problems/slot_taken",
    }
    assert answer.json["options"] == list(desk.link.option_views)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/option"),
        ({"option": 7}, "/option"),
        ({"option": ""}, "/option"),
        ({"option": "x", "colour": "red"}, "/colour"),
        ([], ""),
    ],
)
def test_bad_content_is_pointed_at(client: FlaskClient, desk: Desk, body: object, pointer: str) -> None:
    answer = client.post(f"{HERE}/book", json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert desk.done == []


def test_broken_json_is_bad_content(client: FlaskClient) -> None:
    for body in (b"{", b"null", b"\xff"):
        answer = client.post(f"{HERE}/book", data=body, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (booked(TALKS[0]), 409, "already_booked"),
        (link(status="expired", options=()), 410, "expired"),
    ],
)
def test_refusals_have_stable_codes(
    client: FlaskClient, desk: Desk, state: object, status: int, code: str
) -> None:
    desk.link = state
    answer = client.post(f"{HERE}/book", json={"option": CHOSEN.id})
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_refused_links_are_problems_for_programs(client: FlaskClient, desk: Desk) -> None:
    assert client.get(f"/c/{'B' * 43}", headers=JSON).json["code"] == "not_found"
    desk.refusal = Gone(code="revoked")
    assert client.get(HERE, headers=JSON).json["code"] == "revoked"
    desk.refusal = Unavailable(retry_after=3)
    assert client.get(HERE, headers=JSON).headers["Retry-After"] == "3"


def test_a_program_on_another_site_is_refused_too(client: FlaskClient, desk: Desk) -> None:
    answer = client.post(
        f"{HERE}/book", json={"option": CHOSEN.id}, headers={"Origin": "https://elsewhere.example"}
    )
    assert (answer.status_code, answer.json["code"], desk.done) == (403, "forbidden", [])


# Files


def test_the_booked_interview_comes_as_a_calendar_file(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    answer = client.get(f"{HERE}/invite.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="invite.ics"'
    assert answer.data.startswith(b"BEGIN:VCALENDAR\r\n")


def test_without_a_booking_there_is_no_file(client: FlaskClient) -> None:
    assert client.get(f"{HERE}/invite.ics").status_code == 404


def test_style_and_script_may_be_kept_for_ever_and_the_page_is_light(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(options=[option for number in range(3) for option in TALKS])
    answer = client.get(HERE)
    page = read(answer)
    files = [given["href"] for given in page.named("link") if given["rel"] == "stylesheet"]
    files += [given["src"] for given in page.named("script")]
    weight = len(answer.data)
    for file in files:
        served = client.get(file)
        assert served.status_code == 200
        assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        weight += len(served.data)
    assert len(files) == 2
    assert weight < 60_000


def test_an_unknown_file_is_not_there(client: FlaskClient) -> None:
    assert [client.get(f"/assets/{name}").status_code for name in ("page.css", "accent-red.css", "..")] == [
        404
    ] * 3


def test_the_organisations_colour_comes_in_a_sheet_of_its_own(client: FlaskClient, desk: Desk) -> None:
    from scheduler.messages.content import Brand

    desk.link = link(brand=Brand(name="Sunny", accent="#FFD400"))
    sheets = [given["href"] for given in read(client.get(HERE)).named("link")][1:2]
    assert sheets == ["/assets/accent-ffd400.css"]
    sheet = client.get(sheets[0])
    assert sheet.mimetype == "text/css"
    assert "--on-accent:#ffffff" in sheet.text


def test_a_logo_is_fetched_from_its_own_https_host_alone(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(logo_url="https://cdn.northwind.example/logo.svg")
    answer = client.get(HERE)
    assert [given["src"] for given in read(answer).named("img")] == ["https://cdn.northwind.example/logo.svg"]
    assert "img-src 'self' data: https://cdn.northwind.example;" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "url", ["http://plain.example/a.png", "javascript:alert(1)", "https://a;b/x", "https://u@h/x", "", None]
)
def test_any_other_logo_is_left_out(client: FlaskClient, desk: Desk, url: str | None) -> None:
    desk.link = link(logo_url=url)
    answer = client.get(HERE)
    assert read(answer).named("img") == []
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_what_breaks_unexpectedly_is_said_in_words_people_can_read(desk: Desk) -> None:
    app = application(desk)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    desk.refusal = ZeroDivisionError("secret")
    answer = app.test_client().get(HERE)
    assert answer.status_code == 500
    assert read(answer).headings == ["Something went wrong on our side"]
    assert "secret" not in answer.text
