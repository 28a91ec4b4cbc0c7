"""Our own SVG pictures as PNG, for forms that hold no drawing (DOCX): no browser, no font of the machine.

Belongs here: the few shapes that `drawing` and `maps` make of printed charts. Whatever else comes is a ChartError, so
that nothing is left out in silence. Texts are numbers and dates: Pillow's own font has them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFont

from publication.charts.drawing import ChartError

#: Pixels of the PNG for one of the picture: 200 to the inch where a picture of 700 fills a page's width.
SCALE = 2
#: Drawn so much larger and reduced, which smooths edges.
_FINER = 2

Point = tuple[float, float]
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_SIGNS = str.maketrans({"–": "-", "−": "-"})


def png(svg: str) -> bytes:
    """The picture on white, the same bytes for the same text."""
    root = ElementTree.fromstring(svg)  # nosec B314 # our own drawing
    width, height = (int(root.get(side, "0")) for side in ("width", "height"))
    image = Image.new("RGB", (width * SCALE * _FINER, height * SCALE * _FINER), "white")
    canvas = _Canvas(image, SCALE * _FINER)
    for element, attributes in _shapes(root, {"font-size": root.get("font-size", "12")}):
        canvas.draw(element, attributes)
    stream = io.BytesIO()
    image.reduce(_FINER).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _shapes(
    element: ElementTree.Element, inherited: Mapping[str, str]
) -> Iterator[tuple[ElementTree.Element, Mapping[str, str]]]:
    """Everything that is drawn, in its order, with the attributes that hold for it."""
    for child in element:
        own = {**inherited, **child.attrib}
        for part in child.get("style", "").split(";"):
            name, _, value = part.partition(":")
            own[name.strip()] = value.strip()
        tag = child.tag.partition("}")[2]
        if tag in {"g", "a"}:
            yield from _shapes(child, own)
        elif tag not in {"title", "defs"}:
            yield child, own


@dataclass(frozen=True)
class _Canvas:
    image: Image.Image
    scale: int

    def draw(self, element: ElementTree.Element, attributes: Mapping[str, str]) -> None:
        tag = element.tag.partition("}")[2]
        if tag == "text":
            self._text(element.text or "", attributes)
            return
        unknown = {"transform", "stroke-dasharray", "clip-path"} & set(attributes)
        if unknown:
            raise ChartError(f"a picture for DOCX has {', '.join(sorted(unknown))}: draw it without")
        if tag == "path":
            lines = _lines(attributes["d"])
        elif tag in {"polygon", "polyline"}:
            numbers = [float(n) for n in _NUMBER.findall(attributes["points"])]
            lines = [list(zip(numbers[::2], numbers[1::2], strict=True))]
        elif tag == "rect":
            x, y, width, height = (float(attributes[name]) for name in ("x", "y", "width", "height"))
            lines = [[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]]
        else:
            raise ChartError(f"a picture for DOCX has <{tag}>, which raster.py does not draw")
        scaled = [[(x * self.scale, y * self.scale) for x, y in line] for line in lines]
        fill, stroke = attributes.get("fill", "black"), attributes.get("stroke", "none")
        if fill != "none":
            self._fill([line for line in scaled if len(line) > 2], fill, float(attributes.get("fill-opacity", 1)))
        if stroke != "none":
            self._stroke(scaled, stroke, float(attributes.get("stroke-width", 1)) * self.scale, attributes)

    def _fill(self, rings: list[list[Point]], colour: str, opacity: float) -> None:
        """Rings by the even-odd rule."""
        if not rings:
            return
        points = [point for ring in rings for point in ring]
        left, top = (int(min(p[i] for p in points)) for i in (0, 1))
        right, bottom = (int(max(p[i] for p in points)) + 1 for i in (0, 1))
        mask = Image.new("1", (right - left + 1, bottom - top + 1))
        for ring in rings:
            part = Image.new("1", mask.size)
            ImageDraw.Draw(part).polygon([(x - left, y - top) for x, y in ring], fill=1)
            mask = ImageChops.logical_xor(mask, part)
        strength = round(255 * opacity)
        self.image.paste(ImageColor.getrgb(colour), (left, top), mask.convert("L").point(lambda v: strength * (v > 0)))

    def _stroke(self, lines: list[list[Point]], colour: str, width: float, attributes: Mapping[str, str]) -> None:
        """Lines, or dots where a line has no length and round ends."""
        pen = ImageDraw.Draw(self.image)
        for line in lines:
            if len(set(line)) > 1:
                pen.line(line, fill=colour, width=round(width), joint="curve")
            elif attributes.get("stroke-linecap") == "round":
                (x, y), radius = line[0], width / 2
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _text(self, text: str, attributes: Mapping[str, str]) -> None:
        text = text.translate(_SIGNS)
        if not text.isascii():
            raise ChartError(f"a picture for DOCX says {text!r}: raster.py writes numbers and dates alone")
        size = float(attributes["font-size"].removesuffix("px")) * self.scale
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[attributes.get("text-anchor", "start")]
        place = (float(attributes["x"]) * self.scale, float(attributes["y"]) * self.scale)
        font = ImageFont.load_default(size)
        bold = attributes.get("font-weight", "400") in {"600", "bold"}
        ImageDraw.Draw(self.image).text(
            place, text, fill=attributes.get("fill", "black"), font=font, anchor=anchor,
            stroke_width=size / 40 if bold else 0,
        )  # fmt: skip


def _lines(path: str) -> list[list[Point]]:
    """The straight lines of a path's `d`; closed ones end where they began."""
    lines: list[list[Point]] = []
    for command, text in _STEP.findall(path):
        numbers = [float(n) for n in _NUMBER.findall(text)]
        at = lines[-1][-1] if lines else (0.0, 0.0)
        if command in "Zz":
            lines[-1].append(lines[-1][0])
        elif command == "h":
            lines[-1] += [(at[0] + sum(numbers[: i + 1]), at[1]) for i in range(len(numbers))]
        elif command == "v":
            lines[-1] += [(at[0], at[1] + sum(numbers[: i + 1])) for i in range(len(numbers))]
        elif command in "MLml":
            if command in "Mm":
                lines.append([])
            for x, y in zip(numbers[::2], numbers[1::2], strict=True):
                at = (at[0] + x, at[1] + y) if command in "ml" else (x, y)
                lines[-1].append(at)
        else:
            raise ChartError(f"a picture for DOCX has the path command {command!r}: raster.py draws straight lines")
    return lines
