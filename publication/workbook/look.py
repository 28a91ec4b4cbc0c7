"""How the sheets of the workbook look: cell formats, headings, filters, panes, colours, the notice on every sheet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_range  # type: ignore[import-untyped]
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from city.folder import City
from publication.catalogue import load_catalogue
from publication.files import FORMULA_STARTS
from publication.reading import IssueData
from publication.wording import Wording, tinted

#: Title, notice, empty line, headings: where every table begins.
HEADING_ROW = 3
_FONT = "Noto Sans CJK SC"
_NUMBER_FORMATS = {
    "text": "@",
    "long text": "@",
    "score": "0.00",
    "change": "+0.00;-0.00;0.00",
    "effect": "+0.000;-0.000;0.000",
    "moved": "+0;-0;0",
    "whole": "#,##0",
    "place": "0.0",
    "number": "#,##0.00",
    "share": "0.0%",
    "weight": "0.00",
    "fraction": "0.0000",
}
#: Kinds that are text; long text goes over several lines.
_TEXT = ("text", "long text")
#: A signed number smaller than this is shown as nought, and then without a sign: it neither rose nor fell.
_NOUGHT = {"change": (0.00499999, "0.00;0.00"), "effect": (0.000499999, "0.000;0.000")}
#: Rows of headings: three lines, under which a sheet's table has its filter buttons.
_HEADING_HEIGHT, _FILTERED_HEIGHT = 46, 62


@dataclass(frozen=True)
class Column:
    """A column of a sheet: key of its values, key of its heading in the catalogue, kind of number, least width in
    characters. A column of text is as wide as its longest, but for long text, which goes over several lines.

    `coded` names the kind of code whose words are shown; `tint` colours cells by score (`score`) or by word (`colour`).
    """

    key: str
    heading: str
    kind: str = "text"
    width: float = 10
    coded: str = ""
    tint: str = ""


def displayed(text: str) -> int:
    """How wide a text is shown, in Latin characters: a Chinese one takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


class Both:
    """Texts in Chinese and English side by side, the way the workbook says everything."""

    def __init__(self, data: IssueData, city: City) -> None:
        """The wording of an issue's city in both languages."""
        self.zh = Wording(city, data.period, "zh")
        self.en = Wording(city, data.period, "en")

    def _joined(self, zh: str, en: str, between: str = " ") -> str:
        return zh if zh == en else f"{zh}{between}{en}"

    @property
    def index_name(self) -> str:
        """平安天水指数 Safe Tianshui Index."""
        return self._joined(self.zh.index_name, self.en.index_name)

    def text(self, key: str, between: str = " ", **fields: Any) -> str:
        """A text of the catalogue."""
        return self._joined(self.zh.text(key, **fields), self.en.text(key, **fields), between)

    def heading(self, key: str) -> str:
        """A heading: Chinese above English."""
        return self.text(key, between="\n")

    def code(self, kind: str, code: Any) -> str:
        """The word for a code."""
        return self._joined(self.zh.code(kind, code), self.en.code(kind, code))

    def check(self, check: str) -> str:
        """What a check of a gate is called."""
        return self._joined(self.zh.check(check), self.en.check(check))

    def colour(self, key: str | None) -> str:
        """`优秀 excellent`; empty for none."""
        return "" if key is None else self._joined(self.zh.colour(key), self.en.colour(key))


