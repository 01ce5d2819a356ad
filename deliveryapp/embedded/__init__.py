"""PostgreSQL, Valkey and the project's own processes on a bare machine: no Django in here."""
