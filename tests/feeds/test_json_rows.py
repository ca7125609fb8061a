from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.json_rows import json_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    st.sampled_from('a"\\\n\t\x00\x1f\x7fé'), max_size=5
)


@given(
    st.dictionaries(TEXT, st.none(), min_size=1, max_size=4),
    st.integers(0, 12).flatmap(
        lambda rows: st.lists(st.lists(TEXT, min_size=4, max_size=4), min_size=rows, max_size=rows)
    ),
    st.integers(0, 3),
)
def test_byte_equal_to_the_json_module(names: dict[str, None], rows: list[list[str]], start: int) -> None:
    columns = list(names)
    cells = pa.RecordBatch.from_arrays(
        [pa.array([row[place] for row in rows], pa.string()) for place in range(len(columns))], columns
    ).slice(start)
    expected = [json.dumps(dict(zip(columns, row, strict=False)), ensure_ascii=False) for row in rows[start:]]
    assert json_rows(cells).to_pylist() == expected


def test_few_and_many_cells_with_signs_to_escape() -> None:
    for share in (1, 2, 50):
        values = [f'a"\\{place}\n' if place % share == 0 else str(place) for place in range(200)]
        found = json_rows(pa.RecordBatch.from_pydict({"a": values})).to_pylist()
        assert found == [json.dumps({"a": value}) for value in values]
