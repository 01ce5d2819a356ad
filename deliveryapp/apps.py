from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from deliveryapp import failpoints


class DeliveryAppConfig(AppConfig):
    name = "deliveryapp"
    verbose_name = "Kernel"

    def ready(self) -> None:
        if settings.FAILPOINTS:
            failpoints.enable(Path(settings.FAILPOINTS))
