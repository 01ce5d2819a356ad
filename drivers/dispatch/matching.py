"""Who rides what, as the cheapest whole."""

import numpy as np
from numpy.typing import NDArray

FORBIDDEN_S = 1e7  # dearer than any sum of real costs, so that as many as possible are served


def cheapest_pairs(cost_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Minimum-cost matching (scipy's Jonker-Volgenant) as (row, column); infinite costs are never paired."""
    from scipy.optimize import linear_sum_assignment  # half a second that only a dispatcher needs

    allowed = np.isfinite(cost_s)
    rows, columns = linear_sum_assignment(np.where(allowed, cost_s, FORBIDDEN_S))
    keep = allowed[rows, columns]
    return list(zip(rows[keep].tolist(), columns[keep].tolist(), strict=True))
