"""What a worker reads and writes outside of the blob store."""

from dataclasses import dataclass

from shared.places.output_folder import OpenOutput, OutputFolder
from shared.storage.direct_files import DirectFiles


@dataclass(frozen=True)
class Outside:
    """Files that others can open.

    Attributes:
        direct_files: writes results for downloads from object storage; None: blobs are not there.
        open_output: opens the folder of a user that gets the results of a job.
    """

    direct_files: DirectFiles | None = None
    open_output: OpenOutput = OutputFolder
