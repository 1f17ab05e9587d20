# SPDX-License-Identifier: Apache-2.0
"""The whole application on a real database, with a client that holds every answer against openapi.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from calendars.memory import MemoryCalendars
from scheduler.api.service import SPECIFICATION
from scheduler.app import create_app
from scheduler.db.session import Database
from scheduler.services import keys, organizations, solving
from scheduler.services.keys import SCOPES
from scheduler.services.parts import Parts
from tests.api.examples import CONTACT, SKILLED, candidate, interviewer, plan
from tests.services.conftest import town  # noqa: F401  # a fixture for all beside this
from tests.standins import NOW, Clock, Jobs, parts_on


@pytest.fixture(scope="session")
def database(postgres_url: str, _template: str) -> Iterator[Database]:
    """One database for all: each test has an organisation of its own, which sees nothing of the others."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE test_api TEMPLATE {_template}")
    database = Database(postgres_url.replace("/convene?", "/test_api?"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _jobs() -> Jobs:
    return Jobs()


@pytest.fixture(scope="session")
def parts(database: Database, _clock: Clock, _jobs: Jobs) -> Parts:
    return parts_on(database, now=_clock, defer=_jobs)


@pytest.fixture(scope="session")
def app(parts: Parts) -> Flask:
    return create_app(parts)


@pytest.fixture(autouse=True)
def clock(_clock: Clock) -> Clock:
    """The application's clock, set back for each test."""
    _clock.instant = NOW
    return _clock


@pytest.fixture(autouse=True)
def jobs(_jobs: Jobs) -> Jobs:
    """The application's jobs, none at the beginning."""
    _jobs.deferred.clear()
    return _jobs


@pytest.fixture
def organization_id(parts: Parts) -> str:
    return organizations.create(parts, name="Acme")


class Client:
    """Calls the API with one key, and fails when an answer is not what openapi.yaml says."""

    def __init__(self, app: Flask, key: str | None) -> None:
        self.app = app
        self.key = key
        self._specification: dict[str, Any] = app.extensions[SPECIFICATION]

    def __call__(
        self, method: str, path: str, body: Any = None, *, text: str | None = None, **headers: str
    ) -> TestResponse:
        """Send a body as JSON, or a text as it is; header names are written with underscores."""
        sent: dict[str, Any] = (
            {"json": body} if body is not None else {"data": text} if text is not None else {}
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            named.setdefault("Authorization", f"Bearer {self.key}")
        response = self.app.test_client().open(path, method=method, headers=named, **sent)
        self._hold_against_specification(response)
        return response

    def get(self, path: str, **headers: str) -> TestResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> TestResponse:
        return self("DELETE", path, **headers)

    def _hold_against_specification(self, response: TestResponse) -> None:
        content = self._described(response.request, response.status_code).get("content", {})
        if not content:
            assert response.data == b""
            return
        assert response.mimetype in content
        if response.mimetype.endswith("json"):
            schema = content[response.mimetype].get("schema", {})
            components = {"components": self._specification["components"]}
            Draft202012Validator(schema | components).validate(json.loads(response.data))

    def _described(self, request: Request, status: int) -> Any:
        """What openapi.yaml says of this answer; for an address that is not in it: a problem."""
        responses = self._specification["components"]["responses"]
        path = self._path(request)
        if path is None:
            assert status in (404, 405)
            return responses["DEFAULT_ERROR"]
        operation = self._specification["paths"][path][request.method.lower()]
        assert str(status) in operation["responses"], f"{request.method} {path} may not answer {status}"
        described = operation["responses"][str(status)]
        return responses[described["$ref"].rpartition("/")[2]] if "$ref" in described else described

    def _path(self, request: Request) -> str | None:
        try:
            adapter = self.app.url_map.bind("localhost")
            rule, _ = adapter.match(request.path, method=request.method, return_rule=True)
        except HTTPException:
            return None
        return described_path(rule.rule)


def described_path(rule: str) -> str:
    """A rule of the URL map as the description writes it."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


@pytest.fixture
def key(parts: Parts, organization_id: str) -> str:
    return keys.create(parts, organization_id, name="tests", scopes=SCOPES)[1]


@pytest.fixture
def client(app: Flask, key: str) -> Client:
    return Client(app, key)


@pytest.fixture
def client_with(app: Flask, parts: Parts, organization_id: str):
    """Makes a client whose key has these scopes only."""

    def make(*scopes: str) -> Client:
        return Client(app, keys.create(parts, organization_id, name="tests", scopes=scopes)[1])

    return make


@pytest.fixture
def nobody(app: Flask) -> Client:
    """A client without a key."""
    return Client(app, None)


@pytest.fixture
def stranger(app: Flask, parts: Parts) -> Client:
    """A client of another organisation."""
    other = organizations.create(parts, name="Other")
    return Client(app, keys.create(parts, other, name="tests", scopes=SCOPES)[1])


@pytest.fixture
def calendars(parts: Parts, clock) -> Iterator[MemoryCalendars]:
    """What the application reads as the ics provider."""
    parts.providers["ics"] = MemoryCalendars(now=clock)
    yield parts.providers["ics"]
    del parts.providers["ics"]


@pytest.fixture
def solve(parts, organization_id, jobs):
    """Carries out what waits for the solver."""

    def solve() -> None:
        for task, ids in jobs.deferred:
            if task == "solve_run":
                solving.solve(parts, organization_id, ids["run_id"])
        jobs.deferred.clear()

    return solve


@pytest.fixture
def ada(client, calendars) -> str:
    """Somebody who can hold the example's session, and has a calendar."""
    calendars.add_calendar("ada@example.com")
    return client.post("/v1/interviewers", interviewer(qualifications=SKILLED)).json["id"]


@pytest.fixture
def offered(client, ada, solve):
    """Makes a run that has found times, and tells it."""

    def offer(**changes: Any) -> dict[str, Any]:
        body = {"plan": plan(), "candidates": [candidate()], "contact": CONTACT, **changes}
        made = client.post("/v1/runs", body)
        solve()
        return client.get(made.headers["Location"]).json

    return offer
