# SPDX-License-Identifier: Apache-2.0
"""The candidate's link, for programs: real answers, held against openapi.yaml."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from scheduler.api.service import SPECIFICATION
from scheduler.app import create_app
from scheduler.db.session import Database
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, invitations
from tests.api.conftest import Client
from tests.pages.reading import read
from tests.services.town import RECRUITER, Town

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-12T00:00:00Z"}
JSON = {"Accept": "application/json"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
#: what the link's answers are made of
FORMS = (
    *(
        "CandidateLink",
        "LinkCandidate",
        "LinkPlan",
        "Option",
        "OptionSession",
        "Panelist",
        "RoomRef",
        "Reason",
    ),
    *("LinkBooking", "LinkBookingCandidate", "PlanAsItWas", "LinkBookingSession", "LinkHistoryEntry"),
)


class Link(Client):
    """A client that follows one candidate's link, and fails when an answer is not what openapi.yaml says."""

    def __init__(self, app, here: str) -> None:
        super().__init__(app, None)
        self.here = here

    def open(self):
        return self.get(self.here, **JSON)

    def send(self, verb: str, body, **headers: str):
        return self.post(f"{self.here}/{verb}", body, **headers)

    def book(self, number: int = 0):
        return self.send("book", {"option": self.open().json["options"][number]["id"]})


@pytest.fixture
def app(town: Town):
    town.hire("Ada", skills=("python",))
    return create_app(town.parts)


@pytest.fixture
def run(town: Town, app):
    candidate = {
        "name": "Candy Ray",
        "email": "candy@example.net",
        "phone": "+44 20 7946 0000",
        "external_id": "ats-7",
        "metadata": {"source": "referral"},
        "external_refs": {"application": "app-9"},
    }
    return town.offer(window=WINDOW, candidates=[candidate])


@pytest.fixture
def link(town: Town, app, run) -> Link:
    return Link(app, f"/c/{town.token(run)}")


def problem(response) -> tuple[int, str, str]:
    return response.status_code, response.mimetype, response.json["code"]


def test_a_link_shows_what_can_be_chosen(link, run):
    shown = link.open()
    assert (shown.status_code, shown.json) == (
        200,
        {
            "status": "offered",
            "candidate": {"name": "Candy Ray", "time_zone": None},
            "plan": {"name": "Technical interview"},
            "options": [option | {"cost": 0, "reasons": []} for option in run["candidates"][0]["options"]],
            "booking": None,
        },
    )


def test_people_get_a_page_at_the_same_address(link):
    assert link.get(link.here).mimetype == "text/html"


def test_a_booking_is_the_teams_less_what_is_the_teams_own(town, link):
    booked = link.book()
    town.run_jobs()
    shown = link.open().json
    whole = bookings.get(town.parts, town.organization_id, booked.json["id"])
    [session], candidate = whole["sessions"], whole["candidate"]
    assert session["calendar_events"] != []
    assert booked.status_code == 201
    assert (shown["status"], shown["options"], shown["booking"]) == ("booked", [], booked.json)
    assert shown["booking"] == whole | {
        "candidate": candidate | {"external_id": None, "phone": None, "metadata": {}},
        "sessions": [session | {"calendar_events": []}],
        "history": [
            {"at": "2026-11-30T09:00:00Z", "actor": "candidate", "event": "booking.confirmed", "version": 1}
        ],
    }


def test_the_description_leaves_no_room_for_more(app):
    schemas = app.extensions[SPECIFICATION]["components"]["schemas"]
    assert {name: schemas[name]["additionalProperties"] for name in FORMS} == dict.fromkeys(FORMS, False)


