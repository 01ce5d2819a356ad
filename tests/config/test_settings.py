"""Settings: a bad value stops the process and is named; production is strict; the house's tables hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import env
from config.settings.gateways import read_gateways
from payments.gateways.configured import configured

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "s" * 60 + "-1aZ!",
    "JWT_SIGNING_KEY": "j" * 60,
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
    "STRIPE_WEBHOOK_SECRETS": "whsec_1",
    "DATABASE_URL": "postgresql://app@db.example:5432/app",
    "REDIS_URL": "redis://redis.example:6379/0",
    "ALLOWED_HOSTS": "food.example",
}


def python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**path, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


class TestEnv:
    @pytest.fixture(autouse=True)
    def _empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("IT", raising=False)

    def test_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ImproperlyConfigured, match="IT must be set"):
            env.text("IT")
        assert env.text("IT", "else") == "else"
        monkeypatch.setenv("IT", "said")
        assert env.text("IT", "else") == "said"

    @pytest.mark.parametrize(
        ("value", "meaning"),
        [
            ("1", True),
            ("TRUE", True),
            (" yes ", True),
            ("on", True),
            ("0", False),
            ("no", False),
            ("OFF", False),
            ("", False),
        ],
    )
    def test_flag(self, monkeypatch: pytest.MonkeyPatch, value: str, meaning: bool) -> None:
        monkeypatch.setenv("IT", value)
        assert env.flag("IT", not meaning) is meaning

    def test_flag_of_neither(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IT", "maybe")
        with pytest.raises(ImproperlyConfigured, match="IT must be true or false"):
            env.flag("IT")

    @pytest.mark.parametrize("value", ["x", "", "nan", "0", "-1"])
    def test_number_out_of_bounds(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("IT", value)
        with pytest.raises(ImproperlyConfigured, match="IT must be"):
            env.number("IT", 1, minimum=0.01)

    def test_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert env.number("IT", 7, minimum=1) == 7
        monkeypatch.setenv("IT", "2.5")
        assert env.number("IT", 7, minimum=1) == 2.5

    def test_number_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IT", "1.5")
        assert env.number("IT", 1, minimum=0, maximum=1.5) == 1.5
        with pytest.raises(ImproperlyConfigured, match="IT must be at most 1"):
            env.number("IT", 1, minimum=0, maximum=1)

    def test_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert env.words("IT") == []
        monkeypatch.setenv("IT", " a, ,b ,")
        assert env.words("IT") == ["a", "b"]

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            (
                "postgresql://us%40er:p%2Fw@db.example:6543/name",
                {"NAME": "name", "USER": "us@er", "PASSWORD": "p/w", "HOST": "db.example", "PORT": "6543"},
            ),
            ("postgres:///name?host=/run/pg&port=5433", {"NAME": "name", "HOST": "/run/pg", "PORT": "5433"}),
            ("postgresql://db.example/name?sslmode=require", {"OPTIONS": {"sslmode": "require"}, "PORT": ""}),
        ],
    )
    def test_postgres(self, monkeypatch: pytest.MonkeyPatch, url: str, told: dict[str, Any]) -> None:
        monkeypatch.setenv("IT", url)
        found = env.postgres("IT", "")
        assert {name: found[name] for name in told} == told

    @pytest.mark.parametrize("url", ["", "mysql://db.example/name", "postgresql://db.example", "name"])
    def test_postgres_of_something_else(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("IT", url)
        with pytest.raises(ImproperlyConfigured, match="IT must look like"):
            env.postgres("IT", "")

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("redis://h:1/2", "redis://h:1/2"),
            ("rediss://h:1/2", "rediss://h:1/2"),
            ("unix:///run/v.sock?db=3", "redis+socket:///run/v.sock?virtual_host=3"),
            ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
        ],
    )
    def test_broker(self, url: str, told: str) -> None:
        assert env.celery_broker(url) == told

    def test_broker_of_something_else(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="REDIS_URL must be"):
            env.celery_broker("amqp://h")


class TestGateways:
    GIVEN = {"name": "backup", "secret_key": "sk_live_canary", "webhook_secrets": ["whsec_canary"]}

    def read(self, monkeypatch: pytest.MonkeyPatch, value: object) -> list[dict[str, Any]]:
        monkeypatch.setenv("IT", value if isinstance(value, str) else json.dumps(value))
        return read_gateways("IT")

    @pytest.mark.parametrize("value", ["", "  ", "[]"])
    def test_none(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.delenv("IT", raising=False)
        assert read_gateways("IT") == []
        assert self.read(monkeypatch, value) == []

    def test_in_their_order_and_filled_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        near = {**self.GIVEN, "name": "near", "api_base": "http://127.0.0.1:1/", "publishable_key": "pk_1"}
        assert self.read(monkeypatch, [near, self.GIVEN]) == [
            {**near, "kind": "stripe", "api_base": "http://127.0.0.1:1"},
            {
                **self.GIVEN,
                "kind": "stripe",
                "api_base": "https://api.stripe.com",
                "publishable_key": "",
            },
        ]

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("{", "IT must be JSON"),
            ({}, "IT must be a list"),
            (["backup"], r"IT\[0\] must be an object"),
            ([{**GIVEN, "colour": "red"}], r"IT\[0\] must be an object"),
            ([GIVEN, {"name": "x"}], r"IT\[1\].secret_key"),
            ([{**GIVEN, "secret_key": ""}], r"IT\[0\].secret_key"),
            ([{**GIVEN, "name": "Back up"}], r"IT\[0\].name"),
            ([{**GIVEN, "name": "x" * 21}], r"IT\[0\].name"),
            ([{**GIVEN, "name": 7}], r"IT\[0\].name"),
            ([{**GIVEN, "name": "credit"}], r"IT\[0\].name"),
            ([{**GIVEN, "kind": "cash"}], r"IT\[0\].kind"),
            ([{**GIVEN, "api_base": "api.stripe.com"}], r"IT\[0\].api_base"),
            ([{**GIVEN, "webhook_secrets": []}], r"IT\[0\].webhook_secrets"),
            ([{**GIVEN, "webhook_secrets": "whsec_1"}], r"IT\[0\].webhook_secrets"),
            ([{**GIVEN, "webhook_secrets": ["whsec_canary", ""]}], r"IT\[0\].webhook_secrets"),
            ([GIVEN, GIVEN], "same name"),
        ],
    )
    def test_nonsense_is_named_and_no_key_is_shown(
        self, monkeypatch: pytest.MonkeyPatch, value: object, said: str
    ) -> None:
        with pytest.raises(ImproperlyConfigured, match=said) as caught:
            self.read(monkeypatch, value)
        assert "canary" not in str(caught.value)

    def test_keys_do_not_show_in_logs(self, settings: Any) -> None:
        settings.PAYMENT_GATEWAYS = [{**self.GIVEN, "kind": "stripe", "api_base": "https://x.example"}]
        assert "canary" not in repr(configured())

    def test_production_needs_no_other_account(self) -> None:
        given = {name: value for name, value in PRODUCTION.items() if not name.startswith("STRIPE_")}
        ended = python("import config.settings.prod", **given, PAYMENT_GATEWAYS=json.dumps([self.GIVEN]))
        assert ended.returncode == 0, ended.stderr


class TestProduction:
    READ = (
        "from django.conf import settings; import json;"
        " print(json.dumps({name: getattr(settings, name) for name in %r}))"
    )

    def test_it_starts_with_everything_given_and_is_strict(self) -> None:
        names = [
            "DEBUG",
            "SECURE_SSL_REDIRECT",
            "SESSION_COOKIE_SECURE",
            "CSRF_COOKIE_SECURE",
            "SESSION_COOKIE_HTTPONLY",
            "SECURE_HSTS_SECONDS",
            "ALLOWED_HOSTS",
            "SIMULATION_SPEED",
        ]
        ended = python(self.READ % names, **PRODUCTION)
        assert ended.returncode == 0, ended.stderr
        assert list(json.loads(ended.stdout).values()) == [
            False,
            True,
            True,
            True,
            True,
            31_536_000,
            ["food.example"],
            1,
        ]

    @pytest.mark.parametrize(
        "missing",
        [
            name
            for name in PRODUCTION
            if name not in {"DJANGO_SETTINGS_MODULE", "ALLOWED_HOSTS", "STRIPE_WEBHOOK_SECRETS"}
        ],
    )
    def test_it_does_not_start_without(self, missing: str) -> None:
        given = {name: value for name, value in PRODUCTION.items() if name != missing}
        ended = python("import config.settings.prod", **given)
        assert ended.returncode != 0
        assert f"{missing} must be set" in ended.stderr

    @pytest.mark.slow
    def test_djangos_own_check_for_deployment_is_clean(self) -> None:
        code = "import django; django.setup(); from django.core.management import call_command;"
        ended = python(f"{code} call_command('check', deploy=True, fail_level='WARNING')", **PRODUCTION)
        assert ended.returncode == 0, ended.stderr

    def test_the_default_is_production(self) -> None:
        """A server that was told nothing must not start as somebody's laptop."""
        for module in ("config.wsgi", "config.celery"):
            ended = python(f"import {module}")
            assert "SECRET_KEY must be set" in ended.stderr, module


