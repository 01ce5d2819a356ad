"""What the server refuses, in Stripe's shapes."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


class Refusal(Exception):
    """An error answer.

    ``stored``: the endpoint had begun, so its idempotency key remembers this answer.
    ``keep``: the refusal itself changed something (a decline is recorded), so the transaction commits.
    ``extra``: further members of the error object (``decline_code``, ``payment_intent``, ``charge`` ...).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = True,
        keep: bool = False,
        extra: Obj | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.stored = stored
        self.keep = keep
        self.error: Obj = {"message": message, "type": kind}
        if code:
            self.error["code"] = code
        if param:
            self.error["param"] = param
        self.error.update(extra or {})

    def body(self) -> Obj:
        return {"error": self.error}


def invalid(message: str, *, param: str, code: str | None = None) -> Refusal:
    """A parameter that cannot be right; nothing began, so no key remembers it."""
    return Refusal(message, param=param, code=code, stored=False)


def missing(param: str) -> Refusal:
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def no_such(kind: str, ident: str, *, param: str) -> Refusal:
    """404 when the id is in the path (``param`` "id" or "intent"), 400 when it is a parameter."""
    status = 404 if param in ("id", "intent") else 400
    message = f"No such {kind}: '{ident}'"
    return Refusal(message, status=status, code="resource_missing", param=param, stored=False)


def wrong_state(intent: Obj, doing: str, *, legal: tuple[str, ...]) -> Refusal:
    """The intent's status does not allow ``doing`` (for example "captured")."""
    noun = "SetupIntent" if intent["object"] == "setup_intent" else "PaymentIntent"
    message = (
        f"This {noun} cannot be {doing}: its status is {intent['status']}. Allowed from: {', '.join(legal)}."
    )
    code = f"{intent['object']}_unexpected_state"
    return Refusal(message, code=code, extra={intent["object"]: intent})


def unauthenticated(message: str) -> Refusal:
    return Refusal(message, status=401, stored=False)


def rate_limited() -> Refusal:
    return Refusal("Too many requests, slow down.", status=429, code="rate_limit", stored=False)


def key_in_use() -> Refusal:
    return Refusal(
        "A request with this Idempotency-Key is still in progress.",
        status=409,
        kind="idempotency_error",
        code="idempotency_key_in_use",
        stored=False,
    )


def server_error(*, stored: bool) -> Refusal:
    return Refusal("An unknown error occurred.", status=500, kind="api_error", stored=stored)
