from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Assembly"

    def ready(self) -> None:
        import config.celery

        config.celery.app.set_default()
