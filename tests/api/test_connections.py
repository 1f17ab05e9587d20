# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

ADA = {
    "name": "Ada",
    "email": "ada@acme.example",
    "time_zone": "Europe/London",
    "calendar": {"provider": "google", "address": "ada@acme.example"},
    "working_hours": [{"days": ["mon"], "start": "09:00", "end": "17:00"}],
}


def hired(client, provider="google"):
    calendar = {"provider": provider, "address": "ada@acme.example"}
    return client.post("/v1/interviewers", ADA | {"calendar": calendar}).json["id"]


def test_a_calendar_that_nobody_connected_says_what_to_do(client):
    answer = client.get(f"/v1/interviewers/{hired(client)}/connection")

    assert answer.status_code == 200
    assert answer.json["status"] == "not_connected"
    assert answer.json["what_to_do"].startswith("Ask for a link")


def test_a_link_needs_a_client_in_the_settings(client):
    answer = client.post(f"/v1/interviewers/{hired(client)}/connection", {})

    assert (answer.status_code, answer.json["code"]) == (409, "not_set_up")
    assert "GOOGLE_CLIENT_ID" in answer.json["detail"]


def test_an_account_is_for_caldav_calendars_alone(client):
    account = {"url": "https://dav.example.org/", "username": "ada", "password": "secret"}

    answer = client.put(f"/v1/interviewers/{hired(client)}/connection", account)

    assert (answer.status_code, answer.json["code"]) == (409, "not_caldav")
    assert client.put(f"/v1/interviewers/{hired(client)}/connection", {}).status_code == 422


@pytest.mark.parametrize(
    "url", ["https://", "http://[::1", "http://dav.example.org/", "https://dav.exa mple.org/"]
)
def test_an_account_needs_an_address_to_go_to(client, url):
    account = {"url": url, "username": "ada", "password": "secret"}

    answer = client.put(f"/v1/interviewers/{hired(client)}/connection", account)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/url"]


def test_each_of_somebodys_calendars_has_a_connection_of_its_own(client):
    work = "https://dav.example.org/ada/work/"
    busy = [{"provider": "microsoft", "address": ADA["email"]}, {"provider": "caldav", "address": work}]
    id_ = client.post("/v1/interviewers", ADA | {"busy_calendars": busy}).json["id"]

    def named(query):
        answer = client.get(f"/v1/interviewers/{id_}/connection{query}")
        return answer.json.get("address"), answer.json.get("provider") or answer.json["code"]

    assert named("") == (ADA["email"], "google")
    assert named("?provider=microsoft") == (ADA["email"], "microsoft")
    assert named(f"?address={work}") == (work, "caldav")
    assert named("?provider=caldav&address=https://dav.example.org/bob/") == (None, "not_found")
    assert client.get(f"/v1/interviewers/{id_}/connection?provider=exchange").status_code == 422
    link = client.post(f"/v1/interviewers/{id_}/connection?provider=microsoft", {})
    assert "MICROSOFT_CLIENT_ID" in link.json["detail"]
    assert client.delete(f"/v1/interviewers/{id_}/connection?address={work}").status_code == 204


def test_forgetting_what_was_never_granted_is_done(client):
    id_ = hired(client)
    assert client.delete(f"/v1/interviewers/{id_}/connection").status_code == 204
    assert client.get("/v1/interviewers/ivw_0000000000000000000000/connection").status_code == 404
