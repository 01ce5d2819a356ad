"""How a process of one thread talks to the database."""

from django.db import connection


def use_one_connection() -> None:
    """No pool: it would take its whole patience to say that the database is away. Call it before the first
    query; whoever calls checks what is kept (`close_old_connections`) before each piece of work.
    """
    connection.settings_dict["OPTIONS"].pop("pool", None)
    connection.settings_dict["CONN_MAX_AGE"] = None
