"""JSON kept as it came."""

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json


class VerbatimJSONField(models.JSONField):
    """A column of type `json` instead of `jsonb`: it also takes NUL and lone surrogates, which foreign
    messages may hold and which jsonb refuses. Nothing inside it can be searched."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return value if value is None or isinstance(value, Json) else Json(value, dumps=strict_json)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return value  # the driver has read it


def strict_json(value: Any) -> str:
    """ASCII only. Raises ValueError for NaN and infinities, which are no JSON."""
    return json.dumps(value, allow_nan=False)
