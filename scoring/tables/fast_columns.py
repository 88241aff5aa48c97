"""Makes the matrix that scikit-learn's first transformers make of a frame, in fewer steps."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from scoring.tables.column_chains import check_output, part_of
from scoring.tables.column_parts import Cells, NumberPart, OtherPart, Part
from scoring.tables.column_values import LeftToScikitLearn, Numbers


class FastColumns:
    """Stands in for transformers at the beginning of a pipeline.

    Rows that need more than looking up and calculating, such as those with an unknown category
    that is an error, go through the transformers themselves, which raise their own exceptions.
    """

    def __init__(self, parts: Sequence[Part], original: Any, names: Sequence[str]) -> None:
        """Take over for transformers.

        Args:
            parts: the parts of the matrix, from left to right.
            original: the fitted transformer, or pipeline of transformers.
            names: the columns of the frames that it was fitted to.

        Raises:
            LeftToScikitLearn: nothing would be gained.
        """
        self.parts = tuple(parts)
        self.names = tuple(names)
        self.original = original
        self._list = list(names)
        self._needed = {name for part in parts for name in part.names}
        # A matrix without one of these could be of whole numbers.
        makes_floats = any(not isinstance(part, NumberPart) or part.steps for part in parts)
        if not makes_floats or len(set(names)) < len(names):
            raise LeftToScikitLearn
        self._sample: Any = None

    @classmethod
    def from_column_transformer(cls, transformer: ColumnTransformer) -> Self:
        """Take over for a fitted `ColumnTransformer`.

        Raises:
            LeftToScikitLearn: it has something that is not known, or nothing would be gained.
        """
        check_output(transformer)
        if transformer.transformer_weights:
            raise LeftToScikitLearn
        names = _names(transformer)
        parts: list[Part] = []
        for name, one, chosen in transformer.transformers_:
            indices = transformer._transformer_to_input_indices[name]
            if (isinstance(one, str) and one == "drop") or not len(indices):
                continue
            columns = [names[index] for index in indices]
            try:
                parts.append(part_of([one], columns))
            except LeftToScikitLearn:
                parts.append(OtherPart(one, columns, one=isinstance(chosen, str | int)))
        if all(isinstance(part, OtherPart) for part in parts):
            raise LeftToScikitLearn
        return cls(parts, transformer, names)

    @classmethod
    def from_transformers(cls, transformers: Sequence[Any]) -> Self:
        """Take over for fitted transformers of all columns, one after the other.

        Raises:
            LeftToScikitLearn: one has something that is not known, or nothing would be gained.
        """
        if len(transformers) == 1 and type(transformers[0]) is ColumnTransformer:
            return cls.from_column_transformer(transformers[0])
        names = _names(transformers[0])
        return cls([part_of(transformers, names)], make_pipeline(*transformers), names)

    def transform(self, frame: Any) -> Any:
        """The matrix of n rows, as the original transformers make it."""
        try:
            return self.matrix(frame)
        # scikit-learn has the messages for what cannot be transformed.
        except (LeftToScikitLearn, TypeError, ValueError, KeyError):
            return self.original.transform(frame)

    def __sklearn_is_fitted__(self) -> bool:
        """Always: it takes over for fitted transformers."""
        return True

    def matrix(self, frame: Any) -> Any:
        """The matrix of n rows, in fewer steps.

        Raises:
            LeftToScikitLearn: only the original transformers can treat these rows.
        """
        self.check(frame)
        if self._sample is None:
            # NumPy decides the order in memory; releases of scikit-learn differ in the sparse type.
            self._sample = self.original.transform(frame.iloc[:2])
        cells = [part.cells(frame) for part in self.parts]
        return self._sparse_matrix(cells) if issparse(self._sample) else self._dense_matrix(cells)

    def check(self, frame: Any) -> None:
        """Refuse frames that only the original transformers can treat, or refuse.

        Raises:
            LeftToScikitLearn: it is none, is empty, or lacks columns.
        """
        if type(frame) is not pd.DataFrame or not len(frame) or not self._knows(frame.columns):
            raise LeftToScikitLearn

    def _knows(self, columns: "pd.Index[Any]") -> bool:
        """Whether the columns of a frame are those that the original transformers accept.

        A `ColumnTransformer` finds its columns by their names, and needs no others.
        """
        if isinstance(self.original, ColumnTransformer):
            return columns.is_unique and self._needed <= set(columns)
        return columns.tolist() == self._list

    def _dense_matrix(self, cells: Sequence[Cells]) -> Numbers:
        order: Literal["C", "F"] = "C" if self._sample.flags.c_contiguous else "F"
        if len(cells) == 1 and cells[0][0] is None:
            return np.asarray(cells[0][1], order=order)
        widths = [
            numbers.shape[1] if columns is None else part.width
            for part, (columns, numbers) in zip(self.parts, cells, strict=True)
        ]
        rows = len(cells[0][1])
        found = np.zeros((rows, sum(widths)), order=order)
        first = 0
        for width, (columns, numbers) in zip(widths, cells, strict=True):
            if columns is None:
                found[:, first : first + width] = numbers
            else:
                row, column = np.nonzero(columns >= 0)
                found[row, first + columns[row, column]] = 1.0
            first += width
        return found

    def _sparse_matrix(self, cells: Sequence[Cells]) -> Any:
        rows = len(cells[0][1])
        count = sum(numbers.shape[1] for _, numbers in cells)
        places = np.empty((rows, count), dtype=np.int32)
        values = np.empty((rows, count))
        first = begin = 0
        for part, (columns, numbers) in zip(self.parts, cells, strict=True):
            end = begin + numbers.shape[1]
            width = numbers.shape[1] if columns is None else part.width
            places[:, begin:end] = first + (np.arange(width) if columns is None else columns)
            values[:, begin:end] = numbers
            begin, first = end, first + width
        if values.all():
            starts = np.arange(0, values.size + 1, count, dtype=np.int32)
            places, values = places.ravel(), values.ravel()
        else:
            kept = values != 0
            starts = np.append(0, np.cumsum(np.count_nonzero(kept, axis=1))).astype(np.int32)
            places, values = places[kept], values[kept]
        return type(self._sample)((values, places, starts), shape=(rows, first))


def _names(transformer: Any) -> list[str]:
    """The columns of the frames that a transformer was fitted to.

    Raises:
        LeftToScikitLearn: it was fitted to an array.
    """
    names = getattr(transformer, "feature_names_in_", None)
    if names is None:
        raise LeftToScikitLearn
    return [str(name) for name in names]
