"""What can be known of Kafka without running it: the jars, Java, and what commands say."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from config.settings import env
from deliveryapp.embedded.stack import ROOT
from deliveryapp.kafka import needed
from deliveryapp.kafka.broker.fetch import DownloadError, Jar, ensure_jars, kafka_version, locked_jars
from deliveryapp.kafka.broker.java import NoJavaError, find_java

BROKER = ROOT / "deliveryapp" / "kafka" / "broker"
CONTENT = b"not much of a jar"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A Maven repository on loopback with one jar."""
    place = tmp_path / "mirror" / "org" / "toy" / "toy" / "1"
    place.mkdir(parents=True)
    (place / "toy-1.jar").write_bytes(CONTENT)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "mirror"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def toy(content: bytes = CONTENT, version: str = "1") -> Jar:
    sha256 = hashlib.sha256(content).hexdigest()
    return Jar(sha256=sha256, size_bytes=len(content), group="org.toy", artifact="toy", version=version)


def test_a_jar_is_fetched_once(tmp_path: Path, mirror: str) -> None:
    told: list[str] = []
    (jar,) = ensure_jars(tmp_path / "cache", say=told.append, jars=[toy()], base=mirror)
    assert jar.read_bytes() == CONTENT
    assert len(told) == 1
    assert ensure_jars(tmp_path / "cache", say=told.append, jars=[toy()], base="http://127.0.0.1:1") == [jar]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("jar", "why"), [(toy(b"another"), "its sha-256 is another"), (toy(version="2"), "could not be fetched")]
)
def test_what_is_not_the_listed_file_is_not_kept(tmp_path: Path, mirror: str, jar: Jar, why: str) -> None:
    with pytest.raises(DownloadError, match=why):
        ensure_jars(tmp_path / "cache", say=lambda _: None, jars=[jar], base=mirror)
    assert list((tmp_path / "cache").glob("*.jar*")) == []


def test_the_list_of_jars_is_that_of_the_pom_and_of_the_compose_file() -> None:
    pinned = re.search(r"<kafka.version>([\d.]+)<", (BROKER / "pom.xml").read_text())
    assert pinned
    assert kafka_version() == pinned[1]
    compose = yaml.safe_load((ROOT / "compose.kafka.yml").read_text())
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{pinned[1]}"
    jars = locked_jars()
    assert len({jar.file_name for jar in jars}) == len(jars) > 30
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)


def fake_java(directory: Path, shown: str) -> None:
    (directory / "bin").mkdir()
    program = directory / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{shown}' >&2\n")
    program.chmod(0o755)


@pytest.mark.parametrize("shown", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', "who knows"])
def test_an_old_java_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    fake_java(tmp_path, shown)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(NoJavaError, match=r"needs Java 17 or newer: .* apt install .* compose\.kafka\.yml"):
        find_java()


def test_java_17_and_later_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, 'openjdk version "21" 2023-09-19')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java() == tmp_path / "bin" / "java"


def test_no_java_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoJavaError, match="there is none on PATH"):
        find_java()


@pytest.mark.parametrize("command", ["consume", "kafka_lag"])
def test_an_unknown_group_is_told_which_there_are(command: str) -> None:
    with pytest.raises(CommandError, match="no group 'lunch'; the groups are saga, tracking"):
        call_command(command, "lunch", stdout=io.StringIO())


def test_the_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needed, "find_spec", lambda _: None)
    for arguments in (
        ["consume", "saga"],
        ["kafka_topics"],
        ["kafka_lag", "saga"],
        ["demo", "--events", "kafka"],
    ):
        with pytest.raises(CommandError, match=r"requirements-kafka\.txt"):
            call_command(*arguments)


def test_options_of_the_client_are_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIONS", "security.protocol=SASL_SSL, sasl.password=a=b")
    assert env.pairs("OPTIONS") == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    monkeypatch.setenv("OPTIONS", "secret")
    with pytest.raises(ImproperlyConfigured, match=r"^OPTIONS must be a list of name=value$"):
        env.pairs("OPTIONS")
