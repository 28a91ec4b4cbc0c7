"""What a bulletin is made of, before it looks like anything: PDF and DOCX are two pictures of the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

#: The one family of both forms; Debian's fonts-noto-cjk.
FONT = "Noto Sans CJK SC"


@dataclass(frozen=True)
class Cell:
    """What stands in a table or tile; `colour` is the key of an official colour."""

    text: str
    colour: str = ""
    number: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A sentence or a few."""

    text: str
    kind: str = "body"


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand each for itself."""

    items: Sequence[str]


@dataclass(frozen=True)
class Fact:
    """A headline number with its label."""

    label: str
    value: str
    note: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Facts:
    """Headline numbers in a row."""

    facts: Sequence[Fact]


@dataclass(frozen=True)
class Table:
    """Headings and rows. `groups` > 1 says that the same columns stand so many times side by side."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    groups: int = 1
    #: Width of each column of a group as a share of the whole; empty lets the page decide.
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Tiles:
    """Units as tiles of one size, under the name of the unit that they belong to."""

    groups: Sequence[tuple[str, Sequence[Cell]]]

    @property
    def wide(self) -> bool:
        """Whether names are Latin, which need more room than Chinese ones in any language."""
        return any(tile.text.partition("\n")[0].isascii() for _, tiles in self.groups for tile in tiles)


@dataclass(frozen=True)
class Picture:
    """A drawing of numbers. `table` says the same where a form has room for both; None where other blocks do."""

    svg: str
    title: str
    table: Table | None = None
    #: Share of the page's width.
    width: float = 1.0


Block = Paragraph | Bullets | Facts | Table | Tiles | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; `level` 1 begins a part, 2 one of its sections."""

    title: str
    blocks: Sequence[Block]
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Bulletin:
    """A whole bulletin in one language."""

    language: str
    title: str
    subtitle: str
    issue: str
    published: str
    stamp: str
    notice: str
    sections: Sequence[Section]
    colophon: str
    #: Colour key → (#rrggbb, official word), best first.
    colours: dict[str, tuple[str, str]] = field(default_factory=dict)
