from django.urls import path

from drivers.web import views

urlpatterns = [path("driver/", views.console, name="driver-console")]
