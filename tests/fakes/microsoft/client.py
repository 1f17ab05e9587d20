# SPDX-License-Identifier: Apache-2.0
"""A plain client of Graph, for tests of the fake and for looking at what the service did."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import quote, urlsplit

import msal
import requests
from requests.adapters import HTTPAdapter

from tests.fakes.microsoft.fake import FakeMicrosoft
from tests.patience import PATIENCE

PREFER = 'outlook.timezone="UTC", IdType="ImmutableId"'


class _Instead(HTTPAdapter):
    """Goes somewhere else: MSAL takes no authority without TLS."""

    def __init__(self, target: str) -> None:
        self._target = target
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = self._target + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **options)


def session_for(fake: FakeMicrosoft) -> requests.Session:
    """Reaches the fake under the addresses its sign-in advertises."""
    session = requests.Session()
    session.trust_env = False
    if fake.url.startswith("https:"):
        session.verify = fake.ca_file
    else:
        session.mount(f"https://{fake.sign_in.host}", _Instead(fake.url))
    return session


def msal_app(fake: FakeMicrosoft, credential: Any = None) -> msal.ConfidentialClientApplication:
    """``credential``: in MSAL's form; the secret that works, when `None`."""
    return msal.ConfidentialClientApplication(
        fake.client_id,
        client_credential=credential or fake.client_secret,
        authority=f"https://{fake.sign_in.host}/{fake.tenant_id}",
        http_client=session_for(fake),
        instance_discovery=False,
    )


class Client:
    """Signed in as the app itself, or with a token of a person's."""

    def __init__(self, fake: FakeMicrosoft, *, token: str | None = None, prefer: str = PREFER) -> None:
        self._fake = fake
        self._session = session_for(fake)
        scope = f"https://{fake.sign_in.host}/.default"
        token = token or msal_app(fake).acquire_token_for_client([scope])["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "Prefer": prefer}

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """``path``: behind the version, or a whole address."""
        address = path if path.startswith("http") else f"{self._fake.graph_endpoint}/{path}"
        headers = {**self.headers, **options.pop("headers", {})}
        return self._session.request(method, address, json=json, headers=headers, timeout=PATIENCE, **options)

    def get(self, path: str, **params: str) -> requests.Response:
        """``_top`` stands for ``$top``, and so on."""
        return self.call(
            "GET", path, params={name.replace("_", "$", 1): value for name, value in params.items()}
        )

    def pages(self, path: str, **params: str) -> list[dict[str, Any]]:
        """Every page of a list."""
        pages = [self.get(path, **params).json()]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.call("GET", pages[-1]["@odata.nextLink"]).json())
        return pages

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()


def event_path(address: str, event_id: str) -> str:
    """Ids hold slashes."""
    return f"users/{address}/events/{quote(event_id, safe='')}"
