"""A small picture per restaurant: a gradient and a few shapes that say what kind of food it is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

WIDTH, HEIGHT = 640, 360
_CX, _CY = WIDTH / 2, HEIGHT / 2

# motif -> two hues of the gradient
_HUES = {
    "bowl": (18, 350),
    "bun": (348, 320),
    "cone": (330, 285),
    "cup": (28, 12),
    "fish": (200, 225),
    "leaf": (140, 95),
    "loaf": (190, 215),
    "mug": (150, 178),
    "pizza": (12, 38),
    "plate": (215, 250),
    "roll": (168, 205),
    "skewer": (8, 338),
    "taco": (48, 338),
}
_MOTIFS = {
    "bakery": "loaf",
    "burger": "bun",
    "cafe": "cup",
    "chinese": "bowl",
    "ethiopian": "bowl",
    "fish": "fish",
    "grill_kiosk": "bun",
    "ice_cream": "cone",
    "indian": "bowl",
    "italian": "plate",
    "japanese": "bowl",
    "kebab": "skewer",
    "korean": "bowl",
    "mediterranean": "fish",
    "mexican": "taco",
    "middle_eastern": "skewer",
    "nepalese": "bowl",
    "pan_asian": "bowl",
    "pizza": "pizza",
    "pub": "mug",
    "salad": "leaf",
    "sandwich": "loaf",
    "steak": "skewer",
    "sushi": "roll",
    "thai": "bowl",
    "vegan": "leaf",
    "vietnamese": "bowl",
}


def generate_cuisine_art(name: str, cuisine: str, seed: int) -> str:
    """An SVG document of 640 x 360, under 4 kB, without text, script or outside references.

    `cuisine` is a key as `cuisine_of` or `Menu.cuisine` gives it; one without a motif gets a plate.
    """
    rng = random.Random(f"art:{seed}:{name}:{cuisine}")
    motif = _MOTIFS.get(cuisine, "plate")
    gradient = f"sky-{rng.getrandbits(40):010x}"  # its own, so that many pictures can stand in one page
    first, second = (hue + rng.randint(-22, 22) for hue in _HUES[motif])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f" aria-label={quoteattr(name)}>"
        f'<defs><linearGradient id="{gradient}" gradientTransform="rotate({rng.randint(15, 75)})">'
        f'<stop stop-color="hsl({first} 72% 58%)"/><stop offset="1" stop-color="hsl({second} 66% 38%)"/>'
        f'</linearGradient></defs><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#{gradient})"/>'
        f"{_light(rng)}"
        f'<g transform="rotate({rng.randint(-8, 8)} {_CX:g} {_CY:g})">{_DRAW[motif](rng)}</g></svg>\n'
    )


def _light(rng: random.Random) -> str:
    """Large pale discs, as of light through leaves."""
    return "".join(
        _disc(rng.randint(0, WIDTH), rng.randint(0, HEIGHT), rng.randint(40, 150), "#fff", opacity=0.08)
        for _ in range(6)
    )


def _disc(x: float, y: float, radius: float, fill: str, *, opacity: float = 1.0) -> str:
    see_through = "" if opacity == 1.0 else f' opacity="{opacity:g}"'
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{fill}"{see_through}/>'


def _bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A rounded rectangle around (x, y)."""
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width:.0f}" height="{height:.0f}"'
        f' rx="{min(width, height) / 2:.0f}" fill="{fill}"/>'
    )


def _path(d: str, fill: str, *, stroke: str = "none") -> str:
    line = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="8" stroke-linecap="round"'
    return f'<path d="{d}" fill="{fill}"{line}/>'


def _around(count: int, radius: float, turn: float) -> list[tuple[float, float]]:
    """Points on a circle about the middle."""
    angles = (turn + 2 * math.pi * i / count for i in range(count))
    return [(_CX + radius * math.cos(angle), _CY + radius * math.sin(angle)) for angle in angles]


def _pizza(rng: random.Random) -> str:
    turn = rng.uniform(0, 1)
    cuts = "".join(
        _path(f"M{_CX:g} {_CY:g}L{x:.0f} {y:.0f}", "none", stroke="#d9a441") for x, y in _around(6, 104, turn)
    )
    slices = "".join(_disc(x, y, rng.randint(11, 16), "#c8402f") for x, y in _around(6, 66, turn + 0.5))
    leaves = "".join(_disc(x, y, 7, "#4f8a3c") for x, y in _around(6, 36, turn + 0.3))
    return _disc(_CX, _CY, 128, "#d99a4e") + _disc(_CX, _CY, 110, "#f7d774") + cuts + slices + leaves


def _bun(rng: random.Random) -> str:
    seeds = "".join(
        _disc(_CX + rng.randint(-80, 80), 110 + rng.randint(-14, 18), 4, "#fff3d6") for _ in range(9)
    )
    top = _path("M200 150Q205 65 320 65T440 150Z", "#e0a04f")
    layers = zip((168, 192, 222, 254), ("#6aa84f", "#d8493a", "#6b3e26", "#e0a04f"), strict=True)
    return top + seeds + "".join(_bar(_CX, y, 250, 30, fill) for y, fill in layers)


def _roll(rng: random.Random) -> str:
    fills = rng.sample(["#f28c6a", "#f4c542", "#7fb069", "#e85d75"], 3)
    return "".join(
        _disc(_CX + dx, _CY + dy, 62, "#22333b")
        + _disc(_CX + dx, _CY + dy, 50, "#fdfaf3")
        + _disc(_CX + dx, _CY + dy, 22, fill)
        for (dx, dy), fill in zip(((-125, 20), (0, -20), (125, 20)), fills, strict=True)
    )


