"""Brushes that paint cloth: outlines with soft shading, folds, seams, buttons.

Coordinates and widths are pixels of the photo, from its upper left corner.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]

_BACKGROUND: Colour = (247, 246, 244)
_OVERSAMPLING = 3  # Outlines are drawn at three times the size, so that edges are smooth.
_SHADING_DISTANCE = 18  # pixels from an edge over which cloth gets lighter
_SHADOW_DISTANCE = 6  # pixels
_STEPS = 8  # straight pieces for each rounded corner

PLAIN = np.ones((1, 1), np.float32)
"""The pattern of cloth without a print: float32 `[rows, columns]`, 1 is the cloth's colour."""


def checks(period: int) -> np.ndarray:
    """Return the pattern of checked cloth, which repeats every `period` pixels."""
    band = np.where(np.arange(period) < period * 0.4, 0.78, 1).astype(np.float32)
    return np.outer(band, band)


class Drawing:
    """A photo being painted on a light background.

    Args:
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        seed: of the cloth's grain, so that the same drawing gives the same pixels.
    """

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._picture = Image.new("RGB", (width, height), _BACKGROUND)
        self._grain = np.random.default_rng(seed).standard_normal((height, width), np.float32)

    def cloth(
        self,
        outline: Sequence[Point],
        colour: Colour,
        *,
        bend: float = 40,
        depth: float = 0.45,
        pattern: np.ndarray = PLAIN,
    ) -> None:
        """Paint a piece of cloth (leather, rubber): darker towards its edges, with a fine grain.

        Args:
            outline: its corners.
            colour: of its lightest part.
            bend: how far from a corner its rounding begins, in pixels.
            depth: how much darker the edges are, from 0 (flat) to 1.
            pattern: how light its print is, from 0 to 1, at each pixel of the photo (repeated).
        """
        mask = self._mask(lambda brush, points: brush.polygon(points, 255), outline, bend)
        self._shadow(mask)
        inside = np.asarray(_soft(mask, _SHADING_DISTANCE), np.float32) / 255
        light = (1 - depth * (1 - inside)) * self._tiled(pattern) + self._grain * 0.02
        pixels = np.clip(np.array(colour, np.float32) * light[..., None], 0, 255)
        self._picture.paste(Image.fromarray(pixels.astype(np.uint8)), mask=mask)

    def both(
        self,
        outline: Sequence[Point],
        colour: Colour,
        *,
        bend: float = 40,
        pattern: np.ndarray = PLAIN,
    ) -> None:
        """Paint a piece of cloth and its mirror image, such as two sleeves."""
        self.cloth(outline, colour, bend=bend, pattern=pattern)
        self.cloth(self.mirrored(outline), colour, bend=bend, pattern=pattern)

    def hole(self, outline: Sequence[Point], *, bend: float = 40) -> None:
        """Let the background show, as in a neckline."""
        mask = self._mask(lambda brush, points: brush.polygon(points, 255), outline, bend)
        self._picture.paste(_BACKGROUND, mask=mask)

    def line(
        self,
        points: Sequence[Point],
        colour: Colour,
        width: float = 3,
        *,
        bend: float = 40,
        blur: float = 0,
    ) -> None:
        """Draw a line through the points: a seam, a strap, or with `blur` a fold."""

        def stroke(brush: ImageDraw.ImageDraw, scaled: list[Point]) -> None:
            brush.line(scaled, 255, round(width * _OVERSAMPLING), joint="curve")
            for end in (scaled[0], scaled[-1]):
                brush.circle(end, width * _OVERSAMPLING / 2, 255)

        mask = self._mask(stroke, points, bend, closed=False)
        self._picture.paste(colour, mask=_soft(mask, blur) if blur else mask)

    def lines(self, points: Sequence[Point], colour: Colour, width: float = 3) -> None:
        """Draw a line and its mirror image."""
        self.line(points, colour, width)
        self.line(self.mirrored(points), colour, width)

    def discs(self, centres: Sequence[Point], radius: float, colour: Colour) -> None:
        """Draw buttons or rivets."""
        for x, y in centres:
            self.line([(x, y), (x, y)], colour, 2 * radius)

    def whole(self, half: Sequence[Point]) -> list[Point]:
        """Return the outline whose left half is given, from top to bottom."""
        return [*half, *reversed(self.mirrored(half))]

    def mirrored(self, points: Sequence[Point]) -> list[Point]:
        """Return the points mirrored about the photo's vertical middle."""
        return [(self._picture.width - x, y) for x, y in points]

    def photo(self) -> Image.Image:
        """Return the photo, RGB."""
        return self._picture.copy()

    def _tiled(self, pattern: np.ndarray) -> np.ndarray:
        width, height = self._picture.size
        rows, columns = pattern.shape
        return np.tile(pattern, (-(-height // rows), -(-width // columns)))[:height, :width]

    def _mask(
        self,
        paint: Callable[[ImageDraw.ImageDraw, list[Point]], None],
        points: Sequence[Point],
        bend: float,
        *,
        closed: bool = True,
    ) -> Image.Image:
        """Paint a shape white on black at the larger size and return it at the photo's size."""
        width, height = self._picture.size
        large = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
        corners = _rounded(points, bend, closed=closed)
        paint(ImageDraw.Draw(large), [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in corners])
        return large.reduce(_OVERSAMPLING)

    def _shadow(self, mask: Image.Image) -> None:
        """Let the cloth throw a faint shadow on what lies behind it."""
        faint = _soft(mask, _SHADOW_DISTANCE).point([round(level * 0.16) for level in range(256)])
        self._picture.paste((0, 0, 0), mask=faint)


def _soft(mask: Image.Image, distance: float) -> Image.Image:
    return mask.filter(ImageFilter.BoxBlur(distance)).filter(ImageFilter.BoxBlur(distance / 2))


def _rounded(points: Sequence[Point], bend: float, *, closed: bool) -> list[Point]:
    """Round the corners with quadratic Bézier curves; a line's two ends stay."""
    if closed:
        chain = [points[-1], *points, points[0]]
        return [point for corner in _triples(chain) for point in _curve(*corner, bend)]
    curves = [point for corner in _triples(points) for point in _curve(*corner, bend)]
    return [points[0], *curves, points[-1]]


def _triples(points: Sequence[Point]) -> list[tuple[Point, Point, Point]]:
    return list(zip(points, points[1:], points[2:], strict=False))


def _curve(before: Point, corner: Point, after: Point, bend: float) -> list[Point]:
    start, end = _towards(corner, before, bend), _towards(corner, after, bend)
    steps = [step / _STEPS for step in range(_STEPS + 1)]
    weights = [((1 - t) ** 2, 2 * t * (1 - t), t**2) for t in steps]
    return [
        (a * start[0] + b * corner[0] + c * end[0], a * start[1] + b * corner[1] + c * end[1])
        for a, b, c in weights
    ]


def _towards(start: Point, end: Point, distance: float) -> Point:
    """Return the point at a distance from the start, at most half the way to the end."""
    (x, y), (far_x, far_y) = start, end
    length = math.hypot(far_x - x, far_y - y)
    part = min(0.5, distance / length) if length else 0.0
    return x + (far_x - x) * part, y + (far_y - y) * part
