"""Write the JSON Schema of every event into docs/events/, from the event classes themselves."""

import types
from argparse import ArgumentParser
from dataclasses import MISSING, Field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deliveryapp.events import Event, registered

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDED_SINCE = {"datacontenttype"}  # attributes that events of the first days lack
UUID_SCHEMA = {"type": "string", "format": "uuid"}
TIME_SCHEMA = {"type": "string", "format": "date-time"}
TYPES: dict[Any, dict[str, Any]] = {
    UUID: UUID_SCHEMA,
    datetime: TIME_SCHEMA,
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}


class Command(BaseCommand):
    help = "Write the JSON Schema of every event into docs/events/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether the files are up to date")
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / "docs" / "events")

    def handle(self, *, check: bool, folder: Path, **options: Any) -> None:
        wanted = documents()
        there = {file.name: file.read_bytes() for file in folder.glob("*.json")}
        stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        if check and stale:
            raise CommandError(f"run `manage.py event_schemas`: {', '.join(stale)}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if name in wanted:
                (folder / name).write_bytes(wanted[name])
            else:
                (folder / name).unlink()
        self.stdout.write(f"{len(wanted)} schemas, {len(stale)} changed")


def documents() -> dict[str, bytes]:
    """File name to content of every registered event's schema."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {f"{name}.json": orjson.dumps(schema_of(cls), option=option) for name, cls in registered().items()}


def schema_of(cls: type[Event]) -> dict[str, Any]:
    """The whole envelope on the wire. Readers ignore properties they do not know."""
    attributes = {
        "specversion": {"const": "1.0"},
        "id": UUID_SCHEMA,
        "type": {"const": cls.__name__},
        "source": {"const": cls.source},
        "subject": {**UUID_SCHEMA, "description": cls.subject_field},
        "key": {"type": "string", "description": cls.key_field},
        "seq": {"type": "integer", "minimum": 1, "description": "1, 2, 3 … per source and subject"},
        "time": TIME_SCHEMA,
        "dataversion": {"type": "integer", "minimum": 1, "maximum": cls.version},
        "traceid": {"type": "string"},
        "datacontenttype": {"const": "application/json"},
        "data": _data_schema(cls),
    }
    about = {
        "$schema": DIALECT,
        "title": cls.__name__,
        "description": _description(cls),
        "x-topic": cls.topic,
    }
    required = [name for name in attributes if name not in ADDED_SINCE]
    return about | {"type": "object", "required": required, "properties": attributes}


def _data_schema(cls: type[Event]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    required = [field.name for field in fields(cls) if _is_required(field)]
    properties = {field.name: _type_schema(hints[field.name]) for field in fields(cls)}
    return {"type": "object", "required": required, "properties": properties}


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _type_schema(hint: Any) -> dict[str, Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_type_schema(arg) for arg in get_args(hint)]}
    return {"type": "null"} if hint is type(None) else TYPES[hint]


def _description(cls: type[Event]) -> str:
    """The docstring; dataclasses without one carry their signature there."""
    text = cls.__doc__ or ""
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(text.split())
