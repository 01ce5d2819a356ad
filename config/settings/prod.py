"""Production: every key must be given, everything over TLS."""

from django.core.exceptions import ImproperlyConfigured

from config.settings import env
from config.settings.base import *

SECRET_KEY = env.given("SECRET_KEY")
JWT_SIGNING_KEY = env.given("JWT_SIGNING_KEY")
if not PAYMENT_GATEWAYS:
    STRIPE_SECRET_KEY = env.given("STRIPE_SECRET_KEY")
    STRIPE_PUBLISHABLE_KEY = env.given("STRIPE_PUBLISHABLE_KEY")
    env.given("STRIPE_WEBHOOK_SECRETS")
env.given("DATABASE_URL")
env.given("REDIS_URL")
env.given("ALLOWED_HOSTS")
if env.text("FAILPOINTS", ""):
    raise ImproperlyConfigured("FAILPOINTS kills processes on purpose: not in production")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
