from django.urls import path

from payments.api import cards

urlpatterns = [
    path("cards/", cards.CardsView.as_view()),
    path("cards/<uuid:card_id>/", cards.CardView.as_view()),
    path("cards/<uuid:card_id>/default/", cards.DefaultCardView.as_view()),
    path("cards/setups/", cards.SetupsView.as_view()),
    path("cards/setups/<slug:setup_ref>/confirm/", cards.ConfirmSetupView.as_view()),
]
