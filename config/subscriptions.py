"""Who reacts to what: the one table. Read it to know what follows from an event."""

from deliveryapp.subscriptions import Subscription
from drivers import events as drivers
from orders import events as orders
from payments import events as payments

ORDER_EVENTS = (
    orders.OrderCreated,
    orders.OrderPlaced,
    orders.OrderConfirmed,
    orders.OrderPrepTimeChanged,
    orders.OrderAmended,
    orders.OrderPreparing,
    orders.OrderReady,
    orders.OrderPickedUp,
    orders.OrderDelivered,
    orders.OrderCancelled,
    orders.OrderFailed,
)

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(
        name="orders.saga",
        handler="orders.handlers.wake_sagas",
        batched=True,
        events=(
            payments.PaymentAuthorized,
            payments.PaymentDeclined,
            payments.PaymentVoided,
            payments.PaymentCaptured,
            payments.PaymentRefunded,
            drivers.DriverAssigned,
            drivers.DriverReleased,
            drivers.DriverSilent,
            drivers.DriverHeard,
            drivers.NoDriverFound,
        ),
        queue="saga",
    ),
    Subscription(
        name="orders.silent_driver",
        handler="orders.handlers.tell_of_silent_driver",
        events=(drivers.DriverReleased,),
        queue="saga",
    ),
    Subscription(
        name="orders.senders",
        handler="orders.handlers.send_notification",
        events=(orders.NotificationRequested,),
        queue="saga",
        exactly_once=False,  # a network call: told twice is better than not told
    ),
    Subscription(
        name="tracking.notices",
        handler="tracking.handlers.on_notification",
        events=(orders.NotificationRequested,),
        queue="tracking",
        exactly_once=False,
    ),
    Subscription(
        name="tracking.orders",
        handler="tracking.handlers.on_order_event",
        events=ORDER_EVENTS,
        queue="tracking",
        exactly_once=False,
    ),
    Subscription(
        name="tracking.drivers",
        handler="tracking.handlers.on_driver_event",
        events=(
            drivers.DriverOffered,
            drivers.DriverOfferExpired,
            drivers.DriverOfferDeclined,
            drivers.DriverOfferWithdrawn,
            drivers.DriverAssigned,
            drivers.DriverArrived,
            drivers.DriverReleased,
            drivers.DriverHeard,
            drivers.NoDriverFound,
        ),
        queue="tracking",
        exactly_once=False,
    ),
)
