# SPDX-License-Identifier: Apache-2.0
"""About the service itself."""

from __future__ import annotations

import re

import psycopg
import sqlalchemy as sa
from werkzeug.middleware.proxy_fix import ProxyFix

from scheduler.api.service import SPECIFICATION
from scheduler.app import create_app
from scheduler.db import rows
from scheduler.db.session import Database
from scheduler.domain.ids import new_id
from scheduler.services.promises import PROMISES
from tests.api.conftest import Client
from tests.standins import NOW, parts_on


def promises(client) -> dict[str, int]:
    """What Prometheus would read."""
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = re.findall(r'^convene_broken_promises\{promise="(\w+)"\} (\d+)$', answer.text, re.MULTILINE)
    assert len(answer.text.splitlines()) == len(found) + 2
    return {name: int(count) for name, count in found}


def test_a_living_process_says_so(nobody):
    assert nobody.get("/healthz").json == {"status": "ok"}


def test_a_process_is_ready_when_its_database_is(nobody):
    assert nobody.get("/readyz").json == {"status": "ready"}


def test_a_process_is_not_ready_for_another_schema(database_url, clock, jobs):
    with psycopg.connect(database_url) as owner:
        owner.execute("update alembic_version set version_num = '0001'")
    database = Database(database_url)
    response = Client(create_app(parts_on(database, now=clock, defer=jobs)), None).get("/readyz")
    assert (response.status_code, response.json["code"]) == (503, "schema_out_of_date")
    database.close()


def test_metrics_tell_of_each_promise_for_how_many_organisations_it_is_broken(nobody, parts, organization_id):
    before = promises(nobody)
    with parts.database.transaction(organization_id) as session:
        session.add(
            rows.Breach(
                id=new_id("brc"),
                organization_id=organization_id,
                promise="one_booking_each",
                ids=["bkg_1"],
                found_at=NOW,
                seen_at=NOW,
            )
        )
    broken = promises(nobody)
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.update(rows.Breach).values(resolved_at=NOW))

    assert set(before) == {promise.name for promise in PROMISES}
    assert broken == {**before, "one_booking_each": before["one_booking_each"] + 1}
    assert promises(nobody) == before


def test_the_description_is_there_for_programs(app, nobody):
    assert nobody.get("/openapi.json").json == app.extensions[SPECIFICATION]


def test_the_description_is_there_for_reading(nobody):
    page = nobody.get("/docs")
    assert page.status_code == 200
    for words in ("Find times for candidates", "/v1/interviewers/{interviewer_id}/busy", "Idempotency-Key"):
        assert words in page.text


def test_every_link_of_the_description_leads_somewhere(nobody):
    page = nobody.get("/docs").text
    targets = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r' href="#([^"]+)"', page)) - targets == set()


def test_the_description_loads_nothing_from_elsewhere(nobody):
    page = nobody.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
    assert "<script" not in page.text


def test_what_the_api_answers_is_kept_by_no_cache(client, nobody):
    for response in (client.get("/v1/organization"), nobody.get("/v1/organization")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_nobody_is_believed_about_where_a_request_came_from(parts):
    assert not isinstance(create_app(parts).wsgi_app, ProxyFix)


def test_trusted_proxies_are_believed(parts):
    proxied = create_app(parts, trusted_proxies=2).wsgi_app
    assert isinstance(proxied, ProxyFix)
    assert (proxied.x_for, proxied.x_proto, proxied.x_host) == (2, 2, 2)
