"""The bulletin as DOCX for offices that edit: Word's own styles, tables, headings and page numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell

from publication.bulletin.blocks import (
    FONT,
    Bulletin,
    Bullets,
    Cell,
    Facts,
    Paragraph,
    Picture,
    Table,
    Tiles,
)  # fmt: skip
from publication.charts.raster import png
from publication.wording import tinted

_INK = RGBColor(0x14, 0x30, 0x4F)
_WARNING = RGBColor(0x8A, 0x1C, 0x12)
_WIDTH = Mm(178)
#: Tiles in a row of the map: of Chinese names, and of Latin ones.
_TILES, _WIDE_TILES = 10, 7
#: Zip files carry a time for each part; this is the first one they can.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_docx(content: Bulletin, path: Path) -> None:
    """Write the document, the same bytes for the same content."""
    writer = _Writer(content)
    writer.write()
    stream = io.BytesIO()
    writer.document.save(stream)
    path.write_bytes(_without_times(stream.getvalue()))


def _without_times(content: bytes) -> bytes:
    """The same zip file with every part dated alike: python-docx writes the clock."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written:
        for part in read.infolist():
            entry = zipfile.ZipInfo(part.filename, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, read.read(part))
    return stream.getvalue()


class _Writer:
    """One document in the making."""

    def __init__(self, content: Bulletin) -> None:
        self.content = content
        self.document: WordDocument = Document()
        self.tints = {key: tinted(colour, 0.24)[1:] for key, (colour, _) in content.colours.items()}

    def write(self) -> None:
        """Title, then every section."""
        self._page()
        self._styles()
        self._properties()
        self._running()
        document, content = self.document, self.content
        document.add_paragraph(f"{content.issue} · {content.published}", style="Subtitle")
        document.add_paragraph(content.title, style="Title")
        document.add_paragraph(content.subtitle, style="Subtitle")
        if content.notice:
            self._warning(content.notice)
        for section in content.sections:
            heading = document.add_heading(section.title, level=section.level)
            heading.paragraph_format.page_break_before = section.new_page
            for block in section.blocks:
                self._writers[type(block)](self, block)
        document.add_paragraph(content.colophon, style="Caption")

    def _page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(16)
        section.top_margin, section.bottom_margin = Mm(20), Mm(18)

    def _styles(self) -> None:
        language = "zh-CN" if self.content.language == "zh" else "en-GB"
        sizes = {
            "Normal": 9.5, "Title": 24, "Subtitle": 12, "Heading 1": 15, "Heading 2": 12, "Heading 3": 10.5,
            "List Bullet": 9.5, "Caption": 8,
        }  # fmt: skip
        for name, size in sizes.items():
            style: Any = self.document.styles[name]
            style.font.name, style.font.size, style.font.italic = FONT, Pt(size), False
            if name not in {"Normal", "List Bullet"}:
                style.font.color.rgb = _INK
            properties = style.element.get_or_add_rPr()
            fonts = properties.get_or_add_rFonts()
            for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
                fonts.attrib.pop(qn(attribute), None)
            fonts.set(qn("w:eastAsia"), FONT)
            tongue = OxmlElement("w:lang")
            tongue.set(qn("w:val"), language)
            tongue.set(qn("w:eastAsia"), "zh-CN")
            properties.append(tongue)
            style.paragraph_format.space_after = Pt(3)
            if name.startswith("Heading"):
                style.paragraph_format.space_before = Pt(6)
        self.document.styles["Caption"].font.bold = False

    def _properties(self) -> None:
        stamp = datetime.fromisoformat(self.content.stamp).astimezone(UTC).replace(tzinfo=None)
        core = self.document.core_properties
        core.title = f"{self.content.title} {self.content.subtitle}"
        core.comments = self.content.notice
        core.author = core.last_modified_by = ""
        core.created = core.modified = stamp
        core.language = "zh-CN" if self.content.language == "zh" else "en"

    def _running(self) -> None:
        """Title above, notice and page numbers below, on every page."""
        section = self.document.sections[0]
        section.header.paragraphs[0].add_run(f"{self.content.title} · {self.content.subtitle}").font.size = Pt(8)
        line = section.footer.paragraphs[0]
        if self.content.notice:
            run = line.add_run(self.content.notice)
            run.font.size, run.font.color.rgb = Pt(7.5), _WARNING
        pages = section.footer.add_paragraph()
        pages.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for code, between in (("PAGE", " / "), ("NUMPAGES", "")):
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), code)
            run = OxmlElement("w:r")
            text = OxmlElement("w:t")
            text.text = "1"
            run.append(text)
            field.append(run)
            pages._p.append(field)
            pages.add_run(between)

    def _warning(self, text: str) -> None:
        run = self.document.add_paragraph().add_run(text)
        run.bold, run.font.color.rgb = True, _WARNING

    def _paragraph(self, block: Paragraph) -> None:
        if block.kind == "heading":
            self.document.add_heading(block.text, level=3)
        elif block.kind == "warning":
            self._warning(block.text)
        else:
            self.document.add_paragraph(block.text, style="Caption" if block.kind == "note" else None)

    def _bullets(self, block: Bullets) -> None:
        for item in block.items:
            self.document.add_paragraph(item, style="List Bullet")

    def _facts(self, block: Facts) -> None:
        table = Table(
            "",
            [fact.label for fact in block.facts],
            [[Cell(f"{fact.value} {fact.note}".strip(), fact.colour) for fact in block.facts]],
        )
        self._table(table, size=14)

    def _picture(self, block: Picture) -> None:
        """The drawing as pixels, which every office program shows, and the table that says the same to edit."""
        self.document.add_heading(block.title, level=3)
        shape = self.document.add_picture(io.BytesIO(png(block.svg)), width=int(_WIDTH * block.width))
        shape._inline.docPr.set("descr", block.title)
        if block.table is not None:
            self._table(replace(block.table, title=""), size=6.5)

    def _tiles(self, block: Tiles) -> None:
        across = _WIDE_TILES if block.wide else _TILES
        legend = self.document.add_paragraph()
        for key, (_, word) in self.content.colours.items():
            run = legend.add_run(f" {word} ")
            shade = OxmlElement("w:shd")
            shade.set(qn("w:val"), "clear")
            shade.set(qn("w:fill"), self.tints[key])
            run._r.get_or_add_rPr().append(shade)
            legend.add_run("  ")
        for name, tiles in block.groups:
            self.document.add_heading(name, level=3)
            rows = [list(tiles[at : at + across]) for at in range(0, len(tiles), across)]
            self._grid(
                None, [row + [Cell("")] * (across - len(row)) for row in rows], 7, [1 / across] * across, "center"
            )
            self._gap()

    def _table(self, block: Table, size: float | None = None) -> None:
        if block.title:
            self.document.add_heading(block.title, level=3)
        widths = [w / block.groups for _ in range(block.groups) for w in block.widths]
        count = len(block.headings)
        self._grid(
            block.headings, block.rows, size or (5.5 if block.groups > 2 else 8), widths or [1 / count] * count, ""
        )
        self._gap()

    def _gap(self) -> None:
        """Word joins tables that have nothing between them."""
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(6)

    def _grid(
        self,
        headings: Sequence[str] | None,
        rows: Sequence[Sequence[Cell]],
        size: float,
        widths: Sequence[float],
        align: str,
    ) -> None:
        """A table. Cells are copied from two patterns: python-docx needs 2 ms for a cell, a ranking has 750."""
        table = self.document.add_table(rows=0, cols=len(widths), style="Table Grid")
        table.autofit = False
        _light_borders(table._tbl.tblPr)
        for column, share in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=True):
            column.w = int(_WIDTH * share)
        made = _CellMaker(size, self.tints)
        if headings is not None:
            numeric = [cell.number for cell in rows[0]] if rows else [False] * len(widths)
            line = OxmlElement("w:tr")
            properties = OxmlElement("w:trPr")
            properties.append(OxmlElement("w:cantSplit"))
            properties.append(OxmlElement("w:tblHeader"))
            line.append(properties)
            for text, number, share in zip(headings, numeric, widths, strict=True):
                line.append(made.cell(Cell(text, number=number), share, heading=True, align=align))
            table._tbl.append(line)
        for row in rows:
            line = OxmlElement("w:tr")
            properties = OxmlElement("w:trPr")
            properties.append(OxmlElement("w:cantSplit"))
            line.append(properties)
            for cell, share in zip(row, widths, strict=True):
                line.append(made.cell(cell, share, align=align))
            table._tbl.append(line)

    _writers: Mapping[type, Callable[[Any, Any], None]] = {
        Paragraph: _paragraph,
        Bullets: _bullets,
        Facts: _facts,
        Table: _table,
        Tiles: _tiles,
        Picture: _picture,
    }


