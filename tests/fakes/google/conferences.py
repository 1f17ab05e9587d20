# SPDX-License-Identifier: Apache-2.0
"""Meet links: asked for with a `createRequest`, made a while later, or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.store import Entry, Fields

MEET = {"type": "hangoutsMeet"}


@dataclass
class Conferences:
    #: what becomes of a request; "invalid": this calendar cannot do Meet
    outcome: Literal["success", "failure", "invalid"] = "success"
    #: how often an event has to be fetched until it is known
    after: int = 1

    def asked(self, sent: Fields, before: Fields | None) -> Fields:
        """What an event holds after this was sent. A request that was made before is made only once."""
        request = sent.get("createRequest")
        if request is None:
            return sent
        if "requestId" not in request:
            raise wrong("required", "requestId")
        if before is not None and before.get("createRequest", {}).get("requestId") == request["requestId"]:
            return before
        key = request.get("conferenceSolutionKey", MEET)
        if self.outcome == "invalid":
            raise Refusal("invalid", "Invalid conference type value.")
        if key != MEET:
            raise wrong("invalid", "Invalid conference type value.")
        pending = {"requestId": request["requestId"], "conferenceSolutionKey": key}
        return {"createRequest": pending | {"status": {"statusCode": "pending"}}}

    def due(self, entry: Entry) -> bool:
        """Whether the answer to the event's request is known now."""
        request = entry.fields.get("conferenceData", {}).get("createRequest", {})
        return request.get("status") == {"statusCode": "pending"} and entry.fetched >= self.after

    def decide(self, entry: Entry) -> None:
        """Write the outcome into the event."""
        data: Fields = entry.fields["conferenceData"]
        request = data["createRequest"] | {"status": {"statusCode": self.outcome}}
        entry.fields["conferenceData"] = {"createRequest": request}
        if self.outcome != "success":
            return
        letters = hashlib.sha256(f"{entry.id} {request['requestId']}".encode()).hexdigest()
        code = "-".join(
            "".join(chr(ord("a") + int(digit, 16)) for digit in letters[at : at + 4]) for at in (0, 4, 8)
        )
        link = f"https://meet.google.com/{code}"
        entry.fields["hangoutLink"] = link
        entry.fields["conferenceData"] |= {
            "conferenceId": code,
            "conferenceSolution": {"key": MEET, "name": "Google Meet"},
            "entryPoints": [{"entryPointType": "video", "uri": link, "label": link.removeprefix("https://")}],
        }
