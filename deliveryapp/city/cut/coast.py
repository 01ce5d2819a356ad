"""Sea polygons from coastlines that run in and out of a box.

OpenStreetMap draws a coastline with the water on its right. So from where a line leaves the box, walking the
rim clockwise, everything up to where the next line enters is sea.
"""

from __future__ import annotations

from deliveryapp.city.cut.elements import Coordinate, Extract, Ring

# the rim is measured clockwise from the south-west corner: west side 0..1, north 1..2, east 2..3, south 3..4
_AROUND = 4.0


def sea_rings(extract: Extract) -> list[Ring]:
    """Closed rings of the sea inside the extract's box. Ends are carried straight on to the nearest side."""
    runs = [
        [position for _, position in run]
        for line in extract.lines
        if line.tags.get("natural") == "coastline"
        for run in line.runs
    ]
    entries = {_rim(extract, run[0]): run for run in runs}
    rings = []
    while entries:
        first = rim = next(iter(entries))
        ring: Ring = []
        while rim in entries:
            run = entries.pop(rim)
            ring += [_on_rim(extract, rim), *run]
            leaves = _rim(extract, run[-1])
            rim = min([*entries, first], key=lambda entry: (entry - leaves) % _AROUND)
            ring += [_on_rim(extract, stop) for stop in [leaves, *_corners(leaves, rim)]]
        rings.append([*ring, ring[0]])
    return rings


def _corners(start: float, end: float) -> list[float]:
    """Whole numbers passed on the way clockwise from `start` to `end`."""
    reach = start + (end - start) % _AROUND
    return [float(corner) % _AROUND for corner in range(int(start) + 1, int(reach) + 1)]


def _rim(box: Extract, point: Coordinate) -> float:
    """Place on the rim nearest to `point`."""
    x = (point[0] - box.west) / (box.east - box.west)
    y = (point[1] - box.south) / (box.north - box.south)
    sides = [(x, y), (1 - y, 1 + x), (1 - x, 3 - y), (y, 4 - x)]
    return min(sides)[1] % _AROUND


def _on_rim(box: Extract, rim: float) -> Coordinate:
    side, along = int(rim), rim % 1.0
    x, y = [(0.0, along), (along, 1.0), (1.0, 1 - along), (1 - along, 0.0)][side]
    return box.west + x * (box.east - box.west), box.south + y * (box.north - box.south)
