"""What a worker reads and writes outside of the blob store."""

from dataclasses import dataclass

from shared.places.output_folder import OpenOutput, OutputFolder
from shared.places.stores import Stores
from shared.storage.direct_files import DirectFiles


@dataclass(frozen=True)
class Outside:
    """Files that others can open, or have written.

    Attributes:
        direct_files: writes results for downloads from object storage; None: blobs are not there.
        open_output: opens the folder of a user that gets the results of a job.
        stores: object storage with files of users; None: that of the environment.
    """

    direct_files: DirectFiles | None = None
    open_output: OpenOutput = OutputFolder
    stores: Stores | None = None
