# SPDX-License-Identifier: Apache-2.0
"""Who lets us into a calendar: tokens for the networks' providers, wherever they come from."""

from __future__ import annotations

from typing import Protocol


class TokenSource(Protocol):
    """Bearer tokens of one grant. Safe to use from several threads."""

    def token(self) -> str:
        """
        A token with some minutes left.

        Raises NotAllowed when the grant is dead or was never right (the message says what to do), TryLater
        while the sign-in service is not answering.
        """
        ...

    def drop(self, token: str) -> None:
        """This token was refused: do not hand it out again."""
        ...


class Access(Protocol):
    """Which grants there are for a calendar."""

    def personal(self, address: str) -> TokenSource | None:
        """What the calendar's owner granted. It opens this calendar, and sees others as its owner does."""
        ...

    def organization(self, address: str) -> TokenSource | None:
        """What the whole organisation granted, acting as this address: delegation at Google, an Entra
        application at Microsoft (there one source serves every address).
        """
        ...
