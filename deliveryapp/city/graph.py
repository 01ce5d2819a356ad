"""Shortest ways along streets: scipy's Dijkstra where every node can reach every other.

Importing this module loads numpy and scipy. Distances in metres, positions as `Point`; no notion of time or
vehicle here, that is `deliveryapp.routing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from deliveryapp.city.access import Access
from deliveryapp.geo import EARTH_RADIUS_M, Point

SNAP_LIMIT_M = 300.0
CIRCUITY = 1.35  # street distance over straight line; Boeing 2019 measures 1.2-1.4 in European cities
TREE_CACHE_BYTES = 32 * 1024 * 1024

Metres = NDArray[np.float64]
_Nodes = NDArray[np.intp]
_Tree = tuple[NDArray[np.float32], NDArray[np.int32]]  # metres per node, next node on the way (< 0: none)


class StreetGraph:
    """All streets of a city; `network` is the part of it open to one way of moving."""

    def __init__(
        self,
        coordinates: NDArray[np.float64],
        ends: NDArray[np.intp],
        lengths_m: Metres,
        access: NDArray[np.intp],
    ) -> None:
        """`coordinates` (n, 2) lat, lng; `ends` (m, 2) from and to node; `access` (m,) bits of `Access`."""
        self._coordinates, self._ends, self._lengths_m, self._access = coordinates, ends, lengths_m, access
        self._networks: dict[Access, StreetNetwork] = {}

    @classmethod
    def from_rows(cls, *, nodes: Iterable[Sequence[float]], edges: Iterable[Sequence[float]]) -> StreetGraph:
        """From `[lat, lng]` rows and `[a, b, length_m, access a to b, access b to a]` rows."""
        table = np.array(list(edges), dtype=np.float64)
        pairs = table[:, :2].astype(np.intp)
        return cls(
            np.array(list(nodes), dtype=np.float64),
            np.concatenate([pairs, pairs[:, ::-1]]),
            np.concatenate([table[:, 2], table[:, 2]]),
            np.concatenate([table[:, 3], table[:, 4]]).astype(np.intp),
        )

    def network(self, access: Access) -> StreetNetwork:
        """The largest part open to `access` where every node can reach every other. Built once."""
        if access not in self._networks:
            usable = (self._access & int(access)) != 0
            self._networks[access] = StreetNetwork(
                *_strongest_part(self._coordinates, self._ends[usable], self._lengths_m[usable])
            )
        return self._networks[access]


class StreetNetwork:
    """A strongly connected street network: nearest node, distances, paths.

    Each shortest-path tree (4 ms for 6,000 nodes) is kept in an LRU cache bounded by memory, so a fixed end
    (a restaurant, a front door) is paid for once while the other end moves.
    """

    def __init__(self, coordinates: NDArray[np.float64], ends: _Nodes, lengths_m: Metres) -> None:
        size = len(coordinates)
        self.coordinates = coordinates
        self._scale = _metres_per_degree(float(coordinates[:, 0].mean()))
        self._nearest = cKDTree(coordinates * self._scale)
        self._onward = _shortest_edges(size, ends, lengths_m)
        self._backward = csr_array(self._onward.T)
        self._tree = lru_cache(maxsize=max(64, TREE_CACHE_BYTES // (8 * size)))(self._grow_tree)

    def nearest(self, points: Sequence[Point]) -> tuple[_Nodes, Metres]:
        """For each point the nearest node and the straight distance to it."""
        distances_m, nodes = self._nearest.query(_as_array(points) * self._scale)
        return np.asarray(nodes, dtype=np.intp), np.asarray(distances_m, dtype=np.float64)

    def distances_m(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Metres:
        """Matrix (origins, destinations) of street metres, the walk to and from the street included.

        Ends that share a node, or lie more than SNAP_LIMIT_M from one, get straight line x CIRCUITY.
        """
        if not origins or not destinations:
            return np.zeros((len(origins), len(destinations)))
        from_nodes, from_m = self.nearest(origins)
        to_nodes, to_m = self.nearest(destinations)
        along = self._between_nodes(from_nodes, to_nodes) + from_m[:, None] + to_m[None, :]
        off_street = (from_m[:, None] > SNAP_LIMIT_M) | (to_m[None, :] > SNAP_LIMIT_M)
        direct = off_street | (from_nodes[:, None] == to_nodes[None, :])
        return np.where(direct, straight_m(origins, destinations) * CIRCUITY, along)

    def path(self, origin: Point, destination: Point) -> tuple[Point, ...]:
        """The corners of the shortest way, ends included; just the two ends where it is a straight line."""
        (start, end), (start_m, end_m) = self.nearest([origin, destination])
        if start == end or max(start_m, end_m) > SNAP_LIMIT_M:
            return (origin, destination)
        _, onward = self._tree(int(end), True)
        nodes, node = [int(start)], int(start)
        while node != end:
            node = int(onward[node])
            nodes.append(node)
        return (origin, *(Point(float(lat), float(lng)) for lat, lng in self.coordinates[nodes]), destination)

    def _between_nodes(self, starts: _Nodes, ends: _Nodes) -> Metres:
        """Trees grow from whichever side has fewer distinct nodes."""
        if len(np.unique(ends)) <= len(np.unique(starts)):
            columns = [self._tree(int(end), True)[0][starts] for end in ends]
            return np.stack(columns, axis=1).astype(np.float64)
        rows = [self._tree(int(start), False)[0][ends] for start in starts]
        return np.stack(rows).astype(np.float64)

    def _grow_tree(self, root: int, towards: bool) -> _Tree:
        """Metres from every node to `root` (`towards`) or from `root` to every node."""
        streets = self._backward if towards else self._onward
        distances_m, previous = dijkstra(streets, indices=root, return_predecessors=True)
        return distances_m.astype(np.float32), previous.astype(np.int32)


def straight_m(origins: Sequence[Point], destinations: Sequence[Point]) -> Metres:
    """Matrix (origins, destinations) of great-circle metres; the vector form of `geo.haversine_m`."""
    a = np.radians(_as_array(origins))[:, None, :]
    b = np.radians(_as_array(destinations))[None, :, :]
    half = np.sin((b - a) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    metres: Metres = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return metres


def _strongest_part(
    coordinates: NDArray[np.float64], ends: _Nodes, lengths_m: Metres
) -> tuple[NDArray[np.float64], _Nodes, Metres]:
    """The largest strongly connected component, renumbered from 0."""
    _, labels = connected_components(_shortest_edges(len(coordinates), ends, lengths_m), connection="strong")
    kept = labels == np.bincount(labels).argmax()
    number = np.cumsum(kept) - 1
    inside = kept[ends].all(axis=1)
    return coordinates[kept], number[ends[inside]].astype(np.intp), lengths_m[inside]


def _shortest_edges(size: int, ends: _Nodes, lengths_m: Metres) -> csr_array:
    """Adjacency matrix. Of parallel edges the shortest counts (scipy would add them up)."""
    order = np.argsort(lengths_m, kind="stable")
    keys = ends[order, 0] * size + ends[order, 1]
    _, first = np.unique(keys, return_index=True)
    chosen = order[first]
    return csr_array((lengths_m[chosen], (ends[chosen, 0], ends[chosen, 1])), shape=(size, size))


def _metres_per_degree(lat: float) -> NDArray[np.float64]:
    degree_m = np.radians(1.0) * EARTH_RADIUS_M
    return np.array([degree_m, degree_m * np.cos(np.radians(lat))])


def _as_array(points: Sequence[Point]) -> NDArray[np.float64]:
    return np.array([(point.lat, point.lng) for point in points], dtype=np.float64).reshape(-1, 2)
