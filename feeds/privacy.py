"""What may not come in: columns and values that name people. And masking, for what is shown of a row.

The index needs counts by township, never who: a delivery that holds names, identity or telephone numbers is
refused whole, before anything of it is landed, and only its header is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import polars as pl

from feeds.errors import FeedError
from feeds.raw import header_key

_REMEDY = "ask the department to deliver without this column (counts by township are enough) and delete the file"

_CHINESE = re.compile(
    r"姓名|名字|身份证|身份号|证件号|护照号|军官证|联系方式|联系人|家庭住址|居住地址|户籍地址|电子邮箱|微信号"
    r"|(电话|手机|座机)(号码?|联系)?$"
)
_PERSONS = frozenset(
    {
        "当事人",
        "申请人",
        "被申请人",
        "报警人",
        "举报人",
        "投诉人",
        "上访人",
        "信访人",
        "嫌疑人",
        "犯罪嫌疑人",
        "被害人",
        "受害人",
        "死者",
        "患者",
        "户主",
        "监护人",
        "法定代表人",
        "法人代表",
        "负责人",
        "原告",
        "被告",
        "被告人",
        "学生",
        "老人",
        "驾驶人",
    }
)
_ENGLISH = re.compile(
    r"\b(tele)?phones?\b|\bmobiles?\b|\bcell ?phones?\b|\btel\b|\bpassport|\bssn\b|\be ?mail\b"
    r"|\bid ?cards?\b|\bidentity (card|no|number)|\bid (no|number)\b|\bnational id\b|\bsurname\b"
)
#: Words before or after `name` that say whose name it is, when it is no person's.
_NEUTRAL = frozenset(
    {
        "unit",
        "measure",
        "indicator",
        "county",
        "city",
        "township",
        "town",
        "street",
        "subdistrict",
        "village",
        "district",
        "area",
        "community",
        "ward",
        "zone",
        "region",
        "place",
        "site",
        "facility",
        "school",
        "department",
        "agency",
        "station",
        "company",
        "firm",
        "business",
        "enterprise",
        "organisation",
        "organization",
        "institution",
        "project",
        "product",
        "item",
        "type",
        "kind",
        "category",
        "class",
        "file",
        "table",
        "column",
        "dba",
        "aka",
    }
)

# Rust's regular expressions have no look-around: the neighbours are part of the match.
_MOBILE = r"(?:^|[^0-9A-Za-z._/-])(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?:$|[^0-9A-Za-z])"
_IDENTITY = r"(?:^|[^0-9A-Za-z])([1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx])(?:$|[^0-9A-Za-z])"  # noqa: E501
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


class PersonalData(FeedError):  # noqa: N818 - named for what was found
    """A delivery that names people. `header` is all that is kept of it."""

    def __init__(self, feed: str, file: str, expectation: str, header: Sequence[str]) -> None:
        """`header` as delivered."""
        super().__init__(feed, file, expectation, _REMEDY)
        self.header = tuple(header)


def is_personal_header(header: str) -> bool:
    """Whether a column of this name would hold people's names, identity or telephone numbers."""
    key = re.sub(r"[(\[【].*?[)\]】]", "", header_key(header))
    if _CHINESE.search(key) or key in _PERSONS:
        return True
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", header)
    words = re.sub(r"[^a-z]+", " ", words.lower()).strip()
    if _ENGLISH.search(words):
        return True
    tokens = set(words.split())
    return bool({"name", "names", "fullname", "firstname", "lastname", "username"} & tokens) and not (tokens & _NEUTRAL)


def refuse_personal_header(feed: str, file: str, header: Iterable[str], allowed: Collection[str] = ()) -> None:
    """PersonalData when a header names people; `allowed` are the record set's unit headers.

    A file without a header has its first row in the header's place: with numbers of persons in it, the header is
    kept masked.
    """
    header = tuple(header)
    if any(_holds_number(cell) for cell in header):
        masked = [mask(cell) or "" for cell in header]
        raise PersonalData(feed, file, "a header was expected; the first row holds numbers of persons", masked)
    allowed_keys = {header_key(a) for a in allowed}
    found = [h for h in header if header_key(h) not in allowed_keys and is_personal_header(h)]
    if found:
        raise PersonalData(
            feed,
            file,
            f"no column of names, identity or telephone numbers; there is {', '.join(found)}",
            header,
        )


def refuse_personal_values(
    feed: str, file: str, rows: pl.DataFrame, columns: Iterable[str], header: Sequence[str]
) -> None:
    """PersonalData when a text column holds mobile numbers or identity numbers with their check digit."""
    for column in columns:
        cells = rows[column]
        # Both patterns need eleven digits or more: short columns (categories, codes) are done with here.
        if rows.is_empty() or (cells.str.len_bytes().max() or 0) < 11:  # type: ignore[operator]
            continue
        if cells.str.contains(_MOBILE).any():
            raise PersonalData(feed, file, f"no mobile numbers; column {column!r} holds some", header)
        shaped = cells.str.extract(_IDENTITY).drop_nulls().unique()
        valid = sum(1 for text in shaped.head(10_000) if has_identity_check_digit(text))
        # A serial number made of area, date and a counter has the same shape, and the right check digit one
        # time in eleven; real identity numbers have it every time.
        if valid * 2 > min(shaped.len(), 10_000):
            raise PersonalData(feed, file, f"no identity numbers; column {column!r} holds some", header)


def _holds_number(text: str) -> bool:
    identity = re.search(_IDENTITY, text)
    return bool(re.search(_MOBILE, text)) or (identity is not None and has_identity_check_digit(identity[1]))


def has_identity_check_digit(text: str) -> bool:
    """Whether 18 characters end in the check digit of GB 11643."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return _CHECK_DIGITS[total % 11] == text[-1].upper()


def mask(text: str | None) -> str | None:
    """First and last character, `*` between; of one or two characters only the first at most."""
    if not text:
        return text
    if len(text) <= 2:
        return text[0] + "*" if len(text) == 2 else "*"
    return f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}"


def mask_column(name: str) -> pl.Expr:
    """The same as `mask`, over a column of text."""
    text = pl.col(name)
    length = text.str.len_chars()
    middle = pl.lit("*").repeat_by((length - 2).clip(lower_bound=0)).list.join("")
    return (
        pl.when(length == 0)
        .then(text)
        .when(length == 1)
        .then(pl.lit("*"))
        .when(length == 2)
        .then(text.str.head(1) + "*")
        .otherwise(text.str.head(1) + middle + text.str.tail(1))
        .alias(name)
    )
