"""Events on the wire: round trips, readable old ones, schemas up to date, no personal data (A2 13, C26)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit
from uuid import UUID

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from config.management.commands.event_schemas import schema_of
from deliveryapp.events import (
    Envelope,
    Event,
    UnknownEvent,
    data_of,
    event,
    read_envelope,
    read_event,
    registered,
)
from deliveryapp.subscriptions import subscriptions

GOLDEN = Path(__file__).parent / "golden"
EVENTS = sorted(registered().items())
NAMES = [name for name, _ in EVENTS]
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    UUID: st.uuids(),
    str: st.text(st.characters(exclude_categories=["Cs"])),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def any_field(hint: Any) -> st.SearchStrategy[Any]:
    if hint in PLAIN:
        return PLAIN[hint]
    return st.one_of(*(st.none() if arg is type(None) else PLAIN[arg] for arg in hint.__args__))


def any_envelope(cls: type[Event]) -> st.SearchStrategy[Envelope]:
    hints = get_type_hints(cls)
    content = st.builds(cls, **{field.name: any_field(hints[field.name]) for field in fields(cls)})
    return st.builds(
        Envelope,
        id=st.uuids(),
        type=st.just(cls.__name__),
        source=st.just(cls.source),
        subject=st.uuids(),
        key=st.uuids().map(str),
        seq=st.integers(1, 2**63 - 1),
        time=PLAIN[datetime],
        dataversion=st.just(cls.version),
        trace_id=st.text("0123456789abcdef", max_size=32),
        event=content,
    )


VALIDATORS = {name: jsonschema.Draft202012Validator(schema_of(cls)) for name, cls in EVENTS}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_survives_the_wire_and_fits_its_schema(name: str, data: st.DataObject) -> None:
    envelope = data.draw(any_envelope(registered()[name]))

    wire = json.loads(json.dumps(envelope.as_json()))

    assert read_envelope(wire) == envelope
    VALIDATORS[name].validate(wire)


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(data=st.data())
def test_the_wire_is_a_cloudevent_in_the_json_format(name: str, data: st.DataObject) -> None:
    """CloudEvents 1.0.2, chapters "Context Attributes" and "JSON Event Format"."""
    wire = json.loads(json.dumps(data.draw(any_envelope(registered()[name])).as_json()))

    for required in ("id", "source", "specversion", "type"):
        assert isinstance(wire[required], str)
        assert wire[required]
    assert wire["specversion"] == "1.0"
    assert urlsplit(wire["source"]).geturl() == wire["source"]  # a URI-reference
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", wire["source"])
    assert RFC_3339.fullmatch(wire["time"])
    assert wire["subject"]
    assert wire["datacontenttype"] == "application/json"
    assert isinstance(wire["data"], dict)
    for attribute, value in wire.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", attribute)
        assert attribute == "data" or type(value) in (str, int)


def test_the_wire_has_our_extensions_and_nothing_else() -> None:
    wire = read_envelope(json.loads((GOLDEN / "OrderConfirmed.json").read_text())).as_json()

    assert set(wire) == {
        *("specversion", "id", "type", "source", "subject", "time", "datacontenttype", "data"),
        *("key", "seq", "dataversion", "traceid"),
    }


def test_every_event_has_a_golden_file_and_every_golden_file_an_event() -> None:
    assert sorted(file.stem for file in GOLDEN.glob("*.json")) == NAMES


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_an_old_event_stays_readable(file: Path) -> None:
    wire = json.loads(file.read_text())

    envelope = read_envelope(wire)

    written_again = envelope.as_json()
    assert {key: written_again["data"][key] for key in wire["data"]} == wire["data"]
    assert {**{key: written_again[key] for key in wire}, "data": None} == {**wire, "data": None}
    jsonschema.validate(wire, schema_of(registered()[file.stem]))


@pytest.mark.parametrize(("name", "cls"), EVENTS)
def test_an_event_names_its_aggregate_and_its_key_and_carries_only_plain_facts(
    name: str, cls: type[Event]
) -> None:
    hints = get_type_hints(cls)
    declared = {field.name for field in fields(cls)}

    assert hints[cls.subject_field] is UUID
    assert cls.key_field in declared
    assert {hint for key, hint in hints.items() if key in declared} <= {
        *PLAIN,
        *(plain | None for plain in PLAIN),
    }
    topics = {"orders.created", "orders.status", "driver.assignment", "payments.process"}
    assert cls.topic in {*topics, "notifications.send"}
    assert cls.source in {"orders", "drivers", "payments"}
    assert cls.version >= 1


PERSONAL = {"name", "email", "phone", "street", "address", "postcode", "lat", "lng", "note", "detail"}


@pytest.mark.parametrize(("name", "cls"), EVENTS)
def test_an_event_carries_no_personal_data(name: str, cls: type[Event]) -> None:
    words = {word for field in fields(cls) for word in field.name.split("_")}

    assert words & PERSONAL == set()


def test_every_subscription_names_a_handler_that_is_there() -> None:
    from django.utils.module_loading import import_string

    for row in subscriptions().values():
        assert callable(import_string(row.handler))
        assert {cls.__name__ for cls in row.events} <= set(NAMES)


# A newer and an older self ------------------------------------------------------------------


@pytest.fixture
def soup_served(monkeypatch: pytest.MonkeyPatch) -> type[Event]:
    """An event in its second version, known only during the test."""
    from deliveryapp import events

    monkeypatch.setattr(events, "_registry", dict(events._registry))

    @event
    @dataclass(frozen=True, slots=True, kw_only=True)
    class SoupServed(Event):
        topic = "soups"
        source = "toys"
        version = 2
        subject_field = "order_id"
        order_id: UUID
        spoons: int = 1
        served_at: datetime | None = None

    return SoupServed


ORDER = UUID("01980000-0000-7000-8000-00000000000a")


def test_fields_added_since_take_their_defaults(soup_served: Any) -> None:
    assert read_event("SoupServed", 1, {"order_id": str(ORDER)}) == soup_served(order_id=ORDER, spoons=1)


def test_fields_dropped_since_are_ignored(soup_served: Any) -> None:
    data = {"order_id": str(ORDER), "bowl": "deep"}
    assert read_event("SoupServed", 1, data) == soup_served(order_id=ORDER)


def test_an_optional_time_comes_back_as_a_time(soup_served: Any) -> None:
    served = soup_served(order_id=ORDER, served_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert read_event("SoupServed", 2, data_of(served)) == served


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("SoupSpilt", 1, {}),
        ("SoupServed", 3, {"order_id": str(ORDER)}),
        ("SoupServed", 2, {}),
        ("SoupServed", 2, {"order_id": "soup"}),
        ("SoupServed", 2, {"order_id": 5}),
        ("SoupServed", 2, {"order_id": str(ORDER), "served_at": "yesterday"}),
        ("SoupServed", 2, {"order_id": str(ORDER), "served_at": 7}),
        ("SoupServed", 2, []),
    ],
)
@pytest.mark.usefixtures("soup_served")
def test_what_cannot_be_read_is_refused(name: str, version: int, data: Any) -> None:
    with pytest.raises(UnknownEvent, match=f"^{name} version {version}"):
        read_event(name, version, data)


def test_a_name_cannot_be_taken_twice(soup_served: type[Event]) -> None:
    with pytest.raises(ValueError, match="SoupServed is declared twice"):
        event(soup_served)


# The command ------------------------------------------------------------------------------------


def test_the_schemas_in_the_docs_are_up_to_date() -> None:
    out = StringIO()

    call_command("event_schemas", "--check", stdout=out)

    assert out.getvalue() == f"{len(EVENTS)} schemas, 0 changed\n"


def test_every_schema_is_a_valid_draft_2020_12_schema() -> None:
    for _, cls in EVENTS:
        jsonschema.Draft202012Validator.check_schema(schema_of(cls))


def test_stale_missing_and_orphaned_schemas_are_told_and_mended(tmp_path: Path) -> None:
    call_command("event_schemas", "--folder", str(tmp_path), stdout=StringIO())
    (tmp_path / "OrderReady.json").write_text("{}")
    (tmp_path / "OrderPlaced.json").unlink()
    (tmp_path / "OrderTeleported.json").write_text("{}")

    with pytest.raises(CommandError, match=r"OrderPlaced\.json, OrderReady\.json, OrderTeleported\.json$"):
        call_command("event_schemas", "--check", "--folder", str(tmp_path))
    out = StringIO()
    call_command("event_schemas", "--folder", str(tmp_path), stdout=out)

    assert out.getvalue() == f"{len(EVENTS)} schemas, 3 changed\n"
    assert sorted(file.stem for file in tmp_path.iterdir()) == NAMES
