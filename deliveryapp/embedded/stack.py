"""The project's own processes on one machine: its name, its command, its sign of being ready.

The demo and the tests start the same commands from here.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import redis

from deliveryapp.embedded.ports import free_port
from deliveryapp.embedded.processes import Command
from deliveryapp.embedded.supervisor import ChildSpec

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = ("sandbox", "web", "live", "relay", "worker", "beat")
QUEUES = ("sweeps", "payments", "saga", "dispatch", "events", "notifications", "tracking", "celery")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Ports:
    web: int
    live: int
    sandbox: int

    @classmethod
    def pick(cls, *, preferred: int = 0) -> Ports:
        """Three free ports: ``preferred`` and the one after it for web and live where nobody has them."""
        web = free_port(preferred=preferred)
        live = free_port(preferred=preferred and preferred + 1, taken=frozenset({web}))
        return cls(web=web, live=live, sandbox=free_port(taken=frozenset({web, live})))


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Keys that must outlive a restart, or every session and token ends with it."""

    django: str
    token_signing: str
    webhook: str

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> Secrets:
        return cls(
            django=kept["django"], token_signing=kept["token_signing"], webhook=f"whsec_{kept['webhook']}"
        )


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One set of processes against given services; ``speed`` scales what simulated people do."""

    run_dir: Path
    services: Mapping[str, str] = field(repr=False)
    ports: Ports
    secrets: Secrets = field(repr=False)
    speed: float = 1.0
    payment_faults: str = "[]"
    extra_env: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[str] = ()  # consumer groups, where Kafka carries the events

    @property
    def processes(self) -> tuple[str, ...]:
        return (*PROCESSES, *map(consumer_name, self.groups))

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.web}"

    @property
    def live_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.live}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.sandbox}"

    def env(self) -> dict[str, str]:
        """What every process of the stack gets, on top of our own environment."""
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            **os.environ,
            **self.services,
            "PYTHONUNBUFFERED": "1",
            "SIMULATION_SPEED": f"{self.speed:g}",
            "STRIPE_API_BASE": self.sandbox_url,
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRETS": self.secrets.webhook,
            "PUBLIC_URL": self.base_url,
            "LIVE_URL": self.live_url,
            "SECRET_KEY": self.secrets.django,
            "JWT_SIGNING_KEY": self.secrets.token_signing,
            "BEAT_SCHEDULE": str(self.run_dir / "beat"),
            **self.extra_env,
        }

    def specs(self, names: Sequence[str] | None = None) -> list[ChildSpec]:
        """The children of these names, or all, in the order in which they are to start."""
        makers: dict[str, Callable[[], ChildSpec]] = {
            "sandbox": self._sandbox,
            "web": self._web,
            "live": self._live,
            "relay": self._relay,
            "worker": self._worker,
            "beat": self._beat,
        }
        makers |= {consumer_name(group): partial(self._consume, group) for group in self.groups}
        return [makers[name]() for name in self.processes if names is None or name in names]

    def manage(self, *arguments: str) -> Command:
        """``manage.py`` with these arguments in the stack's environment."""
        return self._python(str(ROOT / "manage.py"), *arguments)

    def _sandbox(self) -> ChildSpec:
        command = self._python(
            *("-m", "payments.sandbox", "--host", LOOPBACK, "--port", str(self.ports.sandbox)),
            *("--state", str(self.run_dir / "sandbox"), "--faults", self.payment_faults),
            *("--webhook-url", f"{self.base_url}/webhooks/stripe/", "--webhook-secret", self.secrets.webhook),
        )
        return ChildSpec(
            name="sandbox", command=command, ready=answers(f"{self.sandbox_url}/_sandbox/health")
        )

    def _web(self) -> ChildSpec:
        command = self._python(
            *("-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
            *("--host", LOOPBACK, "--port", str(self.ports.web), "--no-ws", "--log-level", "warning"),
            *("--workers", "2", "--blocking-threads", "4", "--workers-kill-timeout", "3"),
            *("--respawn-failed-workers", "--respawn-interval", "0.5"),
        )
        return ChildSpec(name="web", command=command, ready=answers(f"{self.base_url}/livez"))

    def _live(self) -> ChildSpec:
        command = self._python(
            *("-m", "uvicorn", "config.asgi:application", "--host", LOOPBACK, "--port", str(self.ports.live)),
            # Without a bound it waits for every socket to be closed by its client.
            *("--loop", "uvloop", "--ws", "auto", "--timeout-graceful-shutdown", "3"),
            *("--no-access-log", "--log-level", "warning"),
        )
        return ChildSpec(name="live", command=command, ready=answers(f"{self.live_url}/livez"))

    def _relay(self) -> ChildSpec:
        return ChildSpec(name="relay", command=self.manage("relay"))

    def _worker(self) -> ChildSpec:
        command = self._python(
            *("-m", "celery", "-A", "config", "worker", "-Q", ",".join(QUEUES), "-c", "3"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"),
        )
        return ChildSpec(name="worker", command=command, ready=consumes(self.services["REDIS_URL"]))

    def _beat(self) -> ChildSpec:
        schedule = str(self.run_dir / "beat")
        command = self._python(
            "-m", "celery", "-A", "config", "beat", "--schedule", schedule, "-l", "WARNING"
        )
        return ChildSpec(name="beat", command=command)

    def _consume(self, group: str) -> ChildSpec:
        return ChildSpec(name=consumer_name(group), command=self.manage("consume", group))

    def _python(self, *arguments: str) -> Command:
        return Command(argv=(sys.executable, *arguments), env=self.env(), cwd=ROOT)


def consumer_name(group: str) -> str:
    return f"consume-{group}"


def answers(url: str) -> Callable[[int], bool]:
    """A probe: does a GET answer 200?"""
    parts = urlsplit(url)

    def probe(_pid: int) -> bool:
        connection = http.client.HTTPConnection(parts.hostname or LOOPBACK, parts.port, timeout=2)
        try:
            connection.request("GET", parts.path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def consumes(redis_url: str) -> Callable[[int], bool]:
    """A probe: does anybody wait for tasks at this broker? A worker opens no port to ask it itself."""

    def probe(_pid: int) -> bool:
        client = redis.Redis.from_url(redis_url, socket_timeout=2)
        try:
            return any(row["cmd"].lower() == "brpop" for row in client.client_list())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()

    return probe
