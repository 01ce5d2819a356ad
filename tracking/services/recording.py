"""A driver's points by plain HTTP, in one go: judge, store, and say who should see them."""

from datetime import datetime
from uuid import UUID

from deliveryapp import positions
from deliveryapp.clock import speed
from drivers import facade as drivers
from drivers.facade import NotADriver
from tracking.errors import NotOnShift
from tracking.services.fanout import PositionFrame, frames_of
from tracking.services.points import Judged, Track, judge, read_points


def record_points(*, user_id: UUID, body: object, now: datetime) -> tuple[Judged, list[PositionFrame]]:
    """The verdict, and the frames to push. Raises NotADriver, NotOnShift, PointsInvalid,
    PositionsUnavailable."""
    driver = drivers.driver_of(user_id=user_id)
    if driver is None:
        raise NotADriver
    points = read_points(body)
    if driver.status == "offline":
        raise NotOnShift
    last = positions.get_many(region=driver.region, driver_ids=[driver.id]).get(driver.id)
    judged = judge(points, driver_id=driver.id, track=Track(last), now=now, speed=speed())
    if not judged.accepted:
        return judged, []
    newest = max(judged.accepted, key=lambda position: (position.at, position.seq))
    positions.write_many(region=driver.region, rows=[newest])
    trips = drivers.live_trips(driver_ids=[driver.id])[driver.id]
    return judged, frames_of(trips, newest, now=now)