@pytest.mark.parametrize(
    "change",
    [
        {"attention": "Ada's calendar could not be read."},
        {"note": "strong candidate"},
        {"history": [{"at": "2026-11-30T09:00:00Z", "actor": "key_rosa", "event": "x", "version": 1}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_booking_that_tells_more_is_not_what_the_description_says(app, link, change):
    booked = link.book().json
    specification = app.extensions[SPECIFICATION]
    described = Draft202012Validator(
        {"$ref": "#/components/schemas/LinkBooking", "components": specification["components"]}
    )
    assert described.is_valid(booked)
    assert not described.is_valid(booked | change)


def test_the_same_choice_again_is_the_same_booking_and_another_is_refused(link):
    first, second = (option["id"] for option in link.open().json["options"][:2])
    booked, again = (link.send("book", {"option": first}) for _ in range(2))
    assert (again.status_code, again.json) == (201, booked.json)
    refused = link.send("book", {"option": second})
    assert problem(refused) == (409, "application/problem+json", "already_booked")


def test_a_time_that_has_gone_comes_with_what_is_left(town, app):
    plan = town.plan()
    others = [{"name": name, "email": f"{name}@example.net"} for name in ("robin", "kim")]
    faster, slower = (
        Link(app, f"/c/{town.token(town.offer(plan, window=WINDOW, candidates=[other]))}") for other in others
    )
    wanted, *left = slower.open().json["options"]
    assert faster.book().status_code == 201
    refused = slower.send("book", {"option": wanted["id"]})
    assert problem(refused) == (409, "application/problem+json", "slot_taken")
    assert refused.json["options"] == left


def test_calendars_that_cannot_be_checked_are_a_reason_to_try_again(town, link):
    option = link.open().json["options"][0]["id"]
    town.calendars.make_unreadable("ada@acme.example", "no answer")
    refused = link.send("book", {"option": option})
    assert problem(refused) == (503, "application/problem+json", "calendars_unreadable")
    assert int(refused.headers["Retry-After"]) > 0


def test_an_offer_that_is_over_cannot_be_taken_up(town, link):
    option = link.open().json["options"][0]["id"]
    town.clock.forward(days=8)
    assert link.open().json["status"] == "expired"
    refused = link.send("book", {"option": option})
    assert problem(refused) == (410, "application/problem+json", "expired")


def test_a_revoked_link_is_gone_whatever_is_asked(town, run, link):
    option = link.open().json["options"][0]["id"]
    invitation = run["candidates"][0]["invitation"]["id"]
    invitations.revoke(town.parts, town.organization_id, invitation, actor=RECRUITER)
    answers = [
        link.open(),
        link.send("book", {"option": option}),
        link.send("options", {}),
        link.send("reschedule", {"option": option}),
        link.send("cancel", {}),
        link.send("ask", {"message": "Hello?"}),
        link.get(f"{link.here}/invite.ics", **JSON),
    ]
    assert {problem(answer) for answer in answers} == {(410, "application/problem+json", "revoked")}


def test_a_link_that_never_was_leads_nowhere_whatever_is_asked(app):
    link = Link(app, f"/c/{'A' * 43}")
    answers = [
        link.open(),
        link.send("book", {"option": "opt_1"}),
        link.send("options", {}),
        link.send("reschedule", {"option": "opt_1"}),
        link.send("cancel", {}),
        link.send("ask", {"message": "Hello?"}),
        link.get(f"{link.here}/invite.ics", **JSON),
    ]
    assert {problem(answer) for answer in answers} == {(404, "application/problem+json", "not_found")}


def test_an_option_of_somebody_else_is_not_there(town, link):
    other = town.offer(window=WINDOW)["candidates"][0]["options"][-1]["id"]
    assert problem(link.send("book", {"option": other})) == (404, "application/problem+json", "not_found")


def test_an_interview_is_cancelled_once_however_often(town, link):
    assert problem(link.send("cancel", {})) == (409, "application/problem+json", "nothing_booked")
    link.book()
    cancelled = link.send("cancel", {"reason": "I have found a job"})
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    again = link.send("cancel", {"reason": None})
    assert (again.status_code, again.json) == (200, cancelled.json)
    assert [fact["event"] for fact in cancelled.json["history"]] == ["booking.confirmed", "booking.cancelled"]
    assert (link.open().json["status"], link.open().json["booking"]) == ("cancelled", cancelled.json)


def test_an_interview_that_has_begun_cannot_be_cancelled(town, link):
    link.book()
    town.clock.forward(days=2, minutes=10)
    assert problem(link.send("cancel", {})) == (409, "application/problem+json", "begun")


def test_an_interview_is_moved_to_one_of_its_fresh_options(link):
    booked = link.book().json
    found = link.send("options", {})
    assert (found.status_code, found.json["status"], found.json["booking"]) == (200, "booked", booked)
    assert link.open().json == found.json
    choice = {"option": found.json["options"][0]["id"]}
    moved, again = (link.send("reschedule", choice) for _ in range(2))
    assert (moved.status_code, moved.json["id"], moved.json["version"]) == (200, booked["id"], 2)
    assert again.json == moved.json == link.open().json["booking"]
    assert [fact["event"] for fact in moved.json["history"]] == ["booking.confirmed", "booking.rescheduled"]


def test_a_new_time_that_has_gone_comes_with_what_is_left(town, link):
    booked = link.book().json
    wanted, *left = link.send("options", {}).json["options"]
    town.calendars.add_busy("ada@acme.example", *(parse_instant(wanted[end]) for end in ("start", "end")))
    refused = link.send("reschedule", {"option": wanted["id"]})
    assert problem(refused) == (409, "application/problem+json", "slot_taken")
    assert refused.json["options"] == left
    assert link.open().json["booking"] == booked


def test_an_interview_is_moved_as_often_and_as_late_as_the_plan_says(town, app):
    plan = town.plan(reschedule={"limit": 1, "cutoff_hours": 24})
    once, late = (
        Link(app, f"/c/{town.token(town.offer(plan, window=WINDOW, candidates=[one]))}")
        for one in ({"name": name, "email": f"{name}@example.net"} for name in ("kim", "lee"))
    )
    for link in (once, late):
        link.book()
    option = once.send("options", {}).json["options"][0]["id"]
    assert once.send("reschedule", {"option": option}).status_code == 200
    other = late.send("options", {}).json["options"][0]["id"]
    over = once.send("options", {})
    town.clock.instant = parse_instant(late.open().json["booking"]["start"]) - timedelta(hours=23)
    assert problem(over) == (409, "application/problem+json", "reschedule_limit")
    too_late = late.send("reschedule", {"option": other})
    assert problem(too_late) == (409, "application/problem+json", "reschedule_cutoff")


def test_times_that_the_candidate_names_are_looked_at(link):
    monday = {"start": "2026-12-07T09:00:00Z", "end": "2026-12-07T12:00:00Z"}
    found = link.send("options", {"availability": [monday]})
    assert (found.status_code, found.json["status"]) == (200, "offered")
    assert {option["start"][:10] for option in found.json["options"]} == {"2026-12-07"}
    night = {"start": "2026-12-07T02:00:00Z", "end": "2026-12-07T05:00:00Z"}
    nobody = link.send("options", {"availability": [night]})
    assert problem(nobody) == (409, "application/problem+json", "no_options")
    assert link.open().json["options"] == found.json["options"]


def test_the_teams_side_is_told_without_names(town, link):
    booked = link.book().json
    bookings.cancel(town.parts, town.organization_id, booked["id"], reason="no budget", actor=RECRUITER)
    *_, last = link.open().json["booking"]["history"]
    assert last == {
        "at": "2026-11-30T09:00:00Z",
        "actor": "recruiter",
        "event": "booking.cancelled",
        "version": 2,
    }


def test_words_reach_a_person(town, link):
    assert link.send("ask", {"message": "Is the entrance step-free?"}).status_code == 204
    town.run_jobs()
    assert len(town.post.subjects_to("rosa@acme.example")) == 1


def test_the_booked_interview_is_there_as_a_calendar_file(link):
    missing = link.get(f"{link.here}/invite.ics", **JSON)
    assert problem(missing) == (404, "application/problem+json", "not_found")
    link.book()
    invite = link.get(f"{link.here}/invite.ics")
    assert (invite.status_code, invite.mimetype) == (200, "text/calendar")


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("book", {}, "/option"),
        ("book", {"option": None}, "/option"),
        ("book", {"option": " "}, "/option"),
        ("book", {"option": "o" * 201}, "/option"),
        ("book", {"option": "opt_\x00"}, "/option"),
        ("book", {"option": "opt_1", "a/b~": 1}, "/a~1b~0"),
        ("cancel", {"reason": 7}, "/reason"),
        ("cancel", {"reason": "x" * 501}, "/reason"),
        ("cancel", {"reason": "\ud800"}, "/reason"),
        ("reschedule", {}, "/option"),
        ("options", {"availability": [{"start": "2026-12-07T09:00:00", "end": 7}]}, "/availability/0/start"),
        ("options", {"when": "later"}, "/when"),
        ("ask", {}, "/message"),
        ("ask", {"message": "x" * 2001}, "/message"),
        ("ask", {"message": "a\x00b"}, "/message"),
        ("ask", ["message"], ""),
    ],
)
def test_bad_content_is_pointed_at(link, verb, body, pointer):
    link.book()
    refused = link.send(verb, body)
    assert problem(refused) == (422, "application/problem+json", "invalid")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_the_longest_words_are_taken(link):
    link.book()
    assert link.send("ask", {"message": "x" * 2000}).status_code == 204
    assert link.send("cancel", {"reason": "x" * 500}).status_code == 200


@pytest.mark.parametrize("text", ["{", "[" * 50_000, "\ufeff{}", "null"])
def test_what_is_no_object_is_bad_content(link, text):
    refused = link("POST", f"{link.here}/ask", text=text, Content_Type="application/json")
    assert problem(refused) == (422, "application/problem+json", "invalid")


@pytest.mark.parametrize("verb", ["book", "options", "reschedule", "cancel", "ask"])
def test_what_cannot_be_read_at_all_is_refused(link, verb):
    address = f"{link.here}/{verb}"
    assert link("POST", address, text="x" * 70_000, Content_Type="application/json").status_code == 413
    assert link("POST", address, text="option=1", Content_Type="text/plain", **JSON).status_code == 415
    assert link("POST", address, {}, Origin="https://elsewhere.example").status_code == 403


def test_a_form_of_the_page_is_answered_with_the_page(town, link):
    choose = read(link.get(link.here)).forms[0]
    page = link.app.test_client().get(choose.action, query_string={"option": choose.value("option")})
    form = read(page).forms[0]
    town.clock.forward(minutes=1)
    booked = link("POST", form.action, text=urlencode(form.fields), **FORM)
    assert (booked.status_code, booked.location) == (303, link.here)


@pytest.mark.parametrize("verb", ["book", "options", "reschedule", "cancel", "ask"])
def test_a_form_without_a_nonce_does_nothing(town, link, verb):
    sent = {"option": link.open().json["options"][0]["id"], "message": "Hello", "reason": ""}
    refused = link("POST", f"{link.here}/{verb}", text=urlencode(sent), **FORM)
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert link.open().json["status"] == "offered"


def test_without_a_database_a_program_is_told_to_come_back(town):
    broken = town.parts.evolve(database=Database("postgresql://nobody@127.0.0.1:1/none"))
    refused = Link(create_app(broken), f"/c/{'A' * 43}").open()
    assert problem(refused) == (503, "application/problem+json", "unavailable")
    assert refused.headers["Retry-After"] == "5"


def test_the_links_are_in_the_description_for_reading(app):
    page = Client(app, None).get("/docs").text
    for words in (
        'id="tag-Links"',
        "/c/{token}/invite.ics",
        '<a href="#form-LinkBooking">LinkBooking</a>',
        '<a href="#form-LinkChoiceForm">LinkChoiceForm</a>',
        '<a href="#form-Problem">Problem</a> or <code>text/html</code>',
    ):
        assert words in page
