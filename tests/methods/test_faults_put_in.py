"""The faults of tests/mutations.py, without putting them in: each still can be, is named, and stands in the proof."""

from __future__ import annotations

import re
from collections import Counter

from mutations import MUTATIONS, PROJECT, row


def test_every_fault_can_still_be_put_in() -> None:
    """A formula that was rewritten takes its fault with it; then it is to be run anew and written into the proof."""
    found = {m.formula: (PROJECT / m.file).read_text(encoding="utf-8").count(m.old) for m in MUTATIONS}
    assert {formula: count for formula, count in found.items() if count != 1} == {}
    assert [formula for formula, count in Counter(m.formula for m in MUTATIONS).items() if count > 1] == []


def test_every_fault_is_one_of_arithmetic_and_not_of_spelling() -> None:
    """A file that Python cannot read fails every test, and proves nothing of the one that is named."""
    for mutation in MUTATIONS:
        if mutation.file.endswith(".py"):
            text = (PROJECT / mutation.file).read_text(encoding="utf-8")
            compile(text.replace(mutation.old, mutation.new), mutation.formula, "exec")


def test_every_test_that_must_find_one_is_there() -> None:
    for mutation in MUTATIONS:
        file, _, name = mutation.test.rpartition("::")
        assert re.search(rf"^def {name}\(", (PROJECT / file).read_text(encoding="utf-8"), re.M), mutation.test


def test_the_proof_lists_the_faults_that_there_are() -> None:
    proof = (PROJECT / "docs" / "arithmetic-proof.md").read_text(encoding="utf-8")
    rows = [line for line in proof.splitlines() if line.endswith("| fails |")]
    assert sorted(rows) == sorted(row(mutation, "fails") for mutation in MUTATIONS)
    assert f"{len(MUTATIONS)} faults" in proof
