from deliveryapp.models.events import Broker, DeadLetter, InboxEntry, OutboxEvent, RelayShard
from deliveryapp.models.idempotency import IdempotencyRecord
from deliveryapp.models.identity import RefreshToken, User
from deliveryapp.models.saga import SagaRun, SagaStep

__all__ = [
    "Broker",
    "DeadLetter",
    "IdempotencyRecord",
    "InboxEntry",
    "OutboxEvent",
    "RefreshToken",
    "RelayShard",
    "SagaRun",
    "SagaStep",
    "User",
]
