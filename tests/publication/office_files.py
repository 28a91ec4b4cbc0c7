"""What LibreOffice makes of an office file: tests read the answer, never the code that wrote the file."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: All sheets, UTF-8, comma, quotes; numbers as they are and not as they are shown.
_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


def office() -> str:
    """LibreOffice's command; without it the test skips, in CI it fails."""
    found = shutil.which("soffice")
    if found is None:
        reason = "LibreOffice is not installed: `make test` installs it on Debian, as root"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


def convert(path: Path, into: str, folder: Path) -> str:
    """Open a file and write it in another format; answers what LibreOffice said."""
    done = subprocess.run(
        [
            office(), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", into,
            "--outdir", str(folder), str(path),
        ],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def sheets_as_csv(path: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Rows of every sheet of a workbook by the sheet's name, as LibreOffice reads them."""
    convert(path, _CSV, folder)
    sheets = {}
    for file in folder.glob(f"{path.stem}-*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            sheets[file.stem.removeprefix(f"{path.stem}-")] = list(csv.reader(stream))
    return sheets
