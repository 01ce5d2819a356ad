from django.apps import AppConfig


class KafkaTestsConfig(AppConfig):
    """What takes forever is cut off after seconds."""

    name = "tests.kafka"

    def ready(self) -> None:
        from deliveryapp import watchdog

        watchdog.LIMIT_S = 2.0
