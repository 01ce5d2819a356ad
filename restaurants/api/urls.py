from django.urls import path

from restaurants.api import areas, catalogue, favourites, hours, promotions, staff, views

MENU = "restaurants/<uuid:restaurant_id>/catalogue"

urlpatterns = [
    path("restaurants/", views.RestaurantsView.as_view()),
    path("restaurants/cuisines/", views.CuisinesView.as_view()),
    path("restaurants/mine/", views.MineView.as_view()),
    path("favourites/", favourites.FavouritesView.as_view()),
    path("favourites/restaurants/", favourites.NearbyView.as_view()),
    path("favourites/<uuid:restaurant_id>/", favourites.FavouriteView.as_view()),
    path("restaurants/<uuid:restaurant_id>/delivery-area/", areas.AreaView.as_view()),
    path("restaurants/<slug:key>/", views.RestaurantView.as_view()),
    path("restaurants/<uuid:restaurant_id>/hours/", hours.HoursView.as_view()),
    path("restaurants/<uuid:restaurant_id>/special-days/import/", hours.SpecialDaysImportView.as_view()),
    path("restaurants/<uuid:restaurant_id>/staff/", staff.StaffView.as_view()),
    path("restaurants/<uuid:restaurant_id>/staff/<uuid:user_id>/", staff.MemberView.as_view()),
    path(
        "restaurants/<uuid:restaurant_id>/staff/invitations/<uuid:invitation_id>/",
        staff.InvitationView.as_view(),
    ),
    path("staff/join/", staff.JoinView.as_view()),
    path("restaurants/<uuid:restaurant_id>/busy/", views.BusyView.as_view()),
    path("restaurants/<uuid:restaurant_id>/pause/", views.PauseView.as_view()),
    path("restaurants/<uuid:restaurant_id>/resume/", views.ResumeView.as_view()),
    path("restaurants/<uuid:restaurant_id>/items/<uuid:item_id>/", catalogue.ItemSwitchView.as_view()),
    path("restaurants/<uuid:restaurant_id>/options/<uuid:option_id>/", catalogue.OptionSwitchView.as_view()),
    path("restaurants/<uuid:restaurant_id>/promotions/", promotions.PromotionsView.as_view()),
    path(
        "restaurants/<uuid:restaurant_id>/promotions/<uuid:promotion_id>/",
        promotions.PromotionView.as_view(),
    ),
    path(f"{MENU}/", catalogue.CatalogueView.as_view()),
    path(f"{MENU}/export/csv/", catalogue.ExportView.as_view(), {"kind": "csv"}),
    path(f"{MENU}/export/json/", catalogue.ExportView.as_view(), {"kind": "json"}),
    path(f"{MENU}/import/", catalogue.ImportView.as_view()),
    path(f"{MENU}/sections/", catalogue.SectionsView.as_view()),
    path(f"{MENU}/sections/<uuid:row_id>/", catalogue.SectionView.as_view()),
    path(f"{MENU}/items/", catalogue.ItemsView.as_view()),
    path(f"{MENU}/items/<uuid:row_id>/", catalogue.ItemView.as_view()),
    path(f"{MENU}/groups/", catalogue.GroupsView.as_view()),
    path(f"{MENU}/groups/<uuid:row_id>/", catalogue.GroupView.as_view()),
    path(f"{MENU}/options/", catalogue.OptionsView.as_view()),
    path(f"{MENU}/options/<uuid:row_id>/", catalogue.OptionView.as_view()),
]
