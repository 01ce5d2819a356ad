"""The demo from nothing to the closing table: services, schema, city, processes, simulator, audit, stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deliveryapp.embedded.errors import ChildFailedError
from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.embedded.processes import tail
from deliveryapp.embedded.rundir import kept_secrets
from deliveryapp.embedded.services import running_services
from deliveryapp.embedded.stack import Ports, Secrets, Stack
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor
from deliveryapp.kafka.broker.running import running_kafka

DEMO_PASSWORD = "demo-pass-1"  # noqa: S105 - of invented people in a city on this machine
LOGINS = (
    ("customer", "ada@demo.example", "/"),
    ("restaurant", "bo@demo.example", "/kitchen/"),
    ("driver", "cleo@demo.example", "/driver/"),
    ("support", "support@demo.example", "/admin/"),
)
# After the closing table a terminal keeps a quiet city: an order each 20 s or so.
QUIET_RATE = 0.05
ALWAYS_OPEN_PERCENT = 70
WEEK_S = 7 * 24 * 3600
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What to show; None leaves a number to the command that knows its default."""

    run_dir: Path
    city: str
    orders: int
    speed: float
    seed: int
    restaurants: int | None = None
    drivers: int | None = None
    customers: int | None = None
    rate: float | None = None
    port: int = 8000
    payment_faults: str = "[]"
    events: str = "celery"
    groups: Sequence[str] = ()  # consumer groups, with events over Kafka
    stays: bool = False


