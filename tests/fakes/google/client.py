# SPDX-License-Identifier: Apache-2.0
"""Google's own client, pointed at the fake: how the fake's tests see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httplib2
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build

from google.oauth2 import service_account
from tests.fakes.google.grants import DELEGATED, SCOPE_ROOT
from tests.fakes.google.server import FakeGoogle
from tests.patience import PATIENCE


@contextmanager
def acting_as(
    fake: FakeGoogle, subject: str, *, scopes: frozenset[str] = DELEGATED, **account: Any
) -> Iterator[Any]:
    """The Calendar API in somebody's name, by a service account; ``account``: how that one is made."""
    credentials = service_account.Credentials.from_service_account_info(
        fake.service_account(**account), scopes=[SCOPE_ROOT + scope for scope in sorted(scopes)]
    )
    http = AuthorizedHttp(credentials.with_subject(subject), http=httplib2.Http(timeout=PATIENCE))
    try:
        yield build(
            "calendar",
            "v3",
            http=http,
            static_discovery=True,
            client_options={"api_endpoint": fake.api_endpoint},
        )
    finally:
        http.close()
