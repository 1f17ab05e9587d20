# SPDX-License-Identifier: Apache-2.0
"""What becomes of an option: a booking, its moves, its mails and its end, as an ATS sees them."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.db import rows
from tests.api.answers import options, pointers
from tests.api.examples import candidate


def test_an_option_becomes_a_booking(client, offered):
    run = offered(candidates=[candidate(external_refs={"application": "a-1"})])
    chosen = options(run)[1]
    booked = client.post("/v1/bookings", {"option_id": chosen["id"]})
    assert (booked.status_code, booked.json["status"]) == (201, "confirmed")
    assert booked.headers["Location"] == f"/v1/bookings/{booked.json['id']}"
    assert (booked.json["start"], booked.json["end"]) == (chosen["start"], chosen["end"])
    assert booked.json["external_refs"] == {"application": "a-1"}
    assert [entry["event"] for entry in booked.json["history"]] == ["booking.confirmed"]
    assert client.get(booked.headers["Location"]).json == booked.json
    assert client.get("/v1/bookings").json["data"] == [booked.json]
    assert client.get("/v1/bookings?status=cancelled").json["data"] == []
    assert client.get(f"/v1/runs/{run['id']}").json["candidates"][0]["booking_id"] == booked.json["id"]


def test_the_same_option_again_is_the_same_booking(client, offered):
    chosen = {"option_id": options(offered())[0]["id"]}
    first, again = (client.post("/v1/bookings", chosen) for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)


def test_another_option_is_too_late(client, offered):
    first, second, *_ = options(offered())
    client.post("/v1/bookings", {"option_id": first["id"]})
    refused = client.post("/v1/bookings", {"option_id": second["id"]})
    assert (refused.status_code, refused.json["code"]) == (409, "already_booked")


def test_a_time_that_has_gone_comes_with_what_is_left(client, offered):
    one, other = offered(), offered()
    assert options(one)[0]["start"] == options(other)[0]["start"]
    client.post("/v1/bookings", {"option_id": options(one)[0]["id"]})
    refused = client.post("/v1/bookings", {"option_id": options(other)[0]["id"]})
    assert (refused.status_code, refused.json["code"]) == (409, "slot_taken")
    left = {option["id"] for option in refused.json["options"]}
    assert left
    assert options(other)[0]["id"] not in left


def test_an_option_of_others_is_not_there(offered, stranger):
    response = stranger.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    assert response.status_code == 404


def test_a_booking_can_be_called_off(client, offered):
    booked = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    address = booked.headers["Location"]
    cancelled = client.post(f"{address}/cancel", {"reason": "The role is filled."})
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.headers["ETag"] != booked.headers["ETag"]
    assert client.get(address).json == cancelled.json
    candidate_id = booked.json["candidate"]["id"]
    listed = client.get(f"/v1/bookings?status=cancelled&candidate_id={candidate_id}").json["data"]
    assert listed == [cancelled.json]


def test_an_etag_of_a_run_or_a_booking_tells_every_change(client, offered, parts, organization_id):
    run = offered()
    here = f"/v1/runs/{run['id']}"
    before = client.get(here).headers["ETag"]
    assert client.get(here).headers["ETag"] == before
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]})
    assert client.get(here).headers["ETag"] != before
    address = booked.headers["Location"]
    assert client.get(address).headers["ETag"] == booked.headers["ETag"]
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.update(rows.CalendarEntry).values(status="written"))
    written = client.get(address)
    assert written.json["version"] == booked.json["version"]
    assert written.headers["ETag"] != booked.headers["ETag"]


def test_a_booking_can_be_moved_to_one_of_its_fresh_options(client, offered):
    booked = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    address = booked.headers["Location"]
    fresh = client.post(f"{address}/options", {"options": 3}).json
    assert (len(fresh["data"]), fresh["explanation"]) == (3, None)
    choice = {"option_id": fresh["data"][0]["id"]}
    moved, again = (client.post(f"{address}/reschedule", choice) for _ in range(2))
    assert (moved.status_code, moved.json["version"]) == (200, 2)
    assert (moved.json["id"], moved.json["start"]) == (booked.json["id"], fresh["data"][0]["start"])
    assert moved.headers["ETag"] != booked.headers["ETag"]
    assert again.json == moved.json == client.get(address).json


def test_fresh_options_need_no_body_and_have_bounds(client, offered):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    assert client.post(f"{address}/options").status_code == 200
    assert set(pointers(client.post(f"{address}/options", {"options": 51}))) == {"/options"}
    over = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    assert set(pointers(client.post(f"{address}/options", {"window": over}))) == {"/window/end"}
    assert set(pointers(client.post(f"{address}/reschedule", {}))) == {"/option_id"}


def test_fresh_options_that_are_none_say_why(client, offered):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    saturday = {"start": "2026-12-05T00:00:00Z", "end": "2026-12-06T00:00:00Z"}
    fresh = client.post(f"{address}/options", {"window": saturday}).json
    assert (fresh["data"], bool(fresh["explanation"]["blockers"])) == ([], True)


def test_a_booking_of_others_is_neither_asked_about_nor_moved(client, offered, stranger):
    run = offered()
    address = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).headers["Location"]
    assert stranger.post(f"{address}/options").status_code == 404
    choice = {"option_id": options(run)[1]["id"]}
    assert stranger.post(f"{address}/reschedule", choice).status_code == 404


def test_how_it_went_is_said_once_it_has_begun(client, offered, clock):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    early = client.post(f"{address}/outcome", {"status": "completed"})
    assert (early.status_code, early.json["code"]) == (409, "not_begun")
    assert set(pointers(client.post(f"{address}/outcome", {"status": "hired"}))) == {"/status"}
    clock.forward(days=20)
    assert client.post(f"{address}/outcome", {"status": "no_show"}).json["status"] == "no_show"


def test_a_link_can_be_taken_back_and_sent_again(client, offered):
    first = offered()["candidates"][0]["invitation"]
    revoked = client.post(f"/v1/invitations/{first['id']}/revoke").json
    assert (revoked["url"], revoked["revoked_at"] is None) == (None, False)
    again = client.post(f"/v1/invitations/{first['id']}/resend").json
    assert again["url"] not in (None, first["url"])
    assert client.post("/v1/invitations/inv_0/revoke").status_code == 404


def test_mails_are_listed_stopped_and_sent(client, offered):
    run = offered()
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).json
    about = client.get(f"/v1/messages?candidate_id={booked['candidate']['id']}").json["data"]
    assert {"invitation", "confirmation"} <= {message["kind"] for message in about}
    waiting = next(
        message
        for message in client.get(f"/v1/messages?booking_id={booked['id']}").json["data"]
        if message["kind"] == "reminder"
    )
    stopped = client.post(f"/v1/messages/{waiting['id']}/cancel").json
    assert stopped["status"] == "cancelled"
    assert client.post(f"/v1/messages/{waiting['id']}/send").json["status"] == "queued"
    assert client.post("/v1/messages/msg_0/cancel").status_code == 404


def test_nothing_of_others_can_be_touched(client, offered, stranger):
    run = offered()
    invitation = run["candidates"][0]["invitation"]["id"]
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).json["id"]
    message = client.get("/v1/messages").json["data"][0]["id"]
    calls = (
        ("GET", f"/v1/runs/{run['id']}"),
        ("POST", f"/v1/runs/{run['id']}/approve"),
        ("POST", f"/v1/runs/{run['id']}/cancel"),
        ("GET", f"/v1/bookings/{booked}"),
        ("POST", f"/v1/bookings/{booked}/cancel"),
        ("POST", f"/v1/invitations/{invitation}/revoke"),
        ("POST", f"/v1/invitations/{invitation}/resend"),
        ("POST", f"/v1/messages/{message}/cancel"),
        ("POST", f"/v1/messages/{message}/send"),
    )
    assert {stranger(*call).status_code for call in calls} == {404}
    for path in ("/v1/runs", "/v1/bookings", "/v1/messages"):
        assert stranger.get(path).json == {"data": [], "next_cursor": None}