class _CellMaker:
    """Cells of one table, each a copy of a pattern with its own text, colour and side."""

    def __init__(self, size: float, tints: Mapping[str, str]) -> None:
        self.size, self.tints = size, tints
        self._patterns: dict[tuple[Any, ...], Any] = {}

    def cell(self, cell: Cell, share: float, *, heading: bool = False, align: str = "") -> Any:
        """The element of a cell."""
        side = align or ("right" if cell.number else "left")
        key = (cell.colour, share, heading, side)
        if key not in self._patterns:
            self._patterns[key] = self._pattern(*key)
        made = deepcopy(self._patterns[key])
        run = made.find(qn("w:p")).find(qn("w:r"))
        for at, line in enumerate(cell.text.split("\n")):
            if at:
                run.append(OxmlElement("w:br"))
            text = OxmlElement("w:t")
            text.text = line
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            run.append(text)
        return made

    def _pattern(self, colour: str, share: float, heading: bool, side: str) -> Any:
        element = _Cell(OxmlElement("w:tc"), None)._tc  # type: ignore[arg-type]
        properties = OxmlElement("w:tcPr")
        width = OxmlElement("w:tcW")
        width.set(qn("w:w"), str(int(_WIDTH * share / 635)))
        width.set(qn("w:type"), "dxa")
        properties.append(width)
        fill = "E8EDF3" if heading else self.tints.get(colour)
        if fill:
            shade = OxmlElement("w:shd")
            shade.set(qn("w:val"), "clear")
            shade.set(qn("w:color"), "auto")
            shade.set(qn("w:fill"), fill)
            properties.append(shade)
        element.append(properties)
        paragraph = OxmlElement("w:p")
        layout = OxmlElement("w:pPr")
        spacing = OxmlElement("w:spacing")
        for name in ("before", "after"):
            spacing.set(qn(f"w:{name}"), "60" if self.size > 10 else "0")
        spacing.set(qn("w:line"), "240")
        spacing.set(qn("w:lineRule"), "auto")
        layout.append(spacing)
        place = OxmlElement("w:jc")
        place.set(qn("w:val"), side)
        layout.append(place)
        paragraph.append(layout)
        run = OxmlElement("w:r")
        style = OxmlElement("w:rPr")
        if heading:
            style.append(OxmlElement("w:b"))
        size = OxmlElement("w:sz")
        size.set(qn("w:val"), str(round(min(self.size, 8) * 2 if heading else self.size * 2)))
        style.append(size)
        run.append(style)
        paragraph.append(run)
        element.append(paragraph)
        return element


def _light_borders(properties: Any) -> None:
    """Thin grey lines between rows, none between columns; small margins in cells."""
    borders = OxmlElement("w:tblBorders")
    for side, kind, colour in (
        ("top", "single", "33414C"), ("left", "nil", "auto"), ("bottom", "single", "33414C"), ("right", "nil", "auto"),
        ("insideH", "single", "D9DFE3"), ("insideV", "nil", "auto"),
    ):  # fmt: skip
        line = OxmlElement(f"w:{side}")
        line.set(qn("w:val"), kind)
        line.set(qn("w:sz"), "4")
        line.set(qn("w:color"), colour)
        borders.append(line)
    properties.append(borders)
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "40")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties.append(margins)
