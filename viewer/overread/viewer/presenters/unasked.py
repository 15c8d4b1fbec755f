"""Reading what arrives unasked: each new study once by each model that fits, and nothing of it shows in the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from overread.core.series import Series
from overread.core.text import Sentence
from overread.inference.cards import Fit, ModelCard, Suitability, suits
from overread.viewer.presenters.inbox import Arrival, ArrivalStatus
from overread.viewer.presenters.jobs import INBOX, Jobs, Stored


class Unasked:
    """Queues a job for each new arrival; what the journal holds a result of is left alone."""

    def __init__(self, jobs: Jobs, tell: Callable[[str, Sentence], None]) -> None:
        self._jobs = jobs
        self._tell = tell
        self._cards: tuple[ModelCard, ...] = ()
        self._considered: set[tuple[str, str]] = set()

    def take_cards(self, cards: Sequence[ModelCard]) -> None:
        """The models that there are."""
        self._cards = tuple(cards)

    def consider(self, arrivals: Sequence[Arrival]) -> None:
        """Look at the list of arrivals: what was looked at before is passed over."""
        for arrival in arrivals:
            if arrival.status is not ArrivalStatus.NEW:
                continue
            for card in self._cards:
                key = (arrival.study_uid, card.digest)
                chosen = None if key in self._considered else best_fit(card, arrival.series)
                if chosen is not None:
                    self._considered.add(key)
                    self._jobs.stored(
                        arrival.study_uid, partial(self._ask, card, *chosen), lambda told: self._tell("warning", told)
                    )

    def _ask(self, card: ModelCard, series: Series, suitability: Suitability, stored: Stored) -> None:
        if not stored.has(card.digest) and self._jobs.under_way(card, series) is None:
            self._jobs.ask(card, series, suitability, INBOX, unasked=True)


def best_fit(card: ModelCard, series: Sequence[Series]) -> tuple[Series, Suitability] | None:
    """The one series of a study that a model reads unasked: without warnings before with, then of most images."""
    fitting = [(one, how) for one in series if (how := suits(card, one)).kind is not Fit.NO]
    return max(fitting, key=lambda pair: (pair[1].kind is Fit.FITS, len(pair[0].instances)), default=None)
