"""Several small cities from one: the small city of tests/core with codes of its own and deliveries from a seed.

City n (1 … 9) has the codes 9n0000, 9n0101, 9n0101001 … in place of 900000 …; its departments deliver monthly returns
drawn from seed n, without gaps, so that every month passes its gates. Synthetic, all of it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent / "core"))

import small_city

_CODE = re.compile(r"\b900(\d{3}|\d{6})\b")


def city_key(number: int) -> str:
    """The folder's name."""
    return f"city{number}"


def write_city(place: Path, number: int) -> Path:
    """Write the folder of city `number` below a place; answers it."""
    folder = small_city.write_city(place / city_key(number))
    for path in folder.rglob("*.csv"):
        path.write_text(_CODE.sub(rf"9{number}0\1", path.read_text(encoding="utf-8")), encoding="utf-8")
    settings = yaml.safe_load((folder / "city.yaml").read_text(encoding="utf-8"))
    settings |= {"name_zh": f"小城{number}", "name_en": f"Small City {number}", "synthetic": True}
    settings |= {"notice_zh": "模拟数据", "notice_en": "Synthetic data"}
    _write_yaml(folder / "city.yaml", settings)
    for path in folder.glob("versions/*/rules.yaml"):
        # Random numbers jump from month to month: what gate C calls unusual is not asked of them.
        rules = yaml.safe_load(path.read_text(encoding="utf-8")) | {"gate": {"scored_share": 0}}
        _write_yaml(path, rules)
    return folder


def draw_returns(number: int) -> dict[tuple[str, str], small_city.Return]:
    """(month, department) -> what city `number` delivers; a return that the small city never sends repeats the last."""
    returns = small_city.draw_returns(number, 0.0, 0.0, 0.05)
    for department in small_city.DEPARTMENTS:
        last: small_city.Return = {}
        for period in small_city.MONTHS:
            last = returns.setdefault((period, department), last)
    return {
        key: {(_CODE.sub(rf"9{number}0\1", unit), measure): value for (unit, measure), value in numbers.items()}
        for key, numbers in returns.items()
    }


def write_deliveries(sources: Path, number: int) -> Path:
    """Write all returns of city `number` below `sources/<key>`; answers that folder."""
    return small_city.write_returns(sources / city_key(number), draw_returns(number))


def _write_yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
