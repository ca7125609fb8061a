from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.names import fold
from shelver.catalogue.tree import Category, Tree
from shelver.catalogue.tree_paths import path_id, tree_from_paths
from shelver.catalogue.tree_rows import MAX_DEPTH, TreeRow, tree_from_rows
from shelver.errors import CatalogueError

CLOTHES = tree_from_paths(
    [
        ("Shoes", "Boots"),
        ("Shoes", "Sandals & Flip/Flops"),
        ("Clothing", "Women", "T-Shirts / Tops"),
        ("Clothing", "Women", "Hats"),
        ("Clothing", "Men", "Hats"),
    ]
)


def row(category_id: str, parent: str, name: str, line: int = 0, exclusive: bool | None = None) -> TreeRow:
    return TreeRow(category_id, parent, name, exclusive, f"tree.csv line {line}")


def test_order_is_depth_first_and_siblings_by_name() -> None:
    assert [str(category) for category in CLOTHES] == [
        "Clothing",
        "Clothing > Men",
        "Clothing > Men > Hats",
        "Clothing > Women",
        "Clothing > Women > Hats",
        "Clothing > Women > T-Shirts / Tops",
        "Shoes",
        "Shoes > Boots",
        "Shoes > Sandals & Flip/Flops",
    ]
    assert repr(CLOTHES) == "Tree(9 categories, 5 exclusive, 2 roots, 3 levels)"


def test_a_node_is_one_slice() -> None:
    women = CLOTHES.resolve("Clothing > Women").category_id
    assert CLOTHES.span(women) == slice(3, 6)
    assert CLOTHES.position(women) == 3
    assert [c.name for c in CLOTHES.categories[CLOTHES.span(women)]] == ["Women", "Hats", "T-Shirts / Tops"]
    assert CLOTHES.span(CLOTHES.resolve("Shoes").category_id) == slice(6, 9)
    hats = CLOTHES.categories[4]
    assert [c.name for c in CLOTHES.ancestors(hats.category_id)] == ["Clothing", "Women"]
    assert [c.name for c in CLOTHES.children(women)] == ["Hats", "T-Shirts / Tops"]
    assert CLOTHES.ancestors(CLOTHES.categories[0].category_id) == []


@pytest.mark.parametrize(
    "reference",
    [
        "Shoes > Boots",
        "shoes>boots",
        "SHOES//Boots",
        " Shoes /  Boots ",
        "Shoes | Boots",
        "Shoes - Boots",
        "boots",
        path_id(("Shoes", "Boots")),
    ],
)
def test_resolve(reference: str) -> None:
    assert CLOTHES.resolve(reference).path == ("Shoes", "Boots")


@pytest.mark.parametrize(
    "reference",
    [
        "Shoes > Sandals & Flip/Flops",
        "Shoes/Sandals & Flip/Flops",
        "sandals & flip/flops",
        "shoes | sandals & flip / flops",
    ],
)
def test_resolve_names_with_slashes(reference: str) -> None:
    assert CLOTHES.resolve(reference).name == "Sandals & Flip/Flops"


def test_resolve_unknown_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match=r'no category "Shoes > Bots"(.|\n)*did you mean "Shoes > Boots"'):
        CLOTHES.resolve("Shoes > Bots")
    with pytest.raises(CatalogueError, match='did you mean "Shoes > Boots"'):
        CLOTHES.resolve("bootz")
    with pytest.raises(CatalogueError, match='no category ""'):
        CLOTHES.resolve("")


def test_resolve_ambiguous_names_all() -> None:
    with pytest.raises(CatalogueError, match=r'"hats" may mean 2(.|\n)*Clothing > Men > Hats(.|\n)*Women > Hats'):
        CLOTHES.resolve("hats")


def test_unknown_id() -> None:
    for ask in (CLOTHES.by_id, CLOTHES.position, CLOTHES.span, CLOTHES.ancestors):
        with pytest.raises(CatalogueError, match='no category has the id "nope"'):
            ask("nope")
    assert "nope" not in CLOTHES


def test_exclusive() -> None:
    paths = [("A", "B"), ("A", "C")]
    assert [c.name for c in tree_from_paths(paths).exclusive] == ["B", "C"]
    assert [c.name for c in tree_from_paths(paths, "all").exclusive] == ["A", "B", "C"]
    marked = [
        row("1", "", "A", exclusive=True),
        row("2", "1", "B", exclusive=False),
        row("3", "1", "C", exclusive=True),
    ]
    assert [c.name for c in tree_from_rows(marked, "file").exclusive] == ["A", "C"]
    with pytest.raises(CatalogueError, match="no category is marked"):
        tree_from_rows([row("1", "", "A")], "file")


