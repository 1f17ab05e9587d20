# SPDX-License-Identifier: Apache-2.0
"""`ETag`, `If-Match` and `If-None-Match` (RFC 9110, section 13)."""

from __future__ import annotations

import pytest

from tests.api.examples import candidate, interviewer, plan, room

MADE = [
    ("/v1/interviewers", interviewer()),
    ("/v1/rooms", room()),
    ("/v1/plans", plan()),
    ("/v1/candidates", candidate()),
]


@pytest.mark.parametrize(("path", "body"), MADE)
def test_every_change_has_a_new_etag(client, path, body):
    made = client.post(path, body)
    address = made.headers["Location"]
    assert client.get(address).headers["ETag"] == made.headers["ETag"] == '"1"'
    assert client.patch(address, {"name": "New"}).headers["ETag"] == '"2"'
    assert client.get(address).headers["ETag"] == '"2"'


@pytest.mark.parametrize(("path", "body"), MADE)
def test_a_change_that_changes_nothing_is_none(client, path, body):
    made = client.post(path, body)
    again = client.patch(made.headers["Location"], body)
    assert (again.json, again.headers["ETag"]) == (made.json, made.headers["ETag"])


@pytest.mark.parametrize(("path", "body"), MADE)
def test_who_looked_at_an_older_version_is_stopped(client, path, body):
    address = client.post(path, body).headers["Location"]
    assert client.patch(address, {"name": "First"}, If_Match='"1"').status_code == 200
    late = client.patch(address, {"name": "Second"}, If_Match='"1"')
    assert (late.status_code, late.json["code"]) == (412, "stale")
    assert client.delete(address, If_Match='"1"').status_code == 412
    assert client.get(address).json["name"] == "First"
    assert client.delete(address, If_Match='"2"').status_code == 204


@pytest.mark.parametrize("tag", ['W/"1"', "1", '"x"', '""', "nonsense"])
def test_an_etag_that_cannot_be_ours_matches_nothing(client, tag):
    address = client.post("/v1/rooms", room()).headers["Location"]
    assert client.patch(address, {"name": "New"}, If_Match=tag).status_code == 412


def test_a_star_matches_whatever_is_there(client):
    address = client.post("/v1/rooms", room()).headers["Location"]
    assert client.patch(address, {"name": "New"}, If_Match="*").status_code == 200


def test_one_of_several_etags_is_enough(client):
    address = client.post("/v1/rooms", room()).headers["Location"]
    assert client.patch(address, {"name": "New"}, If_Match='"7", "8"').status_code == 412
    assert client.patch(address, {"name": "New"}, If_Match='"a,b",W/"3" , "1"').status_code == 200
    assert client.delete(address, If_Match='"1","2"').status_code == 204


@pytest.mark.parametrize(("path", "body"), MADE)
def test_who_has_it_already_is_told_so(client, path, body):
    made = client.post(path, body)
    address, tag = made.headers["Location"], made.headers["ETag"]
    known = client.get(address, If_None_Match=tag)
    assert (known.status_code, known.headers["ETag"]) == (304, tag)
    client.patch(address, {"name": "New"})
    assert client.get(address, If_None_Match=tag).status_code == 200


def test_the_organisation_has_versions_too(client):
    first = client.get("/v1/organization")
    assert client.get("/v1/organization", If_None_Match=first.headers["ETag"]).status_code == 304
    changed = client.patch("/v1/organization", {"name": "New"}, If_Match=first.headers["ETag"])
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert client.patch("/v1/organization", {"name": "X"}, If_Match=first.headers["ETag"]).status_code == 412
