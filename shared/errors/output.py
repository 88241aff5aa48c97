"""Errors of the folder of a user that is to get the results of a job."""

from shared.errors.base import ScorelaneError


class OutputDenied(ScorelaneError):
    """The results cannot be written to {address}: {reason}"""


class OutputTaken(ScorelaneError):
    """The folder {address} has the results of job {job} already: its manifest.json says so. Name
    another folder, or delete what is in it.
    """


class OutputNotChecked(ScorelaneError):
    """It cannot be found out whether the results can be written to {address}: {reason} Nothing was
    accepted; try again in a few seconds.
    """
