from dataclasses import dataclass

from django.db import connection

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    id: str
    promise: str
    sql: str


def find_breaches(invariant: Invariant) -> list[str]:
    """At most MAX_SHOWN breaches, each a sentence with the ids to look up."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({invariant.sql}) breaches LIMIT {MAX_SHOWN}")  # noqa: S608 - our own text
        return [row[0] for row in cursor.fetchall()]
