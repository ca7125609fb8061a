from __future__ import annotations

import pytest

from shelver.feeds.csv_header import column_names, find_header, kind


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12", "number"), ("12,90", "number"), ("EUR 12.90", "number"), ("12 kr", "number"), ("-5%", "number"),
        ("1 299,00 €", "number"), ("4006381333931", "number"), ("2024-05-01", "date"), ("1.5.2024", "date"),
        ("2024-05-01T12:00:00Z", "date"), ("https://a.example/x?y=1", "url"), ("www.shop.example", "url"),
        ("//cdn.example/a.jpg", "url"), ("", ""), ("Price", ""), ("sku-123", ""), ("Size 42", ""), ("image 1", ""),
        ("x" * 100_000, ""), ("1" * 100_000, "number"),
    ],
)  # fmt: skip
def test_kinds_of_values(cell: str, expected: str) -> None:
    assert kind(cell) == expected


@pytest.mark.parametrize(
    ("rows", "width", "expected"),
    [
        ([["id", "name"]], 2, (0, True)),
        ([["id", "name"], ["1", "a"]], 2, (0, True)),
        ([["name", "colour"], ["a", "red"]], 2, (0, True)),
        ([["a", "5"], ["b", "6"]], 2, (0, False)),
        ([["a", "5"], ["b", ""], ["c", "n/a"]], 2, (0, True)),
        ([["a", "https://x.example"]], 2, (0, False)),
        ([["Title"], [], ["id", "name", "price"], ["1", "a", "5"]], 3, (2, True)),
        ([["Title"], ["a", "b", "5"], ["1", "a", "5"]], 3, (0, True)),
        ([["id", "name"], ["1", "b", "c", "d", "e", "f"]], 6, (0, True)),
    ],
)
def test_where_the_names_are(rows: list[list[str]], width: int, expected: tuple[int, bool]) -> None:
    assert find_header(rows, width) == expected


def test_what_the_user_says_counts() -> None:
    assert find_header([["1", "2"], ["3", "4"]], 2, True) == (0, True)
    assert find_header([["a", "b"], ["3", "4"]], 2, False) == (0, False)


def test_column_names_are_distinct_and_not_blank() -> None:
    names = column_names(["a", "a", "", "a (2)", "\x00b"])
    assert names == ("a", "a (2)", "column 3", "a (2) (2)", "b")
