from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from shelver.feeds.csv_dialect import find_delimiter, find_layout
from shelver.feeds.csv_records import Dialect


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    head = [delimiter.join(row) for row in (["id", "title", "price"], ["1", "Red, wide; nice | shoe", "1,5"])]
    head[1] = delimiter.join(["1", '"Red, wide; nice | shoe"', '"1,5"'])
    assert find_delimiter(head) == delimiter


def test_delimiter_is_not_misled_by_commas_in_the_text() -> None:
    assert find_delimiter(["id;long title, in English;price", "1;a, b, c;2,5", "2;d;3,5"]) == ";"


WORDS = ["red, wide", "blue; dark", "a|b", 'the "new" one', "tab\there", "over\ntwo lines", "it's", "12:30", "x^2 ~ 4"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01"])
@pytest.mark.parametrize(
    ("quote", "quoting"), [('"', csv.QUOTE_ALL), ('"', csv.QUOTE_MINIMAL), ("'", csv.QUOTE_ALL)]
)  # single quotes around some cells only cannot be told from apostrophes
def test_written_files_are_understood(delimiter: str, quote: str, quoting: int) -> None:
    rng = np.random.default_rng(3)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow(["id", "title", "note", "price"])
    for number in range(60):
        writer.writerow([number, *rng.choice(WORDS, 2).tolist(), f"{rng.integers(100, 999) / 10}"])
    found = find_layout(out.getvalue().split("\n")[:100])
    assert (found.dialect, found.width) == (Dialect(delimiter, quote), 4)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;", "sep=;;;"])
def test_the_line_of_excel_counts(line: str) -> None:
    found = find_layout([line, "id;a,b,c", "1;2,3,4"])
    assert (found.dialect.delimiter, found.skip) == (";", 1)


def test_a_given_delimiter_is_not_doubted() -> None:
    assert find_layout(["a,b;c", "d,e;f"], ";").dialect.delimiter == ";"


def test_rare_delimiters_only_where_clear() -> None:
    assert find_delimiter(["name", "https://a.example/1", "https://a.example/2"]) == ","
    assert find_delimiter(["id,time", "1,12:30:00", "2,13:45:00"]) == ","


def test_nothing_is_a_layout_without_rows() -> None:
    assert find_layout(["", " "]).records == ()
