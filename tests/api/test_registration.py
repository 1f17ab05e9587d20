# SPDX-License-Identifier: Apache-2.0
"""No call without a scope, none that openapi.yaml does not describe."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from flask import Flask
from openapi_spec_validator import validate

from scheduler.api.blueprint import Blueprint
from scheduler.api.service import SPECIFICATION
from scheduler.app import openapi_yaml
from scheduler.services.keys import SCOPES
from tests.api.conftest import described_path

ROOT = Path(__file__).parents[2]
#: what only people have a use for: the steps of the candidate's page, and what it is drawn with
FOR_PEOPLE = {
    ("GET", "/"),
    ("GET", "/c/<token>/check"),
    ("GET", "/c/<token>/book"),
    ("GET", "/c/<token>/options"),
    ("GET", "/c/<token>/times"),
    ("GET", "/c/<token>/reschedule"),
    ("GET", "/c/<token>/cancel"),
    ("GET", "/c/<token>/ask"),
    ("GET", "/c/<token>/ask/sent"),
    ("GET", "/c/"),
    ("GET", "/c/<path:_rest>"),
    ("GET", "/assets/<name>"),
}
#: what only those may read who look after the service
FOR_ADMINISTRATORS = {"/v1/jobs", "/v1/privacy/export"}


def calls(app: Flask) -> list[tuple[str, str, str]]:
    """Method, rule and endpoint of everything a program may call."""
    return [
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS") and (method, rule.rule) not in FOR_PEOPLE
    ]


def test_every_call_under_v1_states_its_scope(app):
    scopes = {
        (method, rule): getattr(app.view_functions[endpoint], "scope", None)
        for method, rule, endpoint in calls(app)
        if rule.startswith("/v1/")
    }
    assert len(scopes) > 30
    assert {call: scope for call, scope in scopes.items() if scope not in SCOPES} == {}


def test_reading_needs_no_more_than_read(app):
    gets = {
        rule: app.view_functions[endpoint].scope
        for method, rule, endpoint in calls(app)
        if method == "GET" and rule.startswith("/v1/")
    }
    assert {rule for rule, scope in gets.items() if scope != "read"} == FOR_ADMINISTRATORS
    assert {gets[rule] for rule in FOR_ADMINISTRATORS} == {"admin"}


def test_a_call_cannot_be_registered_with_a_scope_that_is_none():
    with pytest.raises(ValueError, match="superuser"):
        Blueprint("Anything", "").call("GET", "/v1/anything", scope="superuser", answers={200: None})


def test_no_call_answers_without_a_key(app, nobody):
    for method, rule, _ in calls(app):
        if rule.startswith("/v1/"):
            path = described_path(rule).replace("{", "").replace("}", "")
            response = nobody(method, path, {} if method in ("POST", "PATCH") else None)
            assert (response.status_code, response.json["code"]) == (401, "unauthorized")
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_no_call_answers_a_key_of_another_scope(app, client_with):
    clients = {scope: client_with(*(set(SCOPES) - {scope})) for scope in SCOPES}
    for method, rule, endpoint in calls(app):
        if rule.startswith("/v1/"):
            path = described_path(rule).replace("{", "").replace("}", "")
            client = clients[app.view_functions[endpoint].scope]
            response = client(method, path, {} if method in ("POST", "PATCH") else None)
            assert (response.status_code, response.json["code"]) == (403, "forbidden")


def test_the_description_has_exactly_the_calls_that_are_there(app):
    described = {
        (method.upper(), path)
        for path, operations in app.extensions[SPECIFICATION]["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert described == {(method, described_path(rule)) for method, rule, _ in calls(app)}


def test_only_calls_under_v1_need_a_key(app):
    specification = app.extensions[SPECIFICATION]
    open_to_all = {
        path
        for path, operations in specification["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation.get("security") == []
    }
    assert specification["security"] == [{"key": []}]
    assert open_to_all == {path for path in specification["paths"] if not path.startswith("/v1/")}


def test_every_call_has_an_id_of_its_own(app):
    ids = [
        operation["operationId"]
        for operations in app.extensions[SPECIFICATION]["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    ]
    assert sorted(ids) == sorted(set(ids))


def test_openapi_yaml_is_what_the_code_says():
    assert (ROOT / "openapi.yaml").read_text(encoding="utf-8") == openapi_yaml(), "run `make openapi`"


def test_openapi_yaml_is_openapi():
    specification = yaml.safe_load(openapi_yaml())
    validate(specification)
    assert specification["openapi"] == "3.1.0"
