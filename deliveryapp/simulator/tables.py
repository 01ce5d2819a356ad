"""Plain text tables: columns as wide as their widest cell, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "
RULE = "─"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: `title` heads the first column; it and the last are aligned left, others right."""
    cells = [[title, *header], *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [_line(row, widths) for row in cells]
    rule = RULE * (sum(widths) + len(GAP) * (len(widths) - 1))
    return [lines[0], rule, *lines[1:]]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    last = len(row) - 1
    padded = [
        cell.ljust(width) if column in (0, last) else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return GAP.join(padded).rstrip()


def duration(seconds: float) -> str:
    """For people: "85 ms", "1.25 s", "12.3 s", "4 min 05 s", "1 h 02 min"."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def amount(minor: int) -> str:
    """Minor units of a currency with two decimals: "1,234.50"."""
    sign, minor = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{minor // 100:,}.{minor % 100:02d}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
