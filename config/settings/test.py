"""Tests: real PostgreSQL and Valkey (tests/conftest.py starts them), cheap password hashes."""

from config.settings.base import *

SECRET_KEY = "test-secret-key-test-secret-key-test-secret-key"
JWT_SIGNING_KEY = "test-token-key-test-token-key-test-token-key-test"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STRIPE_WEBHOOK_SECRETS = STRIPE_WEBHOOK_SECRETS or ["whsec_test"]
WHITENOISE_AUTOREFRESH = True