class Look:
    """The formats of one workbook and the way a table is put on a sheet."""

    def __init__(self, book: Workbook, data: IssueData, city: City) -> None:
        """Formats are made once and shared by all sheets."""
        self.book, self.data, self.city = book, data, city
        self.both = Both(data, city)
        base = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
        self.kinds = {
            kind: book.add_format({**base, "num_format": code, "indent": int(kind in _TEXT)})
            for kind, code in _NUMBER_FORMATS.items()
        }
        self.kinds["long text"].set_text_wrap()
        self.indented = [book.add_format({**base, "indent": level + 1, "bold": level == 0}) for level in range(6)]
        self.fractional = book.add_format({**base, "num_format": "#,##0.00"})
        #: text that a spreadsheet would read as a formula when somebody edits the cell
        self.guarded = book.add_format({**base, "num_format": "@", "quote_prefix": True})
        self.title = book.add_format({**base, "font_size": 16, "bold": True, "font_color": "#14304f"})
        self.subtitle = book.add_format({**base, "font_size": 11, "bold": True, "font_color": "#14304f"})
        self.notice = book.add_format({**base, "font_color": "#8a1c12", "bold": True})
        self.plain = book.add_format(base)
        self.label = book.add_format({**base, "font_color": "#55606c"})
        self.link = book.add_format({**base, "font_color": "#1f5f9e", "underline": 1})
        self.big = book.add_format({**base, "font_size": 28, "bold": True, "num_format": "0.00", "align": "left"})
        self.big_change = book.add_format({**base, "font_size": 16, "num_format": "+0.00;-0.00;0.00", "align": "left"})
        self.nought = {kind: book.add_format({"num_format": code}) for kind, (_, code) in _NOUGHT.items()}
        heading = {
            **base,
            "bold": True,
            "text_wrap": True,
            "bg_color": "#e8edf3",
            "bottom": 1,
            "bottom_color": "#8796a8",
        }
        self.heading = book.add_format(heading)
        # above its column: text is moved in, numbers stand on the right; on top, where no filter button covers it
        self.headings = {
            of_text: book.add_format(
                {**heading, "valign": "top", **({"align": "left", "indent": 1} if of_text else {"align": "right"})}
            )
            for of_text in (True, False)
        }
        self.tints = {
            key: book.add_format({"bg_color": tinted(self.both.zh.colour_hex(key), 0.22), "font_color": "#1b1f24"})
            for key in self.both.zh.colours
        }

    def sheet(self, key: str) -> Worksheet:
        """A new sheet with its title and the notice, set up for printing."""
        name = self.both.text(f"workbook.sheet.{key}")
        sheet = self.book.add_worksheet(name[:31])
        sheet.hide_gridlines(2)
        sheet.set_row(0, 26)
        text = f"{self.both.zh.index_name} · {self.both.zh.month(self.data.period)} · {name}"
        self.write_text(sheet, 0, 0, text, self.title)
        notice = " ".join(filter(None, (self.data.notice("zh"), self.data.notice("en"))))
        if notice:
            self.write_text(sheet, 1, 0, notice, self.notice)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        # & starts a code in headers and footers
        sheet.set_header("&L&8" + text.replace("&", "&&") + "&R&8" + self.data.notice("zh").replace("&", "&&"))
        sheet.set_footer("&C&8&P / &N")
        return sheet

    def write_text(self, sheet: Worksheet, row: int, column: int, text: str, style: Format | None = None) -> None:
        """Text that stays text, also when somebody edits the cell."""
        sheet.write_string(row, column, text, self.guarded if text.startswith(FORMULA_STARTS) else style)

    def table(
        self,
        sheet: Worksheet,
        columns: Sequence[Column],
        rows: dict[str, list[Any]],
        *,
        frozen: int,
        top: int | None = None,
    ) -> None:
        """A table with its headings; `rows` holds a list for each column. With `top` it is a small one among others;
        otherwise it is the sheet's: filtered, its headings and first `frozen` columns standing still.
        """
        first = HEADING_ROW if top is None else top
        count = len(rows[columns[0].key])
        for at, column in enumerate(columns):
            self.write_text(sheet, first, at, self._heading(column), self.headings[column.kind in _TEXT])
            widest = self._cells(sheet, first + 1, at, column, rows[column.key], top is not None)
            if top is None:
                sheet.set_column(at, at, max(column.width, widest), self.kinds[column.kind])
            if count and column.tint:
                self.tint(sheet, column.tint, first + 1, at, first + count, at)
            if count and column.kind in _NOUGHT:
                least, _ = _NOUGHT[column.kind]
                near = {"type": "cell", "criteria": "between", "minimum": -least, "maximum": least}
                sheet.conditional_format(first + 1, at, first + count, at, {**near, "format": self.nought[column.kind]})
        sheet.set_row(first, _FILTERED_HEIGHT if top is None else _HEADING_HEIGHT)
        if top is None:
            sheet.freeze_panes(first + 1, frozen)
            sheet.autofilter(first, 0, first + max(count, 1), len(columns) - 1)
            sheet.repeat_rows(first)
            if count:
                # codes of units and nodes are text although they look like numbers
                sheet.ignore_errors({"number_stored_as_text": xl_range(first + 1, 0, first + count, len(columns) - 1)})

    def _heading(self, column: Column) -> str:
        return self.both.heading(column.heading) if column.heading in load_catalogue().texts else column.heading

    def _cells(self, sheet: Worksheet, row: int, at: int, column: Column, values: Iterable[Any], styled: bool) -> int:
        """Write a column's values; how wide it must be for its longest text."""
        style = self.kinds[column.kind] if styled else None
        if column.kind in _TEXT:
            # a column holds few different texts: each is looked at once
            words: dict[Any, tuple[str, Format | None]] = {}
            for offset, value in enumerate(values):
                if value is None or value == "":
                    continue
                if value not in words:
                    text = self.both.code(column.coded, value) if column.coded else str(value)
                    words[value] = (text, self.guarded if text.startswith(FORMULA_STARTS) else style)
                sheet.write_string(row + offset, at, *words[value])
            return max((displayed(text) for text, _ in words.values()), default=0) + 2 if column.kind == "text" else 0
        for offset, value in enumerate(values):
            if value is not None:
                fractional = column.kind == "whole" and value != int(value)
                sheet.write_number(row + offset, at, value, self.fractional if fractional else style)
        return 0

    def tint(self, sheet: Worksheet, by: str, row: int, column: int, last_row: int, last_column: int) -> None:
        """Conditional colours: by score and the method's cut points, or by the colour's word."""
        for key, band in self.both.zh.colours.items():
            rule: dict[str, Any] = {"type": "cell", "format": self.tints[key], "stop_if_true": True}
            if by == "colour":
                rule |= {"criteria": "==", "value": '"' + self.both.colour(key).replace('"', '""') + '"'}
            else:
                # a blank is less than any number to Excel: it must not turn red
                corner = re.sub(r":.*", "", xl_range(row, column, row, column))
                rule = {
                    "type": "formula",
                    "criteria": f"=AND(ISNUMBER({corner}),{corner}>={band['from']!r})",
                    "format": self.tints[key],
                    "stop_if_true": True,
                }
            sheet.conditional_format(row, column, last_row, last_column, rule)
