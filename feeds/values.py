"""Text to types, vectorised: numbers, yes and no, dates as offices write them. Null where unreadable.

What a failure to read means (quarantine, with which words) is the contract's business.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import polars as pl

#: Tried in this order after the record set's own formats; each only on what is still unread.
DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y年%m月%d日",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H:%M:%S",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日%H时%M分",
    "%Y年%m月%d日 %H时%M分",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
)
_ZONED = r"^\d{4}-\d{1,2}-\d{1,2}[T ].*(?:Z|[+-]\d{2}:?\d{2})$"
#: Earlier than this and a year was mistyped (`22-01-05` reads as the year 22).
_FIRST_YEAR = 1900
_MONTH_FORM = r"^(\d{4})(?:[-/.年](0?[1-9]|1[0-2])月?|(0[1-9]|1[0-2]))$"
_YES = ("是", "true", "1", "y", "yes", "t", "1.0", "有", "√")
_NO = ("否", "false", "0", "n", "no", "f", "0.0", "无", "×")
_MOST_EXACT = 2**53

MONTH = "a month (2022-01) or a date in it"
EXPECTED = {
    "date": "a date such as 2022-01-05",
    "datetime": "a time such as 2022-01-05 13:05:00",
    "integer": "a whole number",
    "float": "a finite number",
    "boolean": "是 or 否 (true/false, 1/0, Y/N)",
}


def kind_of(dtype: pl.DataType) -> str:
    """`text`, `integer`, `float`, `boolean`, `date` or `datetime`; TypeError for what no contract may use."""
    if dtype == pl.String:
        return "text"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "float"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "datetime"
    raise TypeError(f"contracts use str, int, float, bool, pl.Date and pl.Datetime, not {dtype}")


def parse(text: pl.Series, kind: str, date_formats: Iterable[str] = (), time_zone: str = "UTC") -> pl.Series:
    """Stripped text (null where blank) as typed values, null where they cannot be read."""
    if kind == "text":
        return text
    readers: dict[str, Callable[[pl.Series], pl.Series]] = {
        "integer": parse_integer,
        "float": parse_float,
        "boolean": parse_boolean,
    }
    if kind in readers:
        return readers[kind](text)
    times = parse_datetime(text, date_formats, time_zone)
    return times.dt.date() if kind == "date" else times


def _fill(parsed: pl.Series, text: pl.Series, read_rest: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Read what is still null by another rule, only there: most deliveries are done after the first."""
    open_rows = parsed.is_null() & text.is_not_null()
    if not open_rows.any():
        return parsed
    at = open_rows.arg_true()
    return parsed.scatter(at, read_rest(text.gather(at))) if parsed.len() else parsed


def parse_float(text: pl.Series) -> pl.Series:
    """Decimals, with thousands separators or full-width digits too; infinite and NaN are not numbers."""
    parsed = _fill(text.cast(pl.Float64, strict=False), text, lambda t: _plain(t).cast(pl.Float64, strict=False))
    return parsed.to_frame("x").select(pl.when(pl.col("x").is_finite()).then(pl.col("x")))["x"].alias(text.name)


def parse_integer(text: pl.Series) -> pl.Series:
    """Whole numbers, also written `12.0` as spreadsheets do."""

    def rest(t: pl.Series) -> pl.Series:
        plain = _plain(t)
        floats = plain.cast(pl.Float64, strict=False)
        whole = floats.is_finite() & (floats == floats.floor()) & (floats.abs() < _MOST_EXACT)
        exact = plain.cast(pl.Int64, strict=False)
        frame = pl.DataFrame({"f": floats, "w": whole, "e": exact})
        fitting = pl.when(pl.col("w").fill_null(False)).then(pl.col("f"))
        return frame.select(pl.coalesce("e", fitting.cast(pl.Int64, strict=False)))["e"]

    return _fill(text.cast(pl.Int64, strict=False), text, rest)


def _plain(text: pl.Series) -> pl.Series:
    normal = text.str.normalize("NFKC").str.strip_chars()
    grouped = normal.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
    frame = pl.DataFrame({"t": normal, "g": grouped})
    return frame.select(pl.when("g").then(pl.col("t").str.replace_all(",", "")).otherwise("t").alias("t"))["t"]


def parse_boolean(text: pl.Series) -> pl.Series:
    """是/否, true/false, 1/0, Y/N in any case."""
    lower = text.str.to_lowercase()
    frame = pl.DataFrame({"y": lower.is_in(_YES), "n": lower.is_in(_NO)})
    return frame.select(pl.when("y").then(True).when("n").then(False).alias("y"))["y"].alias(text.name)


def parse_datetime(text: pl.Series, date_formats: Iterable[str] = (), time_zone: str = "UTC") -> pl.Series:
    """Local times without zone; a written zone is converted to the city's."""
    parsed = pl.Series(text.name, [None] * text.len(), dtype=pl.Datetime("us"))
    wanted = text.len() - text.null_count()

    for form in dict.fromkeys((*date_formats, *DATE_FORMATS)):
        if parsed.len() - parsed.null_count() == wanted:
            break
        parsed = _fill(parsed, text, _by_format(form))
    if parsed.len() - parsed.null_count() < wanted:
        zone = ZoneInfo(time_zone)
        parsed = _fill(
            parsed,
            text,
            lambda t: pl.Series([_zoned(v, zone) for v in _only(t, _ZONED)], dtype=pl.Datetime("us")),
        )
    frame = parsed.to_frame("x")
    return frame.select(pl.when(pl.col("x").dt.year() >= _FIRST_YEAR).then(pl.col("x")))["x"].alias(text.name)


def _by_format(form: str) -> Callable[[pl.Series], pl.Series]:
    with_time = any(sign in form for sign in ("%H", "%I", "%T", "%M"))

    def read(text: pl.Series) -> pl.Series:
        if with_time:
            return text.str.to_datetime(form, strict=False, time_unit="us", ambiguous="earliest")
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))

    return read


def _only(text: pl.Series, pattern: str) -> list[str | None]:
    shaped = text.str.contains(pattern)
    return [v if s else None for v, s in zip(text.to_list(), shaped.to_list(), strict=True)]


def _zoned(text: str | None, zone: ZoneInfo) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(zone).replace(tzinfo=None)


def parse_month(text: pl.Series, date_formats: Iterable[str] = (), time_zone: str = "UTC") -> pl.Series:
    """`YYYY-MM` of a month (2022-01, 2022/1, 2022年1月, 202201) or of any date."""
    groups = text.str.normalize("NFKC").str.extract_groups(_MONTH_FORM).struct.unnest()
    year, month, bare_month = (pl.col(name) for name in groups.columns)
    number = pl.coalesce(month.str.zfill(2), bare_month)
    months = groups.select(year + "-" + number).to_series().alias(text.name)
    return _fill(months, text, lambda t: month_of(parse_datetime(t, date_formats, time_zone)))


def month_of(times: pl.Series) -> pl.Series:
    """`YYYY-MM` of dates or times."""
    return times.dt.strftime("%Y-%m")
