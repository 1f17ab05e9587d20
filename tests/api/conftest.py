# SPDX-License-Identifier: Apache-2.0
"""The whole application on a real database, driven by a client that holds every answer against openapi.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from scheduler.api.service import SPECIFICATION
from scheduler.app import create_app
from scheduler.db.session import Database
from scheduler.services import keys, organizations
from scheduler.services.keys import SCOPES
from scheduler.services.links import Links
from scheduler.services.parts import Parts

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SECRET = "a2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5LWtleTE="


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    instant: datetime = NOW

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Post:
    """Mail that goes nowhere."""

    sent: list[Any] = field(default_factory=list)

    def send(self, facts, *, message_id):
        self.sent.append((facts, message_id))

    def invite(self, facts):
        raise NotImplementedError


@dataclass
class Jobs:
    """Jobs that are put down and carried out by nobody."""

    deferred: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, session, task, **ids):
        self.deferred.append((task, ids))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def parts(database_url: str, clock: Clock, jobs: Jobs) -> Iterator[Parts]:
    database = Database(database_url)
    yield Parts(
        database=database,
        now=clock,
        providers={},
        mail=Post(),
        links=Links([SECRET], "https://interviews.example.com"),
        defer=jobs,
    )
    database.close()


@pytest.fixture
def app(parts: Parts):
    return create_app(parts)


@pytest.fixture
def organization_id(parts: Parts) -> str:
    return organizations.create(parts, name="Acme")


class Client:
    """Calls the API with one key, and fails when an answer is not what openapi.yaml says."""

    def __init__(self, app: Any, key: str | None) -> None:
        self.app = app
        self.key = key
        self._specification = app.extensions[SPECIFICATION]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Header names are written with underscores; `data` and `content_type` send something else than JSON."""
        sent: dict[str, Any] = {
            name: headers.pop(name) for name in ("data", "content_type") if name in headers
        }
        if body is not None:
            sent["json"] = body
        if self.key:
            sent["headers"] = {"Authorization": f"Bearer {self.key}"}
        sent.setdefault("headers", {}).update({n.replace("_", "-"): v for n, v in headers.items()})
        response = self.app.test_client().open(path, method=method, **sent)
        self._hold_against_specification(response)
        return response

    def get(self, path: str, **headers: str) -> TestResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> TestResponse:
        return self("DELETE", path, **headers)

    def _hold_against_specification(self, response: TestResponse) -> None:
        if response.status_code == 304:
            return
        described = self._described(response.request, response.status_code)
        content = described.get("content", {})
        if not content:
            assert response.data == b"", "an answer that should have no body"
            return
        assert response.mimetype in content
        if response.mimetype.endswith("json"):
            schema = {**content[response.mimetype].get("schema", {}), "components": self._components}
            Draft202012Validator(schema).validate(json.loads(response.data))

    @property
    def _components(self) -> Any:
        return self._specification["components"]

    def _described(self, request: Request, status: int) -> Any:
        """What openapi.yaml says about this answer; an address that is not in it has the form of a problem."""
        problem = self._components["responses"]["DEFAULT_ERROR"]
        path = path_of(self.app, request)
        operation = self._specification["paths"].get(path, {}).get(request.method.lower())
        if operation is None:
            assert status in (404, 405)
            return problem
        described = operation["responses"].get(str(status))
        assert described is not None, f"{request.method} {path} may not answer {status}"
        if "$ref" in described:
            return self._components["responses"][described["$ref"].rpartition("/")[2]]
        return described


def path_of(app: Any, request: Request) -> str | None:
    """The path of the description that a request went to."""
    for rule in app.url_map.iter_rules():
        adapter = app.url_map.bind("localhost")
        try:
            found, _ = adapter.match(request.path, method=request.method, return_rule=True)
        except Exception:
            return None
        return described_path(found.rule)
    return None


def described_path(rule: str) -> str:
    import re

    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


@pytest.fixture
def key(parts: Parts, organization_id: str) -> str:
    return keys.create(parts, organization_id, name="tests", scopes=SCOPES)[1]


@pytest.fixture
def client(app, key: str) -> Client:
    return Client(app, key)


@pytest.fixture
def client_with(app, parts: Parts, organization_id: str):
    """A client whose key has these scopes only."""

    def make(*scopes: str) -> Client:
        return Client(app, keys.create(parts, organization_id, name="tests", scopes=scopes)[1])

    return make


@pytest.fixture
def stranger(app, parts: Parts) -> Client:
    """A client of another organisation."""
    other = organizations.create(parts, name="Other")
    return Client(app, keys.create(parts, other, name="tests", scopes=SCOPES)[1])
