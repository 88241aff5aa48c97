"""`python -m worker.models.mirror_process`: the process that copies models from object storage.

The main process of a worker forks others at any time, and obstore does not survive that.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import cast

from shared.called_process import CalledProcess, answer_calls
from shared.config.object_address import object_address
from shared.config.places import user_cache
from shared.storage.object_store import endpoint_of
from shared.stored_models import StoredModels
from worker.models.store_mirror import Mirrored, StoreMirror


class MirrorProcess:
    """A `StoreMirror` in a process of its own.

    Attributes:
        url: the address of the prefix.
        folder: the folder of the copies on this machine.
    """

    def __init__(self, url: str, serve: str) -> None:
        """Start nothing yet.

        Args:
            url: the address of the prefix.
            serve: see `StoreMirror`.

        Raises:
            OSError: this user has no folder for copies.
        """
        self.url = url
        self.folder = user_cache() / folder_name(url)
        module = "worker.models.mirror_process"
        self._helper = CalledProcess(module, url, str(self.folder), serve)

    def sync(self) -> Mirrored:
        """See `StoreMirror.sync`."""
        return cast("Mirrored", self._helper.call("sync"))

    def close(self) -> None:
        """End the process."""
        self._helper.close()


def folder_name(url: str) -> str:
    """The name of the folder with the copies of a prefix: each store and prefix has its own."""
    address = object_address(url)
    whole = f"{endpoint_of(os.environ)} {address.url}"
    return f"{address.bucket}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def main(descriptor: int, url: str, folder: str, serve: str) -> None:
    """Answer calls until the process that has started this one is gone."""
    mirror = StoreMirror(StoredModels(object_address(url)), Path(folder), serve)
    answer_calls(descriptor, mirror)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
