from django.apps import AppConfig


class DriversConfig(AppConfig):
    name = "drivers"
    label = "drivers"
    verbose_name = "Drivers"
