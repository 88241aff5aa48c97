"""Whether this replica of the API is about to stop, which all its processes know of."""

from multiprocessing import Event

#: Set by gunicorn's main process, and seen by those that it has forked: the memory is shared.
draining = Event()
