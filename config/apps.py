from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Assembly"

    def ready(self) -> None:
        import config.celery
        import deliveryapp.api.schema  # noqa: F401 - registers the schema extensions

        config.celery.app.set_default()