def test_fingerprint_changes_with_any_row() -> None:
    rows = [row("1", "", "A"), row("2", "1", "B"), row("3", "", "C")]
    prints = {
        tree_from_rows(rows).fingerprint(),
        tree_from_rows(rows, "all").fingerprint(),
        tree_from_rows(rows[:2]).fingerprint(),
        tree_from_rows([row("1", "", "A"), row("2", "1", "b"), row("3", "", "C")]).fingerprint(),
        tree_from_rows([row("1", "", "A"), row("2", "3", "B"), row("3", "", "C")]).fingerprint(),
        tree_from_rows([row("1", "", "A"), row("4", "1", "B"), row("3", "", "C")]).fingerprint(),
    }
    assert len(prints) == 6
    assert tree_from_rows(rows[::-1]).fingerprint() == tree_from_rows(rows).fingerprint()


def test_pickle_keeps_all() -> None:
    CLOTHES.resolve("boots")
    copy = pickle.loads(pickle.dumps(CLOTHES))  # noqa: S301
    assert copy == CLOTHES
    assert copy.fingerprint() == CLOTHES.fingerprint()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no categories"),
        ([row("1", "", "A", 2), row("1", "", "B", 3)], 'line 3: the id "1" is used twice(.|\n)*line 2'),
        ([row("1", "", "A", 2), row("2", "7", "B", 3)], 'line 3: category "2" .B. has the unknown parent "7"'),
        ([row("1", "2", "A", 2), row("2", "1", "B", 3)], "line 2: categories are their own ancestors: 1 → 2 → 1"),
        ([row("0", "", "R", 2), row("1", "1", "A", 3)], "line 3: categories are their own ancestors: 1 → 1"),
        ([row("1", "", "  ", 2)], 'line 2: the name of category "1" is empty'),
        ([row("", "", "A", 2)], "line 2: a category without id"),
        ([row("1", "", "A", 2), row("2", "", " a", 3)], "line 3(.|\n)*same path(.|\n)*line 2"),
        ([row(str(i + 1), str(i or ""), "n", i + 1) for i in range(MAX_DEPTH + 1)], "line 101: more than 100 levels"),
    ],
)
def test_bad_rows(rows: list[TreeRow], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        tree_from_rows(rows)


def test_parent_0_is_a_root_unless_it_is_an_id() -> None:
    assert tree_from_rows([row("1", "0", "A")]).categories[0].parent_id is None
    assert tree_from_rows([row("0", "", "R"), row("1", "0", "A")]).by_id("1").parent_id == "0"


@pytest.mark.parametrize(("paths", "message"), [([], "no categories"), ([("A", "")], "empty"), (["A > B"], "path 1")])
def test_bad_paths(paths: list[tuple[str, ...]], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        tree_from_paths(paths)


def test_a_tree_checks_its_order() -> None:
    a, b = Category("1", None, "A", ("A",), False), Category("2", "1", "B", ("A", "B"), True)
    other = Category("3", None, "C", ("C",), True)
    assert len(Tree([a, b, other])) == 3
    with pytest.raises(CatalogueError, match="right after its parent"):
        Tree([a, other, b])
    with pytest.raises(CatalogueError, match="continue"):
        Tree([a, Category("2", "1", "B", ("B",), True)])
    with pytest.raises(CatalogueError, match="id occurs twice"):
        Tree([a, Category("1", None, "C", ("C",), True)])
    with pytest.raises(CatalogueError, match="path occurs twice"):
        Tree([a, Category("3", None, "A", ("A",), True)])


NAMES = st.text(st.sampled_from("aBc/&>|- é"), min_size=1, max_size=4).filter(lambda name: name.strip())
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4), min_size=1, max_size=12, unique_by=tuple)


@given(PATHS, st.randoms(use_true_random=False))
def test_round_trip_in_any_order(paths: list[list[str]], random: object) -> None:
    folded: dict[tuple[str, ...], tuple[str, ...]] = {}
    spelled = []  # one spelling of each name, as two are an error
    for path in paths:
        kept: tuple[str, ...] = ()
        for name in path:
            key = (*kept, fold(name))
            kept = folded.setdefault(key, (*kept, name))
        spelled.append(kept)
    tree = tree_from_paths(spelled, "all")
    again = [category.path for category in tree]
    random.shuffle(again)  # type: ignore[attr-defined]
    shuffled = tree_from_paths(again, "all")
    assert shuffled == tree
    assert shuffled.fingerprint() == tree.fingerprint()
    for position, category in enumerate(tree):
        assert tree.position(category.category_id) == position
        below = [c for c in tree if c.path[: len(category.path)] == category.path]
        assert list(tree.categories[tree.span(category.category_id)]) == below
        assert category in tree.find(str(category))
