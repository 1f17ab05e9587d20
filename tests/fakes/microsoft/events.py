# SPDX-License-Identifier: Apache-2.0
"""Single events: create, read, change, cancel, delete, answer."""

from __future__ import annotations

from typing import Any

from tests.fakes.microsoft.bodies import has_block, with_block
from tests.fakes.microsoft.call import Call, Tenant, graph
from tests.fakes.microsoft.drafts import OWN, Draft
from tests.fakes.microsoft.errors import GraphError, denied, invalid, not_organizer
from tests.fakes.microsoft.meetings import SHARED
from tests.fakes.microsoft.options import expanded, selected
from tests.fakes.microsoft.render import OWNER_FIELDS, event
from tests.fakes.microsoft.store import Guest, Item, Mailbox
from tests.fakes.wire import Answer


def create(call: Call) -> Answer:
    """POST …/events"""
    call.allow_parameters()
    document = call.document()
    draft = Draft.read(document)
    item = _made_before(call, draft, document) if draft.transaction else None
    if item is None:
        item = put(call.tenant, call.mailbox, draft)
        if draft.transaction:
            call.store.transactions[call.mailbox.address, draft.transaction] = (item, document)
    expand = {name.lower() for name in draft.extended}
    shown = event(item, call.preferences, expand=expand)
    return graph(201, {"@odata.context": f"{call.base}/$metadata#users/events/$entity", **shown})


def _made_before(call: Call, draft: Draft, document: dict[str, Any]) -> Item | None:
    assert draft.transaction is not None
    item, first = call.store.transactions.get((call.mailbox.address, draft.transaction), (None, None))
    if item is not None and first != document:
        call.tenant.complain("transactionId was used before with another body: what then happens is unknown.")
    if item is not None and item.gone:
        call.tenant.complain("transactionId is of an event that was deleted: what then happens is unknown.")
    return item


def put(tenant: Tenant, mailbox: Mailbox, draft: Draft) -> Item:
    """A new event on the calendar of its organiser, and everybody invited."""
    assert draft.when is not None
    item = tenant.store.make(mailbox, draft.when)
    item.fields = {**OWNER_FIELDS, **draft.fields}
    if draft.transaction:
        item.fields["transactionId"] = draft.transaction
    item.guests = draft.guests or []
    item.extended = dict(draft.extended)
    teams = mailbox.teams and draft.fields.get("onlineMeetingProvider") in {None, "teamsForBusiness"}
    item.fields["isOnlineMeeting"] = bool(item.fields["isOnlineMeeting"] and teams)
    item.fields["onlineMeetingProvider"] = "teamsForBusiness" if item.fields["isOnlineMeeting"] else "unknown"
    if tenant.teams_at_once:
        _open_teams_meeting(item)
    tenant.store.keep(item)
    tenant.meetings.invite(item, item.guests)
    return item


def provision(tenant: Tenant, item: Item) -> None:
    """The Teams meeting that was asked for comes into being some time after the answer."""
    if item.is_organizers and item.fields["isOnlineMeeting"] and item.join_url is None:
        _open_teams_meeting(item)
        tenant.store.touch(item)
        for copy in item.copies.values():
            copy.join_url, copy.fields["body"] = item.join_url, item.fields["body"]
            tenant.store.touch(copy)


def _open_teams_meeting(item: Item) -> None:
    if item.fields["isOnlineMeeting"]:
        item.join_url = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{item.number}%40thread.v2/0"
        item.fields["body"] = with_block(item.fields.get("body"), item.join_url)


def read(call: Call) -> Answer:
    """GET …/events/{id}"""
    call.allow_parameters("$select", "$expand")
    item = call.item()
    provision(call.tenant, item)
    expand = expanded(call.parameter("$expand"))
    shown = selected(event(item, call.preferences, expand=expand), call.parameter("$select"))
    answer = {"@odata.context": f"{call.base}/$metadata#users/events/$entity", **shown}
    return graph(200, answer)


def change(call: Call) -> Answer:
    """PATCH …/events/{id}"""
    call.allow_parameters()
    item = call.item()
    document = call.document()
    draft = Draft.read(document, present=item.when)
    call.check_version(item)
    provision(call.tenant, item)
    if "transactionId" in document and document["transactionId"] != item.fields.get("transactionId"):
        raise invalid("transactionId cannot be changed.", "ErrorInvalidPropertySet")
    if not item.is_organizers:
        _change_copy(call, item, draft)
    else:
        _keep_teams(call.tenant, item, draft)
        rewrite(call.tenant, item, draft)
    shown = event(item, call.preferences, expand={name.lower() for name in draft.extended})
    return graph(200, {"@odata.context": f"{call.base}/$metadata#users/events/$entity", **shown})


