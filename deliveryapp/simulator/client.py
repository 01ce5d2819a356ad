"""HTTP as an app on a phone does it: tokens that renew themselves, patience with a server that restarts."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import httpx
import orjson

from deliveryapp.simulator.measures import Measures

PASSWORD = "demo-pass-1"  # noqa: S105 - the published password of every demo account
RETRIED = frozenset({429, 500, 502, 503, 504})
PATIENCE_S = 120.0
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")

Json = Any


class Unreachable(Exception):
    """No definite answer within the patience of the caller; what the request did is unknown."""


class Problem(Exception):
    """A definite refusal: the status and the problem+json `code` of the answer."""

    def __init__(self, status: int, body: Json) -> None:
        self.status, self.body = status, body if isinstance(body, dict) else {}
        self.code = str(self.body.get("code") or f"http_{status}")
        super().__init__(f"{status} {self.code} {self.body.get('detail', '')}".rstrip())


class NoSuchAccount(Exception):
    """The platform does not know this e-mail and password."""


class Witness(Protocol):
    """Told about each request of a call: that it goes out, and that its outcome is unknown."""

    def sent(self) -> None: ...
    def unknown(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json
    headers: Mapping[str, str]


class Transport:
    """One bounded pool of kept-alive connections for everybody; counts requests and failures."""

    def __init__(self, *, base_url: str, measures: Measures, seed: int, connections: int = 32) -> None:
        self.measures = measures
        self.logins = asyncio.Semaphore(4)  # a log-in costs the server a password hash
        self._rng = random.Random(seed)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(20.0, connect=3.0, pool=60.0),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        json: Json = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        measure: str = "",
        witness: Witness | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """Send until a definite answer comes: broken connections, time-outs, 429 and 5xx are sent again.

        `measure` names the series that takes the latency of a successful request. Raises Unreachable.
        """
        deadline, failures = monotonic() + patience_s, 0
        content = None if json is None else orjson.dumps(json)
        head = {"Accept": "application/json", **(headers or {})}
        if content is not None:
            head["Content-Type"] = "application/json"
        while True:
            started = monotonic()
            answer = await self._once(method, url, content=content, form=form, headers=head, witness=witness)
            if answer is not None and answer.status not in RETRIED:
                if measure and answer.status < 400:
                    self.measures.observe(measure, monotonic() - started)
                return answer
            wait_s = self._wait_s(answer, failures)
            failures += 1
            if monotonic() + wait_s > deadline:
                raise Unreachable(f"{method} {url}: {'no answer' if answer is None else answer.status}")
            self.measures.events["http_retry"] += 1
            await asyncio.sleep(wait_s)

    async def _once(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str],
        witness: Witness | None,
    ) -> Answer | None:
        """One request; None when no answer came."""
        if witness:
            witness.sent()
        try:
            response = await self._http.request(method, url, content=content, data=form, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            self._count(method, url, "refused connection")
            return None  # nothing was sent, so nothing is unknown
        except httpx.TransportError:
            self._count(method, url, "broken connection")
            if witness:
                witness.unknown()
            return None
        self._count(method, url, str(response.status_code))
        if response.status_code >= 500 and witness:
            witness.unknown()
        return Answer(response.status_code, _decoded(response), response.headers)

    def _count(self, method: str, url: str, outcome: str) -> None:
        self.measures.requests[outcome] += 1
        if outcome[0] not in "234":
            self.measures.refusals[f"{outcome}: {method} {shape(url)}"] += 1

    def _wait_s(self, answer: Answer | None, failures: int) -> float:
        asked = answer.headers.get("retry-after", "") if answer else ""
        if asked.isdigit():
            return min(30.0, float(asked)) + self._rng.random()
        return float(min(5.0, 0.2 * 2 ** min(failures, 6)) * (0.5 + self._rng.random() / 2))


class Session:
    """One account on the API. Logs in when first needed, renews the access token when it is refused."""

    def __init__(self, transport: Transport, email: str) -> None:
        self.transport, self.email = transport, email
        self._access, self._refresh, self._renew_at = "", "", 0.0
        self._lock = asyncio.Lock()

    async def token(self, *, refused: str | None = None) -> str:
        """An access token that is good for now. `refused` is one that the server did not take.

        Raises NoSuchAccount, Unreachable.
        """
        async with self._lock:
            if not self._access or self._access == refused or monotonic() > self._renew_at:
                await self._renew()
            return self._access

    async def _renew(self) -> None:
        if self._refresh:
            answer = await self.transport.send(
                "POST", "/api/v1/auth/token/refresh/", json={"refresh": self._refresh}
            )
            if answer.status == 200:
                self._keep(answer.body)
                return
        async with self.transport.logins:
            answer = await self.transport.send(
                "POST", "/api/v1/auth/token/", json={"email": self.email, "password": PASSWORD}
            )
        if answer.status != 200:
            raise NoSuchAccount(f"{self.email}: {Problem(answer.status, answer.body)}")
        self._keep(answer.body)

    def _keep(self, body: Json) -> None:
        self._access = body["access"]
        self._refresh = body.get("refresh", self._refresh)
        self._renew_at = monotonic() + 0.8 * float(body.get("expires_in", 300))

    async def get(self, url: str, *, measure: str = "", patience_s: float = PATIENCE_S) -> Json:
        return (await self.call("GET", url, measure=measure, patience_s=patience_s)).body

    async def post(self, url: str, json: Json = None) -> Json:
        return (await self.call("POST", url, json={} if json is None else json)).body

    async def call(
        self,
        method: str,
        url: str,
        *,
        json: Json = None,
        headers: Mapping[str, str] | None = None,
        measure: str = "",
        witness: Witness | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """An authenticated call. Raises Problem for a definite 4xx, Unreachable without a definite answer."""
        refused: str | None = None
        for _ in range(2):
            access = await self.token(refused=refused)
            answer = await self.transport.send(
                method,
                url,
                json=json,
                headers={**(headers or {}), "Authorization": f"Bearer {access}"},
                measure=measure,
                witness=witness,
                patience_s=patience_s,
            )
            if answer.status != 401:
                break
            refused = access
        if answer.status >= 400:
            problem = Problem(answer.status, answer.body)
            self.transport.measures.refusals[f"{answer.status} {problem.code}: {method} {shape(url)}"] += 1
            raise problem
        return answer


def shape(url: str) -> str:
    """The URL without host, ids and query, to count by."""
    return _IDS.sub("{id}", re.sub(r"^https?://[^/]+", "", url.partition("?")[0]))


def _decoded(response: httpx.Response) -> Json:
    if "json" not in response.headers.get("content-type", ""):
        return response.text
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