class TestTheTables:
    """What the assembly names exists."""

    def test_every_task_that_is_scheduled_is_registered_and_routed(self) -> None:
        from celery.app.routes import prepare
        from django.conf import settings

        from config.celery import app

        app.loader.import_default_modules()
        scheduled = {row["task"] for row in app.conf.beat_schedule.values()}
        assert scheduled <= set(app.tasks), scheduled - set(app.tasks)
        assert prepare(app.conf.task_routes)
        assert settings.EVENT_TRANSPORT == "celery"

    def test_every_task_of_ours_has_a_time_limit_and_a_queue(self) -> None:
        from config.celery import app

        app.loader.import_default_modules()
        ours = {name: task for name, task in app.tasks.items() if not name.startswith(("celery.", "bench."))}
        assert ours
        for name, task in ours.items():
            assert task.soft_time_limit, name
            assert task.time_limit > task.soft_time_limit, name
            route = app.amqp.router.route({}, name)
            assert route["queue"].name != "celery", name

    def test_every_subscription_leads_to_a_function_and_a_queue(self) -> None:
        from django.utils.module_loading import import_string

        from config.subscriptions import SUBSCRIPTIONS

        for row in SUBSCRIPTIONS:
            assert callable(import_string(row.handler)), row.name
            assert row.events, row.name
        names = [row.name for row in SUBSCRIPTIONS]
        assert len(names) == len(set(names))
