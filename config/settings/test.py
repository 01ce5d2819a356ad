"""Tests: real PostgreSQL and Valkey (tests/conftest.py starts them), cheap password hashes."""

from config.settings import env
from config.settings.base import *

SECRET_KEY = "test-secret-key-test-secret-key-test-secret-key"
JWT_SIGNING_KEY = "test-token-key-test-token-key-test-token-key-test"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STRIPE_WEBHOOK_SECRETS = STRIPE_WEBHOOK_SECRETS or ["whsec_test"]
# Tests of outages fail calls by the dozen and look at each; those of the circuit say what they want.
PAYMENT_CIRCUIT_MIN_CALLS = int(env.number("PAYMENT_CIRCUIT_MIN_CALLS", 1_000_000, minimum=1))
WHITENOISE_AUTOREFRESH = True
KAFKA_REPLICATION_FACTOR = int(env.number("KAFKA_REPLICATION_FACTOR", 1, minimum=1))  # one broker
FAILPOINTS = env.text("FAILPOINTS", "")
