# SPDX-License-Identifier: Apache-2.0
"""Web hooks, what they are told, and what is seen of it."""

from __future__ import annotations

from scheduler.services import deliveries, events, upkeep, webhooks
from scheduler.services.parts import SYSTEM


def hook(town, receiver, name="ats", **fields) -> str:
    """A web hook of the receiver's; the id."""
    data = {"url": receiver.address(name), **fields}
    made = webhooks.create(town.parts, town.organization_id, data)
    receiver.secrets[name] = made["secret"]
    return str(made["id"])


def happen(town, *types: str) -> None:
    for type_ in types:
        with town.parts.database.transaction(town.organization_id) as session:
            events.record(session, town.parts, town.organization_id, type_, actor=SYSTEM)
    town.run_jobs()


def later(town, **span) -> None:
    """Time passes, and the clock looks."""
    town.clock.forward(**span)
    upkeep.sweep(town.parts)
    town.run_jobs()


def told(receiver, name="ats") -> list[str]:
    return [event["type"] for event in receiver.events(name)]


def sent(town, id_, **which) -> list[dict]:
    return deliveries.find(town.parts, town.organization_id, id_, **which).data


def seen(town, id_) -> dict:
    return webhooks.get(town.parts, town.organization_id, id_)
