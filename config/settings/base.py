"""Settings that hold in every environment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config.settings import env
from config.settings.gateways import read_gateways
from deliveryapp.logs import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = env.text("SECRET_KEY", "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
JWT_SIGNING_KEY = env.text("JWT_SIGNING_KEY", "")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "config",
    "tracking",
    "orders",
    "payments",
    "drivers",
    "restaurants",
    "deliveryapp",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_fsm",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "deliveryapp.web.middleware.ContentSecurityPolicy",
    "deliveryapp.web.middleware.RequestContext",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "deliveryapp" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "deliveryapp.web.context.page",
            ],
        },
    },
]

# Data ---------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.postgres("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/deliveryapp")
}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0,  # the pool keeps connections; Django must not
    "CONN_HEALTH_CHECKS": True,  # without it every pooled connection fails once after a restart
    "ATOMIC_REQUESTS": False,
}
DATABASES["default"]["OPTIONS"] |= {
    "pool": {"min_size": 1, "max_size": int(env.number("DB_POOL_SIZE", 8, minimum=1)), "timeout": 5},
    "options": "-c lock_timeout=2000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=10000",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
REDIS_PREFIX = env.text("REDIS_PREFIX", "")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            # redis-py's default read time-out of 5 s would close idle sockets.
            "hosts": [{"address": REDIS_URL, "socket_timeout": 30}],
            "prefix": f"{REDIS_PREFIX}live",
        },
    }
}

# Identity -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "deliveryapp.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
JWT_ISSUER = "deliveryapp"
JWT_AUDIENCE = "deliveryapp-api"
ROLE_PROVIDERS = {
    "customer": "orders.facade.role_of",
    "restaurants": "restaurants.facade.role_of",
    "driver": "drivers.facade.role_of",
}
SESSION_ENGINE = "deliveryapp.identity.session_engine"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "deliveryapp.api.authentication.BearerAuthentication",
        "deliveryapp.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["deliveryapp.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["deliveryapp.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "deliveryapp.api.pagination.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "deliveryapp.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "deliveryapp.api.problems.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Doorstep API",
    "DESCRIPTION": (
        "Order food from cart to door. Errors are RFC 9457 problem+json with a stable `code`; lists use "
        "cursor pages; money is integer minor units; times are ISO 8601 UTC."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "KitchenReasonEnum": "orders.reject_reasons.ALL",
        "DeclineReasonEnum": "drivers.models.DeclineReason",
        "PromotionKindEnum": "restaurants.offers.KINDS",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# Work in the background ---------------------------------------------------------------------
EVENT_TRANSPORT = env.text("EVENT_TRANSPORT", "celery")
EVENT_SUBSCRIPTIONS = "config.subscriptions.SUBSCRIPTIONS"
SAGAS = ("orders.saga.ORDER_SAGA",)
# How long a customer has to answer a swap; then what is missing is taken off the order.
SWAP_ANSWER_S = env.number("SWAP_ANSWER_S", 180, minimum=1)
# When a kitchen has not seen an order: its board rings louder, all its staff are told, its telephone rings,
# support looks (orders/services/escalating.py); after 5 minutes the order is cancelled.
UNSEEN_LOUDER_S = env.number("UNSEEN_LOUDER_S", 60, minimum=1)
UNSEEN_STAFF_S = env.number("UNSEEN_STAFF_S", 120, minimum=1)
UNSEEN_CALL_S = env.number("UNSEEN_CALL_S", 180, minimum=1)
UNSEEN_SUPPORT_S = env.number("UNSEEN_SUPPORT_S", 240, minimum=1)
# Who sends what nobody looks at, per channel: a dotted path to a `Sender` (orders/services/sending.py).
NOTIFICATION_SENDERS = dict.fromkeys(("push", "sms", "call"), "orders.services.sending.LogSender")
# How long events and what came of them are kept, in days. The inbox must outlive whatever can bring an event
# back: the outbox and the log of the broker (Kafka's own default is 7 days).
OUTBOX_KEPT_D = env.number("OUTBOX_KEPT_D", 14, minimum=1)
INBOX_KEPT_D = env.number("INBOX_KEPT_D", 30, minimum=OUTBOX_KEPT_D + 7)
DEAD_LETTERS_KEPT_D = env.number("DEAD_LETTERS_KEPT_D", 30, minimum=1)  # from their end
SAGA_LOG_KEPT_D = env.number("SAGA_LOG_KEPT_D", 90, minimum=1)  # from the end of the saga
FAILPOINTS = ""  # a directory, where processes may be killed on purpose (deliveryapp/failpoints.py)

# Kafka, with EVENT_TRANSPORT=kafka ----------------------------------------------------------
KAFKA_BOOTSTRAP_SERVERS = env.text("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
KAFKA_TOPIC_PREFIX = env.text("KAFKA_TOPIC_PREFIX", "")  # of topics and groups, where a broker is shared
KAFKA_PARTITIONS = int(env.number("KAFKA_PARTITIONS", 32, minimum=1))  # never change it for a topic in use
KAFKA_REPLICATION_FACTOR = int(env.number("KAFKA_REPLICATION_FACTOR", 3, minimum=1))
KAFKA_SEND_TIMEOUT_S = env.number("KAFKA_SEND_TIMEOUT_S", 10, minimum=0.1)
KAFKA_SESSION_TIMEOUT_S = env.number("KAFKA_SESSION_TIMEOUT_S", 10, minimum=1)
KAFKA_CLIENT_OPTIONS = env.pairs("KAFKA_CLIENT_OPTIONS")  # security.protocol=SASL_SSL,sasl.username=…

# The demo city and its clock ----------------------------------------------------------------
SIMULATION_SPEED = env.number("SIMULATION_SPEED", 1, minimum=0.01)
CITY = env.text("CITY", "helsinki")

# Watching ------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # Prometheus sends it as a bearer; empty: no /metrics

# Where browsers and apps find us ------------------------------------------------------------
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
LIVE_URL = env.text("LIVE_URL", "").rstrip("/")  # empty: sockets on the same origin as the pages

# Payments -----------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "sk_test_sandbox")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com").rstrip("/")
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRETS")
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY", "")
# Several accounts, the preferred one first; empty: the one above, named "stripe".
PAYMENT_GATEWAYS = read_gateways("PAYMENT_GATEWAYS")
# The circuit breaker of each gateway (deliveryapp/circuit/terms.py says what the words mean).
PAYMENT_CIRCUIT_WINDOW_S = env.number("PAYMENT_CIRCUIT_WINDOW_S", 30, minimum=0.01)
PAYMENT_CIRCUIT_MIN_CALLS = int(env.number("PAYMENT_CIRCUIT_MIN_CALLS", 8, minimum=1))
PAYMENT_CIRCUIT_FAILURE_SHARE = env.number("PAYMENT_CIRCUIT_FAILURE_SHARE", 0.5, minimum=0.01, maximum=1)
PAYMENT_CIRCUIT_OPEN_S = env.number("PAYMENT_CIRCUIT_OPEN_S", 5, minimum=0.01)
PAYMENT_CIRCUIT_LONGEST_OPEN_S = env.number("PAYMENT_CIRCUIT_LONGEST_OPEN_S", 60, minimum=0.01)
PAYMENT_CIRCUIT_TRIAL_S = env.number("PAYMENT_CIRCUIT_TRIAL_S", 30, minimum=0.01)
HOLD_RENEWED_BEFORE_H = env.number("HOLD_RENEWED_BEFORE_H", 24, minimum=0)  # of its end

# Static files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT: str | None = env.text("STATIC_ROOT", "") or None  # collected files, where nginx serves them
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 60

configure_logging()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "deliveryapp.logs.json_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}
