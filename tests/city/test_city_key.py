"""What a city is called in tables, assets and folders of the state: from any name that its folder may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from city.folder import city_key


@pytest.mark.parametrize(
    ("name", "key"),
    [("tianshui", "tianshui"), ("gap-2014 v2.1", "gap_2014_v2_1"), ("天水 pilot'); --", "pilot"), ("a" * 99, "a" * 60)],
)
def test_other_signs_than_letters_and_digits_are_underscores(name: str, key: str) -> None:
    assert city_key(Path("/srv") / name) == key


def test_chinese_names_differ_by_their_hash() -> None:
    keys = {city_key(Path(name)) for name in ("天水", "兰州", "天水")}
    assert len(keys) == 2
    assert all(key.isascii() and key.isidentifier() for key in keys)
