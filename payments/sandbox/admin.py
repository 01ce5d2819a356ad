"""``/_sandbox/``: what tests and audits ask and set. No authentication: bind to loopback or a private net."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

import orjson

from .api import Answer, Request
from .attempts import settle_due
from .captures import expire_holds
from .errors import Obj
from .faults import Faults, RuleError
from .store import Store
from .webhooks import Webhooks

_PAGE_MOST = 1000


class AdminError(ValueError):
    """An admin call that makes no sense; answered with 400."""


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value), {"Content-Type": "application/json"})


def _page(request: Request) -> tuple[int, int]:
    """``after`` and ``limit`` of the query."""
    query = parse_qs(request.query)
    after = query.get("after", ["0"])[-1] or "0"
    limit = query.get("limit", [str(_PAGE_MOST)])[-1]
    if not (after.isdecimal() and limit.isdecimal()):
        raise AdminError("after and limit are numbers")
    return int(after), max(1, min(int(limit), _PAGE_MOST))


def _body(request: Request) -> Obj:
    found = _any_body(request)
    if not isinstance(found, dict):
        raise AdminError("the body must be a JSON object")
    return found


def _any_body(request: Request) -> object:
    try:
        return orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise AdminError(f"the body is not JSON: {error}") from error


@dataclass(slots=True)
class Admin:
    store: Store
    faults: Faults
    webhooks: Webhooks

    def answer(self, request: Request) -> Answer:
        path = request.path.removeprefix("/_sandbox/").rstrip("/")
        act = _CALLS.get((request.method, path))
        if act is None:
            return _json({"error": "unknown", "calls": [f"{m} /_sandbox/{p}" for m, p in _CALLS]}, 404)
        try:
            return _json(act(self, request))
        except (AdminError, RuleError) as error:
            return _json({"error": str(error)}, 400)

    def health(self, request: Request) -> Obj:
        counts = {name: len(table.rows) for name, table in self.store.tables.items() if name != "vault"}
        return {
            "status": "ok",
            "now": self.store.now(),
            "effects": len(self.store.effects),
            "keys": len(self.store.keys),
            "webhooks": self.webhooks.report(),
            "objects": counts,
        }

    def effects(self, request: Request) -> Obj:
        """Rows with ``seq`` > after, oldest first; ``next`` is the ``after`` of the following page."""
        after, limit = _page(request)
        rows = self.store.effects[after : after + limit]
        end = after + len(rows)
        return {"effects": rows, "next": end, "has_more": end < len(self.store.effects)}

    def intents(self, request: Request) -> Obj:
        """Payment intents in the order of creation, for audits; ``after`` counts intents."""
        after, limit = _page(request)
        table = self.store.tables["payment_intent"]
        idents = table.order[after : after + limit]
        end = after + len(idents)
        rows = [self._compact(table.rows[ident]) for ident in idents]
        return {"intents": rows, "next": end, "has_more": end < len(table.order)}

    def _compact(self, intent: Obj) -> Obj:
        charge = self.store.get("charge", intent["latest_charge"] or "")
        refunded = charge["amount_refunded"] if charge else 0
        names = ("id", "status", "amount", "currency", "amount_capturable", "amount_received", "metadata")
        return {
            **{name: intent[name] for name in names},
            "order_id": intent["metadata"].get("order_id"),
            "amount_refunded": refunded,
            "created": intent["created"],
        }

    def list_faults(self, request: Request) -> Obj:
        return {"faults": [rule.public() for rule in self.faults.rules]}

    def add_faults(self, request: Request) -> Obj:
        self.faults.add(_any_body(request))
        return self.list_faults(request)

    def clear_faults(self, request: Request) -> Obj:
        self.faults.clear()
        return self.list_faults(request)

    def clock(self, request: Request) -> Obj:
        """Advance the server's clock; holds past their capture_before expire at once."""
        advance_s = _body(request).get("advance_s")
        if not isinstance(advance_s, int) or isinstance(advance_s, bool) or advance_s < 0:
            raise AdminError("advance_s is a number of seconds, not negative")
        self.store.commit({"offset_s": self.store.offset_s + advance_s})
        self.store.prune_keys(now=self.store.now())
        self.pass_time()
        return {"now": self.store.now(), "offset_s": self.store.offset_s}

    def pass_time(self) -> None:
        """What happens by itself when its time has come."""
        self.webhooks.commit(settle_due(self.store).record())
        self.webhooks.commit(expire_holds(self.store).record())

    def reset(self, request: Request) -> Obj:
        """Forget objects, keys, effects, faults and the clock; webhook endpoints stay."""
        self.webhooks.forget()
        self.faults.clear()
        self.store.reset()
        return self.health(request)

    def list_endpoints(self, request: Request) -> Obj:
        names = ("id", "url")
        return {"endpoints": [{name: row[name] for name in names} for row in self.webhooks.endpoints()]}

    def add_endpoint(self, request: Request) -> Obj:
        body = _body(request)
        url, secret = body.get("url"), body.get("secret")
        if not (isinstance(url, str) and url.startswith(("http://", "https://")) and isinstance(secret, str)):
            raise AdminError("url (http or https) and secret are needed")
        row = {"id": self.store.new_id("endpoint"), "url": url, "secret": secret, "enabled": True}
        self.store.commit({"put": {"endpoint": [row]}})
        return {"id": row["id"], "url": url}

    def clear_endpoints(self, request: Request) -> Obj:
        rows = [{**row, "enabled": False} for row in self.webhooks.endpoints()]
        self.store.commit({"put": {"endpoint": rows}})
        return {"disabled": len(rows)}

    def list_webhooks(self, request: Request) -> Obj:
        return self.webhooks.report()

    def resend(self, request: Request) -> Obj:
        """``{}``: what was dropped; ``{"events": [ids]}`` or ``{"all": true}``: again, delivered or not."""
        body = _body(request)
        events = body.get("events")
        if events is not None and not isinstance(events, list):
            raise AdminError("events is a list of event ids")
        return {"resent": self.webhooks.resend(events=events, every=bool(body.get("all")))}


_CALLS: dict[tuple[str, str], Callable[[Admin, Request], Obj]] = {
    ("GET", "health"): Admin.health,
    ("GET", "effects"): Admin.effects,
    ("GET", "intents"): Admin.intents,
    ("GET", "faults"): Admin.list_faults,
    ("POST", "faults"): Admin.add_faults,
    ("DELETE", "faults"): Admin.clear_faults,
    ("POST", "clock"): Admin.clock,
    ("POST", "reset"): Admin.reset,
    ("GET", "webhook_endpoints"): Admin.list_endpoints,
    ("POST", "webhook_endpoints"): Admin.add_endpoint,
    ("DELETE", "webhook_endpoints"): Admin.clear_endpoints,
    ("GET", "webhooks"): Admin.list_webhooks,
    ("POST", "webhooks/resend"): Admin.resend,
}
