"""Plots of experiments: inline SVG that follows the page's colours, and PNG files."""

import html
import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from training.console import in_one_line
from training.experiments.report.files import writing
from training.report.pictures import LIGHT, blank_figure

SECOND = "#c46a00"
"""Colour beside the blue of `LIGHT.right`, told from it also by people who are colour-blind."""

_STEPS = 10
_DPI = 130
_UNUSED = re.compile(
    r"^.*?(?=<svg )|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->"
    r"|; font-family: [^;\"]*| transform=\"rotate\(-0 [^\"]*\"| +(?=\n)|(?<=\n) +",
    re.DOTALL,
)
_SIZE = re.compile(r"<svg [^>]*?(viewBox=[^ ]* [^ ]* [^ ]* [^ ]*)[^>]*>")
_NUMBERS = re.compile(r' (?:d|x|y|transform|width|height)="[^"]*"')
_DIGITS = re.compile(r"(?<=\d\.\d\d)\d+")  # Below a point's hundredths.
_POINTS = re.compile(r'<g( clip-path="[^"]*")?>\n((?:<use [^>]*/>\n)+)</g>')
_STYLE = re.compile(r' style="[^"]*"')
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(url\(#|xlink:href="#)([^")]*)')


def _mixed(step: int) -> str:
    """Return the colour of a step between `SECOND` and blue, as `#rrggbb`."""
    ends = zip(bytes.fromhex(SECOND[1:]), bytes.fromhex(LIGHT.right[1:]), strict=True)
    mixed = (low + (high - low) * step / _STEPS for low, high in ends)
    return "#" + bytes(map(round, mixed)).hex()


_SHADES = [_mixed(step) for step in range(_STEPS + 1)]
_VARIABLES = {
    **{
        shade: f"color-mix(in srgb, var(--right) {100 * step // _STEPS}%, var(--second))"
        for step, shade in enumerate(_SHADES)
    },
    SECOND: "var(--second)",
    **{
        getattr(LIGHT, name): f"var(--{name})"
        for name in ("ground", "ink", "faint", "right", "wrong", "other")
    },
}
_COLOURS = re.compile("|".join(_VARIABLES))


@dataclass(frozen=True)
class Plot:
    """A picture of a page.

    Attributes:
        name: of its PNG file, without the extension.
        alt: what it shows, for those who don't see it.
        size: width and height, inches.
        draw: draws into an empty figure or a part of one, in the colours of `LIGHT`, `SECOND`
            and `shade`.
    """

    name: str
    alt: str
    size: tuple[float, float]
    draw: Callable[[Any], None]

    @property
    def svg(self) -> str:
        """The picture as an SVG element, in the colours that the page's style sheet sets."""
        file = io.StringIO()
        with blank_figure(LIGHT, self.size) as figure:
            self.draw(figure)
            # Text stays text: small, sharp, and it can be searched.
            with mpl.rc_context({"svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}):
                figure.savefig(file, format="svg", metadata={"Date": None})
        return _inline(file.getvalue(), self.name, self.alt)

    def write(self, folder: Path) -> None:
        """Write the picture as a PNG file."""
        with blank_figure(LIGHT, self.size) as figure:
            self.draw(figure)
            with writing(folder / f"{self.name}.png") as temporary:
                figure.savefig(temporary, dpi=_DPI)


@dataclass(frozen=True)
class Row:
    """Plots side by side, in one PNG file.

    Attributes:
        name: of the file, without the extension.
        title: of the row.
        plots: of the same size.
    """

    name: str
    title: str
    plots: list[Plot]

    def write(self, folder: Path) -> None:
        """Write the pictures as one PNG file."""
        width, height = self.plots[0].size
        with blank_figure(LIGHT, (width * len(self.plots), height)) as figure:
            parts = figure.subfigures(1, len(self.plots), squeeze=False)[0]
            for part, plot in zip(parts, self.plots, strict=True):
                plot.draw(part)
            with writing(folder / f"{self.name}.png") as temporary:
                figure.savefig(temporary, dpi=_DPI)


def shade(goodness: float) -> str:
    """Return a colour from orange, 0, to blue, 1."""
    return _SHADES[round(min(max(goodness, 0), 1) * _STEPS)]


def style(axes: Axes, title: str = "") -> None:
    """Give axes the grid and the title that all plots have."""
    axes.set_title(title, size=11)
    axes.grid(color=LIGHT.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def logarithmic(axes: Axes, which: Literal["x", "y"], ratio: float) -> None:
    """Give an axis a logarithmic scale, labelled with plain numbers.

    Args:
        axes: that have it.
        which: of the axes.
        ratio: of the largest to the smallest number.
    """
    subs = (1, 2, 5) if ratio < 100 else (1, 3) if ratio < 1000 else (1,)
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _inline(svg: str, name: str, alt: str) -> str:
    """Return what a page includes of an SVG file, whose ids must differ from other pictures'."""
    svg = _UNUSED.sub("", svg)
    used = {match[2] for match in _REFERENCE.finditer(svg)}
    prefix = f"p{zlib.crc32(name.encode()):08x}"
    svg = _ID.sub(lambda found: f' id="{prefix}{found[1]}"' if found[1] in used else "", svg)
    svg = _REFERENCE.sub(lambda found: f"{found[1]}{prefix}{found[2]}", svg)
    svg = _POINTS.sub(_styled_once, svg)
    svg = _NUMBERS.sub(lambda found: _DIGITS.sub("", found[0]), svg)
    svg = _COLOURS.sub(lambda found: _VARIABLES[found[0]], svg)
    opening = f'<svg class="plot" role="img" aria-label="{html.escape(alt)}"'
    return _SIZE.sub(lambda found: f"{opening} {found[1]}>", svg, count=1)


def _styled_once(points: re.Match[str]) -> str:
    """Return a group of points whose common style is that of the group."""
    styles = set(_STYLE.findall(points[2]))
    if len(styles) != 1:
        return points[0]
    return f"<g{points[1] or ''}{styles.pop()}>\n{_STYLE.sub('', points[2])}</g>"


def shortened(text: str, length: int) -> str:
    """Return a text in one line, with … in its middle if it is longer."""
    text = in_one_line(text)
    kept = length - 1
    return text if len(text) <= length else f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"


def file_name(text: str) -> str:
    """Return a text as a part of a file's name."""
    return re.sub(r"[^\w-]+", "-", text, flags=re.ASCII)[:60].strip("-") or "factor"
