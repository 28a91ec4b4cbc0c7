"""The corrected office, made once for the tests of this folder."""

from __future__ import annotations

import pytest
from corrected_office import Corrected, correct


@pytest.fixture(scope="package")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Corrected:
    return correct(tmp_path_factory.mktemp("corrected"))
