# SPDX-License-Identifier: Apache-2.0
"""Change notifications: the handshake, the life of a subscription, and what is told."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from tests.fakes.microsoft.call import Call, Tenant, graph
from tests.fakes.microsoft.errors import GraphError, denied, invalid
from tests.fakes.microsoft.store import Change, Item, Mailbox
from tests.fakes.microsoft.times import instant_text, read_instant
from tests.fakes.wire import Answer

LONGEST_LIFE = timedelta(minutes=4230)
SHORTEST_LIFE = timedelta(minutes=45)
HANDSHAKE_SECONDS = 10
_RESOURCE = re.compile(r"/?(?:users/([^/]+)|(me))/(?:calendar/|calendars/[^/]+/)?events", re.IGNORECASE)
_FIELDS = {
    *("changeType", "notificationUrl", "lifecycleNotificationUrl", "resource", "expirationDateTime"),
    *("clientState", "latestSupportedTlsVersion"),
}


@dataclass(frozen=True, kw_only=True)
class Subscription:
    id: str
    mailbox: Mailbox
    resource: str
    changes: frozenset[str]
    address: str
    lifecycle_address: str | None
    client_state: str | None
    expires: datetime
    immutable_ids: bool

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "resource": self.resource,
            "changeType": ",".join(sorted(self.changes)),
            "notificationUrl": self.address,
            "lifecycleNotificationUrl": self.lifecycle_address,
            "clientState": None,
            "expirationDateTime": instant_text(self.expires),
            "latestSupportedTlsVersion": "v1_2",
        }


class Subscriptions:
    """Guarded by the tenant's lock, which is not held while the service is called."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._live: dict[str, Subscription] = {}
        self._pending: list[tuple[str, dict[str, Any]]] = []
        #: how many of the next items carry a wrong clientState
        self.tampered = 0
        #: whether a renewal is followed by a handshake too
        self.handshake_on_renewal = False

    # What clients ask

    def create(self, call: Call) -> Answer:
        """POST /subscriptions"""
        with self._tenant.lock:
            wanted = self._read(call, call.document())
        for address in filter(None, (wanted.address, wanted.lifecycle_address)):
            self._shake_hands(address)
        with self._tenant.lock:
            self._live[wanted.id] = wanted
        context = f"{call.base}/$metadata#subscriptions/$entity"
        return graph(201, {"@odata.context": context, **wanted.document()})

    def listing(self, call: Call) -> Answer:
        """GET /subscriptions"""
        call.allow_parameters()
        self._forget_expired()
        return graph(200, {"value": [held.document() for held in self._live.values()]})

    def read(self, call: Call) -> Answer:
        """GET /subscriptions/{id}"""
        return graph(200, self._named(call).document())

    def renew(self, call: Call) -> Answer:
        """PATCH /subscriptions/{id}"""
        document = call.document()
        if unknown := document.keys() - {"expirationDateTime", "notificationUrl"}:
            raise invalid(f"{sorted(unknown)} cannot be changed.", "InvalidRequest")
        with self._tenant.lock:
            held = self._named(call)
            address = document.get("notificationUrl", held.address)
            renewed = replace(held, expires=self._expiry(document), address=address)
        if self.handshake_on_renewal or address != held.address:
            self._shake_hands(_checked(address))
        with self._tenant.lock:
            self._live[renewed.id] = renewed
        return graph(200, renewed.document())

    def reauthorize(self, call: Call) -> Answer:
        """POST /subscriptions/{id}/reauthorize"""
        self._named(call)
        return graph(204)

    def delete(self, call: Call) -> Answer:
        """DELETE /subscriptions/{id}"""
        held = self._named(call)  # this may forget others, so it comes first
        del self._live[held.id]
        return graph(204)

    # What the service is told

    def note(self, item: Item, change: Change) -> None:
        """Something changed; it is told at the next `flush`."""
        if not self._live:
            return
        self._forget_expired()
        for held in self._live.values():
            if held.mailbox is item.mailbox and change in held.changes:
                self._pending.append((held.address, self._about(held, item, change)))

    def flush(self, *, deliver: bool) -> None:
        """Send what is pending, everything for one address in one request."""
        pending, self._pending = self._pending, []
        by_address: dict[str, list[dict[str, Any]]] = {}
        for address, told in pending:
            by_address.setdefault(address, []).append(told)
        for address, items in by_address.items():
            if deliver:
                self._post(address, items)

    def send_lifecycle(self, subscription_id: str, event: str) -> None:
        """
        Tell of the subscription itself: reauthorizationRequired, subscriptionRemoved or missed.

        A removed one is gone.
        """
        held = self._live[subscription_id]
        assert held.lifecycle_address, "The subscription has no lifecycleNotificationUrl."
        if event == "subscriptionRemoved":
            del self._live[subscription_id]
        told = {**self._common(held), "lifecycleEvent": event, "resource": held.resource}
        self._post(held.lifecycle_address, [told])

    @property
    def live(self) -> Mapping[str, Subscription]:
        """Those that have not expired."""
        with self._tenant.lock:  # a test may ask while the service subscribes
            self._forget_expired()
            return dict(self._live)

    def _post(self, address: str, items: list[dict[str, Any]]) -> None:
        body = json.dumps({"value": items}).encode()
        self._tenant.courier.post(address, {"Content-Type": "application/json; charset=utf-8"}, body)

    def _common(self, held: Subscription) -> dict[str, Any]:
        state = held.client_state
        if self.tampered:
            self.tampered -= 1
            state = "not what was agreed"
        return {
            "subscriptionId": held.id,
            "subscriptionExpirationDateTime": instant_text(held.expires),
            "clientState": state,
            "tenantId": self._tenant.tenant_id,
        }

    def _about(self, held: Subscription, item: Item, change: Change) -> dict[str, Any]:
        item_id = item.immutable_id if held.immutable_ids else item.default_id
        resource = f"Users/{item.mailbox.user_id}/Events/{item_id}"
        return {
            **self._common(held),
            "changeType": change,
            "resource": resource,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.Event",
                "@odata.id": resource,
                "@odata.etag": item.etag,
                "id": item_id,
            },
        }

    # Checks

    def _read(self, call: Call, document: dict[str, Any]) -> Subscription:
        if unknown := document.keys() - _FIELDS:
            raise invalid(f"{sorted(unknown)} are unknown.", "InvalidRequest")
        changes = frozenset(str(document.get("changeType", "")).split(","))
        if not changes or changes - {"created", "updated", "deleted"}:
            raise invalid(f"changeType cannot be {document.get('changeType')!r}.", "InvalidRequest")
        state = document.get("clientState")
        if state is not None and not (isinstance(state, str) and len(state) <= 128):
            raise invalid("clientState is a string of up to 128 characters.", "InvalidRequest")
        lifecycle = document.get("lifecycleNotificationUrl")
        return Subscription(
            id=str(uuid.uuid4()),
            mailbox=self._watched(call, str(document.get("resource", ""))),
            resource=document["resource"],
            changes=changes,
            address=_checked(document.get("notificationUrl")),
            lifecycle_address=None if lifecycle is None else _checked(lifecycle),
            client_state=state,
            expires=self._expiry(document),
            immutable_ids=call.preferences.immutable_ids,
        )

    def _watched(self, call: Call, resource: str) -> Mailbox:
        found = _RESOURCE.fullmatch(resource)
        if not found:
            raise invalid(f"Resource {resource!r} is not supported.", "InvalidRequest")
        mailbox = call.person if found[2] else call.store.mailbox(found[1])
        if mailbox is None or mailbox.forgotten:
            raise GraphError(404, "ResourceNotFound", "Resource could not be discovered.")
        if mailbox.closed or call.person not in {None, mailbox}:
            raise denied()
        return mailbox

    def _expiry(self, document: dict[str, Any]) -> datetime:
        asked = read_instant(document.get("expirationDateTime"), "expirationDateTime")
        now = self._tenant.store.now()
        if asked > now + LONGEST_LIFE:
            raise invalid("Subscription expiration can only be 4230 minutes in the future.", "InvalidRequest")
        return max(asked, now + SHORTEST_LIFE)

    def _named(self, call: Call) -> Subscription:
        self._forget_expired()
        held = self._live.get(call.names["subscription"])
        if held is None:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return held

    def _forget_expired(self) -> None:
        now = self._tenant.store.now()
        self._live = {key: held for key, held in self._live.items() if held.expires > now}

    def _shake_hands(self, address: str) -> None:
        token = f"Validation: Testing client application reachability <b>{secrets.token_hex(8)}</b>: 100% + ä"
        joint = "&" if urlsplit(address).query else "?"
        target = f"{address}{joint}validationToken={quote(token, safe='')}"
        try:
            answer = self._tenant.courier.call(
                target, {"Content-Type": "text/plain; charset=utf-8"}, seconds=HANDSHAKE_SECONDS
            )
        except requests.Timeout:
            raise GraphError(400, "ValidationError", "Subscription validation request timed out.") from None
        except requests.RequestException:
            raise GraphError(400, "ValidationError", "Subscription validation request failed.") from None
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code != 200 or not kind.startswith("text/plain") or answer.content != token.encode():
            text = (
                "Subscription validation request failed. Notification endpoint must respond with 200 OK to"
                f" validation request, not {answer.status_code} {kind}."
            )
            raise invalid(text, "ValidationError")


def _checked(address: Any) -> str:
    parts = urlsplit(str(address))
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise invalid(f"{address!r} is no https address.", "InvalidRequest")
    return str(address)
