"""Reading values back from a chart's SVG, from its geometry alone: what the eye would see, not what the code meant.

The axis labels say where which number stands; a value is found when a mark stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
#: Marks are drawn to a tenth of a pixel, axis labels to a half.
PIXELS = 1.1


def _places(path: str) -> list[tuple[float, float]]:
    """Where a path goes, by places and by steps; curves by their ends are of no interest here."""
    x = y = 0.0
    places = []
    for command, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
        if command in "hv":
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
        elif command in "ML":
            x, y = numbers
        elif command in "ml":
            x, y = x + numbers[0], y + numbers[1]
        else:
            continue
        if (command, numbers) != ("h", [0.0]):
            places.append((x, y))
    return places


class Picture:
    """A parsed chart."""

    def __init__(self, text: str) -> None:
        self.root = ElementTree.fromstring(text)
        self._group = {child: parent for parent in self.root.iter() for child in parent}
        self.texts = [(self._place(e), e.text or "") for e in self.root.iter(f"{SVG}text")]
        self.points: list[tuple[float, float]] = []
        for element in self.root.iter():
            if element.tag == f"{SVG}circle":
                self.points.append((float(element.get("cx", "nan")), float(element.get("cy", "nan"))))
            elif element.tag == f"{SVG}path":
                dx, dy = self._shift(element)
                self.points += [(x + dx, y + dy) for x, y in _places(element.get("d", ""))]

    def look(self, element: ElementTree.Element, name: str) -> str | None:
        """An attribute of an element, or of the nearest group around it that has it."""
        at: ElementTree.Element | None = element
        while at is not None and name not in at.attrib:
            at = self._group.get(at)
        return None if at is None else at.get(name)

    def _place(self, element: ElementTree.Element) -> tuple[float, float]:
        return self._shift(element)

    @staticmethod
    def _shift(element: ElementTree.Element) -> tuple[float, float]:
        if element.tag == f"{SVG}text":
            size = re.search(r"font-size:([\d.]+)px", element.get("style", ""))
            middle = 0.36 * float(size.group(1) if size else 12)
            return float(element.get("x", "0")), float(element.get("y", "0")) - middle
        found = re.search(r"matrix\([^)]*,(-?[\d.]+),(-?[\d.]+)\)", element.get("transform", ""))
        return (float(found.group(1)), float(found.group(2))) if found else (0.0, 0.0)

    def scale(self, axis: int) -> tuple[float, float]:
        """Slope and offset of an axis (0 = x, 1 = y) from its outer numeric labels: pixel = a + b · value."""
        anchor = "middle" if axis == 0 else "end"
        labels = []
        for element in self.root.iter(f"{SVG}text"):
            text = (element.text or "").replace(",", "").replace("−", "-")
            if (
                self.look(element, "text-anchor") == anchor
                and element.get("font-weight") is None
                and re.fullmatch(r"-?\d+(\.\d+)?", text)
            ):
                labels.append((float(text), self._shift(element)[axis]))
        labels.sort()
        (v0, p0), (v1, p1) = labels[0], labels[-1]
        slope = (p1 - p0) / (v1 - v0)
        return p0 - slope * v0, slope

    def shows(self, value: float, axis: int, scale: tuple[float, float], at: float | None = None) -> bool:
        """Whether a mark stands at a value of an axis, at a place of the other axis when one is given."""
        want = scale[0] + scale[1] * value
        return any(
            abs(point[axis] - want) <= PIXELS and (at is None or abs(point[1 - axis] - at) <= PIXELS)
            for point in self.points
        )

    def missing(self, values: Sequence[float | None], axis: int = 1) -> list[float]:
        """Values of an axis that no mark stands at."""
        scale = self.scale(axis)
        return [v for v in values if v is not None and not self.shows(v, axis, scale)]

    def dots(self) -> int:
        """How many dots there are, alone or as points of a path."""
        paths = [e.get("d", "") for e in self.root.iter(f"{SVG}path") if self.look(e, "stroke-linecap") == "round"]
        return len(list(self.root.iter(f"{SVG}circle"))) + sum(path.count("h0") for path in paths)

    def says(self, text: str) -> bool:
        """Whether the text stands in the picture."""
        return any(shown == text for _, shown in self.texts)
