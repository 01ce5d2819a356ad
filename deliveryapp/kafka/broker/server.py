"""Apache Kafka as our own child: KRaft, one node that is broker and controller, on loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.ports import free_port
from deliveryapp.embedded.processes import Command, run_to_end
from deliveryapp.embedded.supervisor import ChildSpec

LOOPBACK = "127.0.0.1"
JVM = ("-Xmx384m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
# Only what differs from Kafka's defaults: one node, little memory, no surprises.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    # A topic that nobody has created by command would have the wrong number of partitions.
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
    "log.index.size.max.bytes": str(1024 * 1024),
}


class KafkaBroker:
    """One broker with its files in ``home/kafka``; it keeps its port, so that clients find it again."""

    def __init__(self, *, home: Path, java: Path, jars: Sequence[Path], port: int = 0) -> None:
        self._home = home.resolve() / "kafka"
        self._java = java
        self._jars = jars
        self._port = free_port(preferred=port)
        self._controller_port = free_port(taken=frozenset({self._port}))

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    def prepare(self) -> None:
        """Write its settings and, the first time, format its storage. Raises ServiceError."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._settings_file.write_text("".join(f"{name}={value}\n" for name, value in self._settings()))
        if not (self._data_dir / "meta.properties").exists():
            # What a formatting that was cut short has left would be refused.
            shutil.rmtree(self._data_dir, ignore_errors=True)
            cluster = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
            options = ("format", "--cluster-id", f"x{cluster[1:]}", "--config", str(self._settings_file))
            done = run_to_end(self._command("kafka.tools.StorageTool", *options))
            if done.returncode:
                raise ServiceError(f"Kafka's storage could not be formatted:\n{done.stdout}")

    def spec(self) -> ChildSpec:
        """The broker as a child that can be supervised."""
        command = self._command("kafka.Kafka", str(self._settings_file))
        return ChildSpec(name="kafka", command=command, ready=self._listens)

    @property
    def _data_dir(self) -> Path:
        return self._home / "data"

    @property
    def _settings_file(self) -> Path:
        return self._home / "server.properties"

    def _settings(self) -> list[tuple[str, str]]:
        controller = f"{LOOPBACK}:{self._controller_port}"
        places = {
            "listeners": f"PLAINTEXT://{self.bootstrap_servers},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._data_dir),
        }
        return [*SETTINGS.items(), *places.items()]

    def _command(self, main: str, *arguments: str) -> Command:
        level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        path = os.pathsep.join(map(str, self._jars))
        argv = (str(self._java), *JVM, level, "-cp", path, main, *arguments)
        return Command(argv=argv, env=dict(os.environ), cwd=self._home, stop_timeout_s=15.0)

    def _listens(self, _pid: int) -> bool:
        """Its port opens when it takes requests, and nobody else had it."""
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1):
                return True
        except OSError:
            return False
