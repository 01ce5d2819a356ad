from django.urls import path

from restaurants.web import views

urlpatterns = [
    path("", views.discover, name="discover"),
    path("restaurants/<slug:slug>/", views.restaurant, name="restaurant"),
    path("restaurants/<slug:slug>/picture.svg", views.picture, name="restaurant-picture"),
    path("kitchen/", views.kitchens, name="kitchen"),
    path("kitchen/join/", views.join, name="kitchen-join"),
    path("kitchen/<slug:slug>/", views.board, name="kitchen-board"),
    path("kitchen/<slug:slug>/menu/", views.menu, name="kitchen-menu"),
    path("kitchen/<slug:slug>/staff/", views.staff, name="kitchen-staff"),
    path("kitchen/<slug:slug>/hours/", views.hours, name="kitchen-hours"),
]
