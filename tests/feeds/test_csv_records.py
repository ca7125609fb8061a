from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds import csv_records
from shelver.feeds.csv_records import Record, read_records
from shelver.feeds.rows import MAX_CELL, MAX_RECORD


def records(text: str, delimiter: str = ",", width: int = 0) -> list[Record]:
    return list(read_records(iter(text.split("\n")), delimiter, width))


def cells(text: str, width: int = 0) -> list[list[str]]:
    return [record.cells for record in records(text, width=width)]


def test_plain_quoted_and_doubled_quotes() -> None:
    assert cells('a,b\n"c,d","e ""f"" g"') == [["a", "b"], ["c,d", 'e "f" g']]


def test_quoted_newlines_keep_the_line_of_their_start() -> None:
    found = records('1,"a\nb\nc"\n2,d', width=2)
    assert [(record.line, record.cells) for record in found] == [(1, ["1", "a\nb\nc"]), (4, ["2", "d"])]


def test_blank_lines_and_lines_of_delimiters_are_no_rows() -> None:
    assert [record.line for record in records("\na,b\n , \n,\n\t\nc,d\n")] == [2, 6]


def test_surplus_empty_cells_at_the_end_are_cut() -> None:
    assert cells("1,a,,", width=2) == [["1", "a"]]
    assert cells('1,"a", ,', width=2) == [["1", "a"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,a,b", "3 cells, header has 2"),
        ('1,"a",b', "3 cells, header has 2"),
        ("1", "1 cell, header has 2"),
        ('1,"a', "a quote opens on this line and is not closed as it should be"),
        ("1," + "x" * (MAX_CELL + 1), f"a cell has more than {MAX_CELL:,} characters"),
        ('1,"' + "x" * (MAX_CELL + 1) + '"', f"a cell has more than {MAX_CELL:,} characters"),
        ("1," + "x" * (MAX_RECORD + 1), f"the line has more than {MAX_RECORD:,} characters"),
    ],
)
def test_bad_lines_are_alone_in_being_bad(line: str, reason: str) -> None:
    found = records(f"0,before\n{line}\n2,after", width=2)
    assert [record.reason for record in found] == ["", reason, ""]
    assert found[1].text == line


def test_unclosed_quote_does_not_swallow_the_next_quoted_rows() -> None:
    found = records('1,"lost\n2,b\n3,"c"\n4,d', width=2)
    assert [(record.line, bool(record.reason)) for record in found] == [(1, True), (2, False), (3, False), (4, False)]


def test_unclosed_quote_that_pairs_with_a_later_one_is_found_by_the_rows_between() -> None:
    found = records('1,"lost,x\n2,b,x\n3,c",x\n4,d,x', width=3)
    assert not found[0].reason  # by chance a well-formed row of the right width: the format allows nothing better
    found = records('1,"lost\n2,b,x\n3,c",x,y\n4,d,x', width=3)
    assert [record.line for record in found if not record.reason] == [2, 4]


def test_ragged_row_over_several_lines_is_one_bad_row() -> None:
    found = records('1,"a\nb",c,d\n2,e', width=2)
    assert [(record.line, record.reason) for record in found] == [(1, "4 cells, header has 2"), (3, "")]


def test_stray_quotes_within_a_cell() -> None:
    assert cells('1,15" disc\n"15" monitor",x\n"say \\"hi\\"",y', width=2) == [
        ["1", '15" disc'],
        ['15" monitor', "x"],
        ['say "hi"', "y"],
    ]


def test_a_row_may_not_span_more_lines_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "MAX_LINES", 5)
    inside = "\n".join(["text"] * 10)
    found = records(f'1,"{inside}"\n2,b', width=2)
    assert found[0].reason.startswith("a quote opens")
    assert found[-1].cells == ["2", "b"]


TABLE = st.lists(
    st.lists(st.text(st.sampled_from("ab,;\"'\n é"), max_size=6), min_size=3, max_size=3).filter(
        lambda row: any(cell.strip(", \t") for cell in row)
    ),
    max_size=8,
)


@given(TABLE)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    found = records(out.getvalue(), width=3)
    assert [record.cells for record in found] == rows


@given(st.text(st.sampled_from('a,"\n '), max_size=200))
def test_every_line_with_text_is_in_exactly_one_record(text: str) -> None:
    found = records(text, width=2)
    lines = text.split("\n")
    place = 0
    for record in found:
        assert all(not line.strip(", \t") for line in lines[place : record.line - 1])
        span = record.text.split("\n")
        assert lines[record.line - 1 : record.line - 1 + len(span)] == span
        place = record.line - 1 + len(span)
    assert all(not line.strip(", \t") for line in lines[place:])


def test_cells_are_limited_whatever_others_do_to_the_csv_module() -> None:
    before = csv.field_size_limit(2**31 - 1)
    try:
        found = records('0,before\n1,"' + "x" * (MAX_CELL + 1) + '"\n2,after', width=2)
    finally:
        csv.field_size_limit(before)
    assert [record.reason for record in found] == ["", f"a cell has more than {MAX_CELL:,} characters", ""]
