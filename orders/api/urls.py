from django.urls import include, path

from orders.api import actions, amendments, closing, customers, kitchens, money, riders, slots, today

board = [
    path("", kitchens.BoardView.as_view()),
    path("<uuid:order_id>/acknowledge/", kitchens.AcknowledgeView.as_view()),
    path("<uuid:order_id>/confirm/", kitchens.ConfirmView.as_view()),
    path("<uuid:order_id>/reject/", kitchens.RejectView.as_view()),
    path("<uuid:order_id>/cancel/", kitchens.CancelConfirmedView.as_view()),
    path("<uuid:order_id>/prep-time/", kitchens.PrepTimeView.as_view()),
    path("<uuid:order_id>/preparing/", kitchens.PreparingView.as_view()),
    path("<uuid:order_id>/ready/", kitchens.ReadyView.as_view()),
    path("<uuid:order_id>/lines/<uuid:line_id>/remove/", amendments.RemoveLineView.as_view()),
    path("<uuid:order_id>/lines/<uuid:line_id>/swap/", amendments.SwapLineView.as_view()),
]
urlpatterns = [
    path("quotes/", customers.QuoteView.as_view()),
    path("orders/", customers.OrdersView.as_view()),
    path("orders/<uuid:order_id>/", customers.OrderView.as_view()),
    path("orders/<uuid:order_id>/status/", customers.StatusView.as_view()),
    path("orders/<uuid:order_id>/cancel/", customers.CancelView.as_view()),
    path("orders/<uuid:order_id>/amendments/<uuid:amendment_id>/answer/", amendments.AnswerView.as_view()),
    path("orders/<uuid:order_id>/alternatives/", customers.AlternativesView.as_view()),
    path("orders/<uuid:order_id>/again/", customers.AgainView.as_view()),
    path("orders/<uuid:order_id>/receipt/", money.ReceiptView.as_view()),
    path("orders/<uuid:order_id>/refunds/", money.RefundsView.as_view()),
    path("orders/<uuid:order_id>/tip/", money.TipView.as_view()),
    path("credit/", money.CreditView.as_view()),
    path("addresses/", customers.AddressesView.as_view()),
    path("restaurants/<uuid:restaurant_id>/orders/", include(board)),
    path("restaurants/<uuid:restaurant_id>/today/", today.TodayView.as_view()),
    path("restaurants/<uuid:restaurant_id>/slots/", slots.SlotsView.as_view()),
    path("restaurants/<uuid:restaurant_id>/close/", closing.CloseView.as_view()),
    path("restaurants/<uuid:restaurant_id>/suspension/", closing.SuspensionView.as_view()),
    path("restaurants/<uuid:restaurant_id>/earnings/", money.RestaurantEarningsView.as_view()),
    path("driver/earnings/", money.DriverEarningsView.as_view()),
    path("driver/actions/", actions.ActionsView.as_view()),
    path("driver/deliveries/", riders.DeliveriesView.as_view()),
    path("driver/deliveries/<uuid:order_id>/picked-up/", riders.PickedUpView.as_view()),
    path("driver/deliveries/<uuid:order_id>/delivered/", riders.DeliveredView.as_view()),
]
