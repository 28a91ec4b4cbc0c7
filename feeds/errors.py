"""What goes wrong with a delivery, said for the person who has to act. The forms only, not the occasions."""

from __future__ import annotations

from city.folder import RecordSet


def feed_name(record_set: RecordSet) -> str:
    """`police/criminal_case`: how a feed is named in messages."""
    return f"{record_set.department_key}/{record_set.name}"


class FeedError(Exception):
    """A delivery cannot be taken: which feed, which file, which row, what was expected, what to do."""

    def __init__(self, feed: str, file: str, expectation: str, remedy: str, row: int | None = None) -> None:
        """`expectation` says what is wrong against what was expected; `remedy` what to do."""
        self.feed = feed
        self.file = file
        self.expectation = expectation
        self.remedy = remedy
        self.row = row
        super().__init__(feed, file, expectation, remedy, row)

    @property
    def message(self) -> str:
        """Feed, file, row and what is wrong, in one line."""
        place = f"{self.file}, row {self.row}" if self.row is not None else self.file
        return f"{self.feed}: {place}: {self.expectation}"

    def __str__(self) -> str:
        """The message and the remedy."""
        return f"{self.message}. What to do: {self.remedy}"


class NotDelivered(Exception):  # noqa: N818 - not an error: a department may be late
    """There is nothing at the place where the delivery of this month belongs."""

    def __init__(self, place: str) -> None:
        """`place` is relative to the sources."""
        self.place = place
        super().__init__(place)
