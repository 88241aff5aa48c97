"""The models that a scoring process has loaded, while a thread loads more and unloads some."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, TypeVar

from typing_extensions import override

from shared.fleet import Served
from shared.model import Model

T = TypeVar("T")


class LoadedModel(NamedTuple):
    """A model that is ready to score."""

    model: Model
    rate: float  #: Rows per second in one process, as measured after loading.

    @property
    def served(self) -> Served:
        """What the fleet is told of it."""
        # A runtime of a user's own need not inherit what it does not use.
        model = self.model
        explained_by = getattr(model, "explained_by", "")
        unexplained = "" if explained_by else getattr(model, "unexplained", "")
        tells = hasattr(model, "with_reach") and model.with_reach() is not None
        return Served(
            card=model.card,
            rate=self.rate,
            explained_by=explained_by,
            unexplained=unexplained,
            tells_reach=tells,
        )


class LoadedModels(Mapping[str, LoadedModel]):
    """The loaded models, by full name. One thread changes them, others read them."""

    def __init__(self, loaded: Mapping[str, LoadedModel], wait_seconds: float = 0.0) -> None:
        """Take what is loaded, and how long a task may wait for a model that is to be loaded."""
        self._loaded = dict(loaded)
        self._wait_seconds = wait_seconds
        self._used: Counter[str] = Counter()
        #: The names of the versions that are not loaded yet and will be.
        self._expected: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        #: Called before a task is told that a version is not expected: it may be so since now.
        self.look: Callable[[], None] = lambda: None

    @override
    def __getitem__(self, full_name: str) -> LoadedModel:
        return self._loaded[full_name]

    @override
    def __iter__(self) -> Iterator[str]:
        # A copy: it may change meanwhile.
        return iter([*self._loaded])

    @override
    def __len__(self) -> int:
        return len(self._loaded)

    def expect(self, full_names: frozenset[str]) -> None:
        """Note which versions will be loaded; tasks for others do not wait."""
        with self._changed:
            self._expected = full_names
            self._changed.notify_all()

    def add(self, full_name: str, loaded: LoadedModel) -> None:
        """Let tasks use a model."""
        with self._changed:
            self._loaded[full_name] = loaded
            self._changed.notify_all()

    def remove(self, full_name: str) -> bool:
        """Forget a model, unless a task uses it; whether it is forgotten."""
        with self._changed:
            if not self._used[full_name]:
                self._loaded.pop(full_name, None)
            return full_name not in self._loaded

    @contextmanager
    def using(self, full_name: str) -> Iterator[bool]:
        """Keep a model loaded while the block runs; wait for one that is expected.

        Yields:
            Whether it is loaded.
        """
        if full_name not in self._loaded and full_name not in self._expected:
            self.look()
        with self._changed:
            self._changed.wait_for(
                lambda: full_name in self._loaded or full_name not in self._expected,
                self._wait_seconds,
            )
            is_loaded = full_name in self._loaded
            self._used[full_name] += is_loaded
        try:
            yield is_loaded
        finally:
            with self._changed:
                self._used[full_name] -= is_loaded


@contextmanager
def using(models: Mapping[str, LoadedModel], *full_names: str) -> Iterator[list[str]]:
    """Keep models loaded while the block runs, and wait for those that are being loaded.

    Args:
        models: `LoadedModels`, or others that never change.
        full_names: the models that are needed.

    Yields:
        Those that are not loaded.
    """
    if not isinstance(models, LoadedModels):
        yield [name for name in full_names if name not in models]
        return
    with ExitStack() as stack:
        yield [name for name in full_names if not stack.enter_context(models.using(name))]


class Each(Mapping[str, T]):
    """One thing of each model, such as its rate, of a mapping that may change."""

    def __init__(self, loaded: Mapping[str, LoadedModel], of: Callable[[LoadedModel], T]) -> None:
        self._loaded, self._of = loaded, of

    @override
    def __getitem__(self, full_name: str) -> T:
        return self._of(self._loaded[full_name])

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    @override
    def __len__(self) -> int:
        return len(self._loaded)


def models_of(loaded: Mapping[str, LoadedModel]) -> Mapping[str, Model]:
    """The models alone."""
    return Each(loaded, lambda one: one.model)


def rates_of(loaded: Mapping[str, LoadedModel]) -> Mapping[str, float]:
    """The measured rates alone, in rows per second."""
    return Each(loaded, lambda one: one.rate)
