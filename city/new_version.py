"""A new version of the method: the last one copied under a later month, with other weights.

Belongs here: writing a version's folder, whole or not at all. What the weights are is decided elsewhere.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path

from city.check import check_city, format_faults
from city.folder import City, CityFolderError
from city.periods import Period, month_index


def write_version_with_weights(city: City, first: Period, shares: Mapping[str, float]) -> Path:
    """Copy the last version to `versions/<first>/` with `shares` as weights of their nodes; answers its folder.

    `shares` are among siblings (sum 1) and keep the sum that the siblings' weights have. Earlier versions stay as they
    are, so earlier months do too. Raises CityFolderError, and leaves nothing behind, when the month is not after the
    last version's, a share is not above 0, or the folder would not pass `pingan check`.
    """
    last = city.versions[-1]
    target = last.folder.parent / first
    if month_index(first) <= month_index(last.from_period):
        raise CityFolderError(
            f"the method in force begins in {last.from_period}; a new version must begin in a later month, not {first}"
        )
    faults = [f"{code}: a weight of {share:g}" for code, share in shares.items() if not share > 0]
    if faults:
        raise CityFolderError(
            f"{'; '.join(faults)}: a framework has weights above 0 only. Take the node out of the framework, or "
            "declare its weight."
        )
    if target.exists():
        raise CityFolderError(f"{target} exists: a version is never overwritten; remove it or name another month")
    # hidden while it is not whole: a folder of versions/ is a version
    fresh = city.folder / f".{first}-new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(last.folder, fresh)
    path = fresh / "framework.csv"
    path.write_text(_with_weights(path.read_text(encoding="utf-8-sig"), city, shares), encoding="utf-8")
    fresh.rename(target)
    errors = [fault for fault in check_city(city.folder) if fault.severity == "error"]
    if errors:
        shutil.rmtree(target)
        raise CityFolderError(f"nothing written: the city's folder would not be sound\n{format_faults(errors)}")
    return target


def _with_weights(text: str, city: City, shares: Mapping[str, float]) -> str:
    """framework.csv with other weights: ten significant digits, everything else as it was."""
    nodes = {node.code: node for node in city.versions[-1].framework}
    sums: dict[str, float] = {}
    for node in nodes.values():
        sums[node.parent] = sums.get(node.parent, 0.0) + node.weight
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader)
    code, weight = header.index("code"), header.index("weight")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for row in reader:
        if row and row[code].strip() in shares:
            node = nodes[row[code].strip()]
            row[weight] = f"{shares[node.code] * sums[node.parent]:.10g}"
        writer.writerow(row)
    return stream.getvalue()
