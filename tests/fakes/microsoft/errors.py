# SPDX-License-Identifier: Apache-2.0
"""Refusals as Graph words them."""

from __future__ import annotations

from collections.abc import Mapping


class GraphError(Exception):
    """
    An answer that is an error. ``wrong``: no client that follows the rules asks for this.

    What depends on the state of a mailbox (gone, changed, not allowed) is an error but not wrong.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        wrong: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.wrong = wrong
        self.headers = headers or {}


def invalid(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    """A request that breaks a rule."""
    return GraphError(400, code, message, wrong=True)


def not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def stale() -> GraphError:
    return GraphError(
        412,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request"
        " does not match the current change key for the item.",
    )


def not_organizer() -> GraphError:
    return GraphError(
        400,
        "ErrorInvalidRequest",
        "Your request can't be completed. You need to be an organizer to cancel a meeting.",
    )


def unauthorized(message: str) -> GraphError:
    return GraphError(
        401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": 'Bearer realm=""'}
    )


class SignInError(Exception):
    """A refusal with its number; ``wrong``: no client that follows the rules is refused like this."""

    def __init__(
        self, status: int, error: str, number: int, text: str, *, suberror: str = "", wrong: bool = False
    ) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = f"AADSTS{number}: {text}"
        self.suberror = suberror
        self.wrong = wrong
