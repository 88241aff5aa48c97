"""The flag that this replica of the API is about to stop, shared by all its processes."""

from multiprocessing import Event

#: gunicorn's main process sets it; the forked processes see it, as it lies in shared memory.
draining = Event()
