"""Facts in the past tense: how apps declare them and how they travel.

An event is a frozen dataclass of ids and minimal facts, without personal data. `@event` registers it under
its class name, so that a name on the wire always finds its class again.
"""

import types
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. `subject_field` names the aggregate's id, `key_field` the partition key."""

    topic: ClassVar[str]
    source: ClassVar[str]
    version: ClassVar[int] = 1
    subject_field: ClassVar[str]
    key_field: ClassVar[str] = "order_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """CloudEvents attributes around an event; `seq` counts 1, 2, 3 … per `source` and `subject`."""

    id: UUID
    type: str
    source: str
    subject: UUID
    key: str
    seq: int
    time: datetime
    dataversion: int
    trace_id: str
    event: Event

    def as_json(self) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": str(self.subject),
            "key": self.key,
            "seq": self.seq,
            "time": self.time.isoformat(),
            "dataversion": self.dataversion,
            "traceid": self.trace_id,
            "datacontenttype": "application/json",
            "data": data_of(self.event),
        }


class UnknownEvent(Exception):
    """A name, version or content on the wire that no class here can read."""


_registry: dict[str, type[Event]] = {}
E = TypeVar("E", bound=Event)


def event(cls: type[E]) -> type[E]:
    """Register an event class under its name."""
    if cls.__name__ in _registry:
        raise ValueError(f"event {cls.__name__} is declared twice")
    _registry[cls.__name__] = cls
    return cls


def registered() -> dict[str, type[Event]]:
    return dict(_registry)


def data_of(event: Event) -> dict[str, Any]:
    """The event's fields as JSON values."""
    return {name: _encode(getattr(event, name)) for name in _hints_of(type(event))}


_known_hints: dict[type[Event], dict[str, Any]] = {}


def _hints_of(cls: type[Event]) -> dict[str, Any]:
    """The fields of an event and their types; finding them out costs more than all the rest."""
    known = _known_hints.get(cls)
    if known is None:
        hints = get_type_hints(cls)
        known = _known_hints[cls] = {field.name: hints[field.name] for field in fields(cls)}
    return known


def read_event(name: str, dataversion: int, data: dict[str, Any]) -> Event:
    """The event behind a name and its data; fields added since are taken from the class's defaults.

    Raises UnknownEvent.
    """
    cls = _registry.get(name)
    if cls is None or dataversion > cls.version:
        raise UnknownEvent(f"{name} version {dataversion}")
    hints = _hints_of(cls)
    try:
        return cls(**{key: _decode(hints[key], value) for key, value in data.items() if key in hints})
    except (AttributeError, TypeError, ValueError) as error:
        raise UnknownEvent(f"{name} version {dataversion}: {error}") from error


def read_envelope(wire: dict[str, Any]) -> Envelope:
    """The inverse of `Envelope.as_json`. Raises UnknownEvent."""
    try:
        return Envelope(
            id=UUID(wire["id"]),
            type=wire["type"],
            source=wire["source"],
            subject=UUID(wire["subject"]),
            key=wire["key"],
            seq=wire["seq"],
            time=datetime.fromisoformat(wire["time"]),
            dataversion=wire["dataversion"],
            trace_id=wire["traceid"],
            event=read_event(wire["type"], wire["dataversion"], wire["data"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnknownEvent(f"no envelope: {error!r}") from error


def _encode(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


_decoders: dict[type, Callable[[Any], Any]] = {UUID: UUID, datetime: datetime.fromisoformat}


def _decode(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        if value is None:
            return None
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    return _decoders.get(hint, lambda plain: plain)(value)
