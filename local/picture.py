"""The week chart as an SVG picture for a document. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from handler.quiet_hours.zone import DAY
from local.week import Cell, Day

_WIDTH, _ROW, _LEFT, _TOP, _NOTE = 576, 22, 120, 40, 190
_FILL = {Cell.QUIET: "#1f3a5f", Cell.OPEN: "#dbe6f1"}
"""What is skipped by the clock is left blank."""
_TEXT = {"font-family": "sans-serif", "font-size": "12", "fill": "#1b1b1b"}


def as_svg(title: str, rows: Sequence[Day]) -> str:
    """Return the chart, exact to the second, on a ground of its own: a page may be dark."""
    width, bottom = _LEFT + _WIDTH + _NOTE, _TOP + len(rows) * _ROW
    size = {"width": str(width), "height": str(bottom + 34)}
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "role": "img",
            "viewBox": f"0 0 {width} {bottom + 34}",
            **size,
        },
    )
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "rect", {**size, "fill": "#ffffff"})
    _text(svg, 8, 16, title, {"font-weight": "bold"})
    for hour in range(0, 25, 3):
        _text(svg, _LEFT + hour * _WIDTH // 24, _TOP - 6, f"{hour:02}", {"text-anchor": "middle"})
    for number, row in enumerate(rows):
        _day(svg, _TOP + number * _ROW, row)
    cells = {each.cell for row in rows for each in row.stretches}
    _legend(svg, bottom + 8, skipped=Cell.SKIPPED in cells)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _day(svg: ET.Element, top: int, row: Day) -> None:
    _text(svg, 8, top + 15, f"{row.date:%a} {row.date.isoformat()}")
    for start, end, cell in row.stretches:
        if cell in _FILL:
            _box(
                svg,
                _LEFT + start * _WIDTH / DAY,
                top + 1,
                (end - start) * _WIDTH / DAY,
                _ROW - 3,
                _FILL[cell],
            )
    if row.note:
        _text(svg, _LEFT + _WIDTH + 8, top + 15, row.note)


def _legend(svg: ET.Element, top: int, *, skipped: bool) -> None:
    for number, (cell, fill) in enumerate(_FILL.items()):
        _box(svg, _LEFT + number * 90, top, 14, 14, fill)
        _text(svg, _LEFT + number * 90 + 20, top + 12, cell.value)
    if skipped:
        _text(svg, _LEFT + len(_FILL) * 90, top + 12, "(blank: skipped by the clock)")


def _box(svg: ET.Element, x: float, y: float, width: float, height: float, fill: str) -> None:  # noqa: PLR0913, PLR0917
    size = {"x": x, "y": y, "width": width, "height": height}
    ET.SubElement(svg, "rect", {name: f"{value:.7g}" for name, value in size.items()} | {"fill": fill})


def _text(svg: ET.Element, x: int, y: int, text: str, more: dict[str, str] | None = None) -> None:
    ET.SubElement(svg, "text", {"x": str(x), "y": str(y), **_TEXT, **(more or {})}).text = text