def _change_copy(call: Call, item: Item, draft: Draft) -> None:
    if draft.when or draft.guests is not None or draft.fields.keys() - OWN:
        call.tenant.complain("Only the organizer may change what all attendees see.")
        raise denied()
    item.fields.update(draft.fields)
    call.store.set_extended(item, draft.extended)
    call.store.touch(item)


def _keep_teams(tenant: Tenant, item: Item, draft: Draft) -> None:
    """A Teams meeting lasts as long as its block in the body."""
    online = item.fields["isOnlineMeeting"]
    if online and draft.fields.get("isOnlineMeeting", True) is False:
        raise invalid("An online meeting stays one.", "ErrorInvalidPropertySet")
    provider = draft.fields.get("onlineMeetingProvider", item.fields["onlineMeetingProvider"])
    if online and provider != item.fields["onlineMeetingProvider"]:
        raise invalid("The provider of an online meeting stays.", "ErrorInvalidPropertySet")
    body = draft.fields.get("body")
    if item.join_url and body is not None and not has_block(body, item.join_url):
        tenant.complain("The Teams block is gone from the body: that ended the online meeting.")
        item.join_url = None
        item.fields.update(isOnlineMeeting=False, onlineMeetingProvider="unknown")


def rewrite(tenant: Tenant, item: Item, draft: Draft) -> None:
    """The organiser's event as the draft says; who must hear of it does."""
    moved = draft.when is not None and draft.when.instants() != item.when.instants()
    told = bool(draft.fields.keys() - OWN) or draft.when is not None
    before, added, removed = item.guests, list[Guest](), list[Guest]()
    item.fields.update({name: value for name, value in draft.fields.items() if name != "isOnlineMeeting"})
    if draft.fields.get("isOnlineMeeting") and not item.fields["isOnlineMeeting"] and item.mailbox.teams:
        item.fields.update(isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    if draft.when is not None:
        item.when = draft.when
    if draft.guests is not None:
        item.guests, added, removed = _merged(before, draft.guests)
    tenant.store.set_extended(item, draft.extended)
    tenant.store.touch(item)
    tenant.meetings.uninvite(item, removed)
    if told:
        stayed = [guest for guest in before if guest not in removed]
        tenant.meetings.change(item, stayed, moved=moved)
    elif draft.fields.keys() & set(SHARED):
        tenant.meetings.take_over(item)
    tenant.meetings.invite(item, added)


def _merged(before: list[Guest], given: list[Guest]) -> tuple[list[Guest], list[Guest], list[Guest]]:
    """The whole new list, who is new in it, and who is no longer in it. Who stays keeps the answer."""
    known = {guest.address.lower(): guest for guest in before}
    after, added = [], []
    for guest in given:
        old = known.pop(guest.address.lower(), None)
        if old is None:
            added.append(guest)
        else:
            old.name, old.type = guest.name, guest.type
        after.append(old or guest)
    return after, added, list(known.values())


def delete(call: Call) -> Answer:
    """DELETE …/events/{id}: an organiser's goes with cancellations, an attendee's copy in silence."""
    call.allow_parameters()
    item = call.item()
    call.check_version(item)
    take_away(call.tenant, item)
    return graph(204)


def take_away(tenant: Tenant, item: Item) -> None:
    """The owner of the calendar deletes it; a series goes with all that is in it."""
    for other in list(item.mailbox.items.values()):
        if other.series is item:
            tenant.store.drop(other)
    if item.is_organizers:
        tenant.meetings.cancel(item)
        return
    if item.original is not None:
        item.original.copies.pop(item.mailbox.address.lower(), None)
    tenant.store.drop(item)


def cancel(call: Call) -> Answer:
    """POST …/events/{id}/cancel"""
    call.allow_parameters()
    item = call.item()
    document = call.document() if call.request.body else {}
    if {name.lower() for name in document} - {"comment"}:
        raise invalid("cancel takes a comment and nothing else.", "RequestBodyRead")
    if not item.is_organizers or not item.guests:
        raise not_organizer()
    call.tenant.meetings.cancel(item)
    return graph(202)


def respond(call: Call) -> Answer:
    """POST …/events/{id}/accept, decline or tentativelyAccept"""
    item = call.item()
    document = call.document() if call.request.body else {}
    if document.keys() - {"comment", "sendResponse", "proposedNewTime"}:
        raise invalid("An answer takes comment, sendResponse and proposedNewTime.", "RequestBodyRead")
    if item.is_organizers or item.cancelled:
        raise GraphError(
            400, "ErrorInvalidRequest", "Your request can't be completed. You can't respond to it."
        )
    words = {"accept": "accepted", "decline": "declined", "tentativelyAccept": "tentativelyAccepted"}
    call.tenant.meetings.answer(item, words[call.names["answer"]])
    return graph(202)
