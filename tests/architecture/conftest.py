from tests.orders.fixtures import sandbox, stage

__all__ = ["sandbox", "stage"]
