from django.urls import path

from restaurants.api import hours, views

urlpatterns = [
    path("restaurants/", views.RestaurantsView.as_view()),
    path("restaurants/cuisines/", views.CuisinesView.as_view()),
    path("restaurants/mine/", views.MineView.as_view()),
    path("restaurants/<slug:key>/", views.RestaurantView.as_view()),
    path("restaurants/<uuid:restaurant_id>/hours/", hours.HoursView.as_view()),
    path("restaurants/<uuid:restaurant_id>/special-days/import/", hours.SpecialDaysImportView.as_view()),
    path("restaurants/<uuid:restaurant_id>/busy/", views.BusyView.as_view()),
    path("restaurants/<uuid:restaurant_id>/pause/", views.PauseView.as_view()),
    path("restaurants/<uuid:restaurant_id>/resume/", views.ResumeView.as_view()),
    path("restaurants/<uuid:restaurant_id>/items/<uuid:item_id>/", views.ItemView.as_view()),
]