def _bowl(rng: random.Random) -> str:
    toppings = "".join(
        _disc(_CX + dx, 158 - abs(dx) / 8, 24, rng.choice(["#f4c542", "#7fb069", "#e8744f", "#fdf3dc"]))
        for dx in (-90, -45, 0, 45, 90)
    )
    bowl = _path("M180 172H460Q452 282 370 292H270Q188 282 180 172Z", "#fbf6ec")
    sticks = _path("M380 150L500 60M402 156L520 72", "none", stroke="#5b3a29")
    return sticks + toppings + bowl + _bar(_CX, 206, 236, 10, "#d8493a")


def _cup(rng: random.Random) -> str:
    steam = "".join(
        _path(f"M{x} 120q{rng.choice((-18, 18))} -22 0 -44t0 -40", "none", stroke="#ffffff90")
        for x in (270, 315, 360)
    )
    handle = '<circle cx="425" cy="205" r="32" fill="none" stroke="#fbf6ec" stroke-width="16"/>'
    return (
        steam
        + handle
        + _path("M210 145H420Q418 275 315 275T210 145Z", "#fbf6ec")
        + _bar(315, 148, 206, 26, "#5b3a29")
        + _bar(315, 296, 270, 14, "#fbf6ec")
    )


def _cone(rng: random.Random) -> str:
    scoops = rng.sample(["#fdf3dc", "#f6a6b8", "#8c5a3c", "#b7dfb0", "#2f2b33"], 3)
    places = ((282, 150), (358, 150), (320, 98))
    return _path("M240 168H400L320 330Z", "#d99a4e") + "".join(
        _disc(x, y, 48, fill) for (x, y), fill in zip(places, scoops, strict=True)
    )


def _leaf(rng: random.Random) -> str:
    shades = rng.sample(["#dff2c8", "#a9d77e", "#c6e8a0", "#8cc66a"], 3)
    shape = "M320 290Q200 200 320 60Q440 200 320 290Z"
    vein = _path("M320 285V110", "none", stroke="#ffffff80")
    return "".join(
        f'<g transform="rotate({turn} 320 290)">{_path(shape, shade)}{vein}</g>'
        for turn, shade in zip((-48, 48, 0), shades, strict=True)
    )


def _fish(rng: random.Random) -> str:
    scales = "".join(_disc(x, _CY + rng.randint(-18, 18), 9, "#ffffff70") for x in (270, 305, 340, 375))
    body = _path("M190 180Q300 70 430 180Q300 290 190 180Z", "#e6f1f5")
    return _path("M415 180L500 120V240Z", "#bcd7e2") + body + scales + _disc(235, 168, 9, "#22333b")


def _loaf(rng: random.Random) -> str:
    cuts = "".join(
        _path(f"M{x} 150l{rng.randint(24, 34)} 44", "none", stroke="#fff0cf") for x in (225, 280, 335, 390)
    )
    return _path("M165 220Q160 120 320 120T475 220Q475 250 320 250T165 220Z", "#c98a45") + cuts


def _mug(rng: random.Random) -> str:
    foam = "".join(_disc(x, 112 + rng.randint(-8, 8), 32, "#fffaf0") for x in (250, 290, 330, 370))
    handle = '<circle cx="405" cy="205" r="42" fill="none" stroke="#fbf0d0" stroke-width="16"/>'
    return handle + '<rect x="230" y="115" width="165" height="180" rx="16" fill="#e9a52f"/>' + foam


def _plate(rng: random.Random) -> str:
    food = "".join(
        _disc(x, y, rng.randint(14, 24), rng.choice(["#e8744f", "#7fb069", "#f4c542"]))
        for x, y in _around(5, 34, rng.uniform(0, 1))
    )
    cutlery = _bar(150, _CY, 12, 190, "#eef1f6") + _bar(490, _CY, 12, 190, "#eef1f6")
    return cutlery + _disc(_CX, _CY, 125, "#fdfcf8") + _disc(_CX, _CY, 88, "#eef1f6") + food


def _skewer(rng: random.Random) -> str:
    pieces = ["#8c4a2f", "#d8493a", "#8c4a2f", "#7fb069", "#8c4a2f", "#f4c542"]
    rows = []
    for y in (110, 180, 250):
        rng.shuffle(pieces)
        rows.append(_bar(_CX, y, 420, 8, "#f3e3c3"))
        rows += [_bar(195 + 50 * i, y, 42, 50, fill) for i, fill in enumerate(pieces)]
    return "".join(rows)


def _taco(rng: random.Random) -> str:
    filling = "".join(
        _disc(x, y, rng.randint(18, 26), rng.choice(["#7fb069", "#d8493a", "#8c4a2f", "#fdf3dc"]))
        for x, y in _around(16, 122, 0.0)
        if y <= _CY + 1
    )
    return filling.replace("<circle", '<circle transform="translate(0 50)"') + _path(
        "M190 250A130 130 0 0 1 450 250Z", "#f0bc4e"
    )


_DRAW: dict[str, Callable[[random.Random], str]] = {
    "bowl": _bowl,
    "bun": _bun,
    "cone": _cone,
    "cup": _cup,
    "fish": _fish,
    "leaf": _leaf,
    "loaf": _loaf,
    "mug": _mug,
    "pizza": _pizza,
    "plate": _plate,
    "roll": _roll,
    "skewer": _skewer,
    "taco": _taco,
}
