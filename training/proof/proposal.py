"""A setting under which a model may give what its user expects, to be tried."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from training.proof.expectation import Expectation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposal:
    """A setting, and the model under it.

    Attributes:
        setting: the setting, as the beginning of the sentence "... all rows match".
        score: scores rows under it.
        advice: what to do if it is the right one; empty if the setting is an option to give.
    """

    setting: str
    score: Callable[[pd.DataFrame], pd.DataFrame]
    advice: str = ""

    def fits(self, expectation: Expectation) -> bool:
        """Whether the model gives what is expected; not if it cannot score the rows so."""
        try:
            return expectation.holds(self.score(expectation.rows))
        # A setting that does not fit the model may raise any exception, as the model itself may.
        except Exception as error:  # noqa: BLE001
            logger.debug("%s: %r", self.setting, error)
            return False


def first_fitting(
    expectation: Expectation, few: Expectation, proposals: Iterable[Proposal]
) -> tuple[Proposal | None, int]:
    """The first setting under which all rows are as expected, and how many were tried.

    Args:
        expectation: all rows.
        few: some of them, on which a setting must fit first.
        proposals: the settings, the likeliest ones first.
    """
    tried = 0
    for tried, proposal in enumerate(proposals, start=1):
        if proposal.fits(few) and proposal.fits(expectation):
            return proposal, tried
    return None, tried
