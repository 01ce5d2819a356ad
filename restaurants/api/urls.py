from django.urls import path

from restaurants.api import areas, favourites, views

urlpatterns = [
    path("restaurants/", views.RestaurantsView.as_view()),
    path("restaurants/cuisines/", views.CuisinesView.as_view()),
    path("restaurants/mine/", views.MineView.as_view()),
    path("favourites/", favourites.FavouritesView.as_view()),
    path("favourites/restaurants/", favourites.NearbyView.as_view()),
    path("favourites/<uuid:restaurant_id>/", favourites.FavouriteView.as_view()),
    path("restaurants/<uuid:restaurant_id>/delivery-area/", areas.AreaView.as_view()),
    path("restaurants/<slug:key>/", views.RestaurantView.as_view()),
    path("restaurants/<uuid:restaurant_id>/pause/", views.PauseView.as_view()),
    path("restaurants/<uuid:restaurant_id>/resume/", views.ResumeView.as_view()),
    path("restaurants/<uuid:restaurant_id>/items/<uuid:item_id>/", views.ItemView.as_view()),
]
