"""The monthly bulletin 平安指数月报: the issue on ten pages of paper, as PDF to read and DOCX to edit.

Belongs here: which numbers and sentences the bulletin holds (content), and its two forms. Sentences say what the
issue's numbers say; no cause is invented. Everything shown is read from the issue.
"""

from __future__ import annotations

from pathlib import Path

from city.folder import City
from publication.bulletin.content import bulletin
from publication.bulletin.word import write_docx
from publication.catalogue import LANGUAGES
from publication.reading import IssueData
from publication.rendering import PartlyMadeError, RenderingError, Request

__all__ = ["render_bulletin", "write_bulletin_docx", "write_bulletin_pdf"]

PDF, DOCX = "bulletin-{}.pdf", "bulletin-{}.docx"


def render_bulletin(request: Request) -> None:
    """The rendering `bulletin`: PDF and DOCX in both languages, the content of each language read once.

    Where the system lacks what a PDF needs, the DOCX are made all the same.
    """
    from publication.bulletin.paper import write_pdf

    contents = {language: bulletin(request.data, request.city, language, request.boundaries) for language in LANGUAGES}
    for language, content in contents.items():
        write_docx(content, request.target / DOCX.format(language))
    for language, content in contents.items():
        try:
            write_pdf(content, request.target / PDF.format(language))
        except RenderingError as error:
            raise PartlyMadeError(f"the DOCX bulletins are made, the PDF are not: {error}") from error


def write_bulletin_pdf(
    data: IssueData, city: City, folder: Path, language: str, boundaries: Path | None = None
) -> Path:
    """Write `bulletin-<language>.pdf`; RenderingError names the Debian packages that are missing."""
    from publication.bulletin.paper import write_pdf

    path = folder / PDF.format(language)
    write_pdf(bulletin(data, city, language, boundaries), path)
    return path


def write_bulletin_docx(
    data: IssueData, city: City, folder: Path, language: str, boundaries: Path | None = None
) -> Path:
    """Write `bulletin-<language>.docx`, the same content for offices that edit."""
    path = folder / DOCX.format(language)
    write_docx(bulletin(data, city, language, boundaries), path)
    return path
