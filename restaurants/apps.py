from django.apps import AppConfig


class RestaurantsConfig(AppConfig):
    name = "restaurants"
    label = "restaurants"
    verbose_name = "Restaurants"