class Showcase:
    """One run of the demo; ``run`` returns the exit code."""

    def __init__(self, options: DemoOptions, *, say: Callable[[str], None], interrupts: Interrupts) -> None:
        self._options = options
        self._say = say
        self._interrupts = interrupts
        self._started_s = time.monotonic()

    def run(self) -> int:
        """Everything in order; 0 only if the simulation and the audit were clean.

        Raises ServiceError or InterruptedByUserError; whatever was started is stopped by then.
        """
        run_dir = self._options.run_dir.resolve()
        cancelled = self._interrupts.requested
        with ExitStack() as cleanup:
            with self._phase("PostgreSQL and Valkey"):
                services = cleanup.enter_context(
                    running_services(run_dir, cancelled=cancelled, announce=self._say)
                )
            stack = self._stack(run_dir, services.env() | self._events(cleanup, run_dir))
            children = Supervisor(log_dir=run_dir / "logs", announce=self._say)
            cleanup.callback(self._stop, children)
            self._set_up(children, stack)
            self._show_doors(stack)
            code = self._simulate_and_audit(children, stack)
            if self._options.stays and not cancelled.is_set():
                self._stay(children, stack)
            return code or int(bool(children.given_up()))

    def _stack(self, run_dir: Path, services: dict[str, str]) -> Stack:
        kept = kept_secrets(run_dir / "secrets.json", names=("django", "token_signing", "webhook"))
        return Stack(
            run_dir=run_dir,
            services=services,
            ports=Ports.pick(preferred=self._options.port),
            secrets=Secrets.of(kept),
            speed=self._options.speed,
            payment_faults=self._options.payment_faults,
            groups=self._options.groups,
        )

    def _events(self, cleanup: ExitStack, run_dir: Path) -> dict[str, str]:
        """What tells the processes how events travel, after starting what carries them."""
        if self._options.events != "kafka":
            return {"EVENT_TRANSPORT": self._options.events}
        with self._phase("Apache Kafka"):
            servers = cleanup.enter_context(
                running_kafka(run_dir, cancelled=self._interrupts.requested, announce=self._say)
            )
        return {"EVENT_TRANSPORT": "kafka", "KAFKA_BOOTSTRAP_SERVERS": servers}

    def _set_up(self, children: Supervisor, stack: Stack) -> None:
        with self._phase("Database schema"):
            self._manage(children, stack, "migrate", "--no-input", "--verbosity", "0", quiet=True)
        if self._options.events == "kafka":
            with self._phase("Kafka topics"):
                self._manage(children, stack, "kafka_topics", quiet=True)
        with self._phase(f"The city of {self._options.city.title()}"):
            self._manage(children, stack, "seed_city", *self._city_options(), quiet=False)
        with self._phase(", ".join(stack.processes)):
            children.start(*stack.specs(), cancelled=self._interrupts.requested)
        self._say(f"Ready in {time.monotonic() - self._started_s:.1f} s; logs in {children.log_dir}")

    def _simulate_and_audit(self, children: Supervisor, stack: Stack) -> int:
        options = self._options
        simulation = self._run(
            children, stack, "simulate", *self._crowd(stack), "--orders", str(options.orders)
        )
        audit = self._run(children, stack, "audit", "--sandbox-url", stack.sandbox_url)
        return simulation or audit

    def _stay(self, children: Supervisor, stack: Stack) -> None:
        """Let a person use the city until ctrl-C: kitchens and drivers stay, a few orders keep coming."""
        life = stack.manage(
            *("simulate", *self._crowd(stack), "--duration", str(WEEK_S), "--rate", str(QUIET_RATE), "--stay")
        )
        children.start(ChildSpec(name="city", command=life))
        self._say("The city lives on, quietly. Log in, order, cook, ride; ctrl-C stops everything.")
        while not self._interrupts.requested.wait(LOOK_EVERY_S):
            if children.given_up():
                return

    def _stop(self, children: Supervisor) -> None:
        with self._phase("Stopping"):
            children.stop(hurry=self._interrupts.hurry)

    def _manage(self, children: Supervisor, stack: Stack, name: str, *arguments: str, quiet: bool) -> None:
        code = self._run(children, stack, name, *arguments, log=children.log(name) if quiet else None)
        if code != 0:
            log_tail = tail(children.log(name)) if quiet else ""
            raise ChildFailedError(
                name=f"manage.py {name}", what=f"ended with exit code {code}", log_tail=log_tail
            )

    def _run(
        self, children: Supervisor, stack: Stack, name: str, *arguments: str, log: Path | None = None
    ) -> int:
        return children.run(
            name, stack.manage(name, *arguments), log=log, cancelled=self._interrupts.requested
        )

    def _city_options(self) -> list[str]:
        """The demo is alive at any hour, and still shows that restaurants have hours."""
        return [
            *self._city(),
            *self._people(kitchens="restaurants"),
            "--always-open",
            str(ALWAYS_OPEN_PERCENT),
        ]

    def _crowd(self, stack: Stack) -> list[str]:
        urls = {"base-url": stack.base_url, "live-url": stack.live_url, "sandbox-url": stack.sandbox_url}
        pace = {"speed": f"{self._options.speed:g}", "rate": self._options.rate}
        return [*_given(urls), *self._city(), *_given(pace), *self._people(kitchens="kitchens")]

    def _city(self) -> list[str]:
        return _given({"city": self._options.city, "seed": self._options.seed})

    def _people(self, *, kitchens: str) -> list[str]:
        options = self._options
        return _given(
            {kitchens: options.restaurants, "drivers": options.drivers, "customers": options.customers}
        )

    def _show_doors(self, stack: Stack) -> None:
        rows = [(role, f"{stack.base_url}{page}", email) for role, email, page in LOGINS]
        rows.append(("API", f"{stack.base_url}/api/docs/", ""))
        rows.append(("sockets", stack.live_url, ""))
        rows.append(("payments", stack.sandbox_url, ""))
        self._say(box(rows, title=f"Log in with the password {DEMO_PASSWORD}"))

    @contextmanager
    def _phase(self, title: str) -> Iterator[None]:
        started_s = time.monotonic()
        self._say(f"{title} ...")
        yield
        self._say(f"{title}: {time.monotonic() - started_s:.1f} s")


def _given(options: Mapping[str, object]) -> list[str]:
    """As arguments of a command; what is None is left to its default."""
    known = {name: value for name, value in options.items() if value is not None}
    return [text for name, value in known.items() for text in (f"--{name}", str(value))]


def box(rows: list[tuple[str, str, str]], *, title: str) -> str:
    """A frame of three columns under a title."""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    width = max(len(title), *map(len, lines))
    edge = "+" + "-" * (width + 4) + "+"
    return "\n".join([edge, *(f"|  {line.ljust(width)}  |" for line in (title, "", *lines)), edge])
