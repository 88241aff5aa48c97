"""The rows that kill their process are found, over several such processes."""

from hypothesis import given
from hypothesis import strategies as st

from worker.steps.crash_search import CrashSearch


@given(st.data(), st.integers(1, 5000))
def test_a_fatal_row_is_found_anywhere(data: st.DataObject, rows: int) -> None:
    """Each death narrows the rows in doubt; in the end exactly the fatal rows are known."""
    fatal = data.draw(st.sets(st.integers(0, rows - 1), max_size=4))
    note, deaths = "", 0
    while True:
        search = CrashSearch.after(note, rows)
        if not _dies(search, fatal):
            break
        note, deaths = search.note(), deaths + 1
    assert sorted(search.fatal) == sorted(fatal)
    # 16 pieces of 16 pieces ... : four cuts for 5,000 rows, and one death for the row itself.
    assert deaths <= 5 * len(fatal)


def _dies(search: CrashSearch, fatal: set[int]) -> bool:
    """Score the runs in doubt; True if one of them kills the process."""
    while search.in_doubt:
        begin, end = search.in_doubt[0]
        if fatal & set(range(begin, end)):
            return True
        search.in_doubt.pop(0)
    return False


@given(st.data(), st.integers(1, 200))
def test_every_row_is_harmless_or_in_doubt(data: st.DataObject, rows: int) -> None:
    """Each row is in exactly one run, harmless or in doubt."""
    search = CrashSearch.after("", rows)
    for _ in range(data.draw(st.integers(0, 12))):
        if search.in_doubt:
            search = CrashSearch.after(search.note(), rows)
    runs = [*search.harmless(rows), *search.in_doubt]
    assert sorted(row for run in runs for row in range(*run)) == list(range(rows))
