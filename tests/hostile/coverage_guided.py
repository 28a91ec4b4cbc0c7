"""Hostile bytes found by coverage: atheris drives the readers with whatever reaches new lines of them.

    python tests/hostile/coverage_guided.py -runs=10000 [CORPUS FOLDER]

A reader may answer with rows or with a FeedError; anything else ends the run and prints the bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

with atheris.instrument_imports(include=["feeds"]):
    from feeds.csv_reader import read_csv
    from feeds.errors import FeedError, NotDelivered
    from feeds.json_reader import read_json_file
    from feeds.sql_reader import read_sqlite
    from feeds.xlsx_reader import read_xlsx

WANTED = ("案件编号", "立案时间", "单位代码")


def read_anything(data: bytes) -> None:
    """The first byte chooses the reader, the rest is the delivery."""
    kind, content = (data[0] % 6 if data else 0), data[1:]
    try:
        if kind < 2:
            read_csv("police/crime", "d.csv", content, WANTED, encoding=("utf-8", "gb18030")[kind])
        elif kind == 2:
            read_csv("police/crime", "d.csv.gz", content, WANTED)
        elif kind == 3:
            read_json_file("police/crime", "d.json", content)
        elif kind == 4:
            read_xlsx("police/crime", "d.xlsx", content, WANTED)
        else:
            read_sqlite("police/crime", "d.sqlite", content, WANTED, table="delivery")
    except (FeedError, NotDelivered):
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_anything)
    atheris.Fuzz()
