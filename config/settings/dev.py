"""A developer's machine and the demo: keys by default, plain HTTP on loopback."""

from config.settings import env
from config.settings.base import *

DEBUG = env.flag("DEBUG")
FAILPOINTS = env.text("FAILPOINTS", "")
SECRET_KEY = SECRET_KEY or "development-only-secret-key-never-used-in-production"
JWT_SIGNING_KEY = JWT_SIGNING_KEY or "development-only-token-key-never-used-in-production"
ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]
KAFKA_REPLICATION_FACTOR = int(env.number("KAFKA_REPLICATION_FACTOR", 1, minimum=1))  # one broker
