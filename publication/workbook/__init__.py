"""The workbook of an issue (XLSX): for the analyst with a spreadsheet.

Belongs here: the sheets, their columns and look. Every number is the issue's own, unrounded; formats round what is
shown. Text is always written as text, so that nothing a department or a city's folder holds becomes a formula.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from city.folder import City
from publication.reading import IssueData
from publication.rendering import Request

__all__ = ["WORKBOOK", "render_workbook", "write_workbook"]

WORKBOOK = "workbook.xlsx"


def render_workbook(request: Request) -> None:
    """The rendering `workbook`."""
    write_workbook(request.data, request.city, request.target)


def write_workbook(data: IssueData, city: City, folder: Path) -> list[Path]:
    """Write `workbook.xlsx`, the same bytes from the same issue."""
    import xlsxwriter  # type: ignore[import-untyped]

    from publication.workbook.look import Look
    from publication.workbook.sheets import write_sheets

    path = folder / WORKBOOK
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        # XlsxWriter would write the clock
        created = datetime.fromisoformat(str(data.manifest["published_at"])).replace(tzinfo=None)
        look = Look(book, data, city)
        book.set_properties(
            {
                "title": f"{look.both.index_name} {data.period}",
                "subject": " ".join(filter(None, (data.notice("zh"), data.notice("en")))),
                "created": created,
            }
        )
        write_sheets(look)
    return [path]
