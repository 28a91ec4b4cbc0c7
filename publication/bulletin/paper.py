"""The bulletin on A4 paper: blocks as HTML by Jinja2, HTML as a tagged PDF by WeasyPrint."""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
from pathlib import Path
from typing import Any

from markupsafe import Markup

from publication.bulletin.blocks import FONT, Block, Bulletin
from publication.rendering import RenderingError
from publication.wording import tinted

_TEMPLATES = Path(__file__).resolve().parent / "templates"
#: What WeasyPrint needs beside Python, as Debian's packages.
_LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0"
_FONTS = "fontconfig fonts-noto-cjk"


def write_pdf(content: Bulletin, path: Path) -> None:
    """Write the PDF, the same bytes for the same content; RenderingError says which Debian packages are missing."""
    try:
        from weasyprint import HTML  # type: ignore[import-untyped]
    except OSError as error:
        raise RenderingError(_missing(_LIBRARIES, error)) from error
    if not has_font(FONT):
        # asked before drawing: without any font Pango ends the whole process (a segmentation fault)
        raise RenderingError(_missing(_FONTS, f"no font of the family {FONT}"))
    identity = hashlib.sha256(f"{content.colophon}{content.language}".encode()).digest()[:16]
    document = HTML(string=page(content), base_url=str(_TEMPLATES))
    document.write_pdf(path, pdf_identifier=identity, pdf_tags=True, pdf_variant="pdf/ua-1")


class _FontSet(ctypes.Structure):
    """fontconfig's FcFontSet."""

    _fields_ = (("count", ctypes.c_int), ("space", ctypes.c_int), ("fonts", ctypes.c_void_p))


def has_font(family: str) -> bool:
    """Whether fontconfig, which finds fonts for WeasyPrint, knows a font of the family."""
    name = ctypes.util.find_library("fontconfig")
    if name is None:
        return False
    library = ctypes.CDLL(name)
    library.FcNameParse.restype = library.FcObjectSetCreate.restype = ctypes.c_void_p
    library.FcFontList.restype = ctypes.POINTER(_FontSet)
    library.FcFontList.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    pattern = library.FcNameParse(family.encode())
    wanted = library.FcObjectSetCreate()
    found = library.FcFontList(None, pattern, wanted)
    return bool(found) and found.contents.count > 0


def page(content: Bulletin) -> str:
    """The bulletin as one HTML page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = _kind
    return environment.get_template("bulletin.html.j2").render(
        bulletin=content,
        lang="zh-CN" if content.language == "zh" else "en",
        style=Markup((_TEMPLATES / "bulletin.css").read_text(encoding="utf-8")),  # nosec B704 # our own file
        tints={key: tinted(colour, 0.24) for key, (colour, _) in content.colours.items()},
        drawn=Markup,
    )


def _kind(block: Block) -> str:
    return type(block).__name__


def _missing(packages: str, error: Any) -> str:
    return (
        f"the PDF bulletin needs Debian's packages {packages} ({error}). Install them (apt-get install "
        f"--no-install-recommends {packages}) and run `pingan render` again; the issue's data is complete as it is. "
        f"生成PDF需要系统软件包 {packages}。"
    )
