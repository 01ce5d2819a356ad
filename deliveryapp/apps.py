from django.apps import AppConfig


class DeliveryAppConfig(AppConfig):
    name = "deliveryapp"
    verbose_name = "Kernel"
