from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from shelver.catalogue import Tree, read_tree
from shelver.catalogue.delimiters import detect_delimiter, split_path
from shelver.catalogue.tree_paths import path_id
from shelver.errors import CatalogueError, ShelverError
from shelver.files import Files

REAL = os.environ.get("SHELVER_TAXONOMIES", "/work/shared/data/taxonomies")


def read(folder: Path, content: str | bytes, name: str = "tree.txt", exclusive: str = "leaves") -> Tree:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_tree(Files(folder), name, exclusive)  # type: ignore[arg-type]


def names(tree: Tree) -> list[str]:
    return [str(category) for category in tree]


@pytest.mark.parametrize("delimiter", [" > ", ">", "//", " // ", "/", " / ", "|", " | "])
def test_paths_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    lines = [("Shoes", "Boots"), ("Shoes", "Flip-Flops"), ("Hats & Caps",)]
    tree = read(tmp_path, "\n".join(map(delimiter.join, lines)))
    assert names(tree) == ["Hats & Caps", "Shoes", "Shoes > Boots", "Shoes > Flip-Flops"]
    assert tree.resolve("Boots").category_id == path_id(("Shoes", "Boots"))


def test_slashes_in_names_survive(tmp_path: Path) -> None:
    tree = read(tmp_path, "A/B & C > D/E\nA/B & C > F | G\nH/I\nJ/K\nL/M\nN/O\n")
    assert tree.categories[1].path == ("A/B & C", "D/E")
    assert tree.categories[2].path == ("A/B & C", "F | G")
    assert read(tmp_path, "Tops / T-Shirts/Polos\nTops / Vests\n").categories[1].path == ("Tops", "T-Shirts/Polos")


def test_delimiters() -> None:
    assert detect_delimiter(["A", "B"]) == ">"
    assert detect_delimiter(["A/B"] * 30 + ["C|D"]) == "/"
    assert detect_delimiter(["A//B/C"] * 3) == "//"
    assert split_path("/Shoes/Boots/", "/") == ("Shoes", "Boots")
    assert split_path("Shoes > ", ">") == ("Shoes", "")


def test_bom_comments_blank_lines_and_line_ends(tmp_path: Path) -> None:
    tree = read(tmp_path, b"\xef\xbb\xbf# a comment\r\n\r\nShoes > Boots\r\n#Trending\r\n")
    assert names(tree) == ["#Trending", "Shoes", "Shoes > Boots"]
    assert names(read(tmp_path, b"Shoes\rShoes > Boots\r")) == ["Shoes", "Shoes > Boots"]


@pytest.mark.parametrize(
    "header",
    ["id,parent,name", "category_id,parent_id,title", "ID;Parent_ID;Name", "id\tparent\tname", "Id | PARENT|name"],
)
@pytest.mark.parametrize("name", ["tree.csv", "tree.txt"])
def test_tables(tmp_path: Path, header: str, name: str) -> None:
    separator = next(mark for mark in "\t;|," if mark in header)
    rows = [("7", "3", "Boots"), ("3", "", "Shoes")]
    tree = read(tmp_path, "\n".join([header, *map(separator.join, rows)]), name)
    assert [(c.category_id, c.parent_id, str(c)) for c in tree] == [("3", None, "Shoes"), ("7", "3", "Shoes > Boots")]


def test_table_with_marks(tmp_path: Path) -> None:
    text = "id,parent,name,exclusive\n1,,A,yes\n2,1,B,0\n3,1,C,TRUE\n4,1,D,\n"
    assert [c.name for c in read(tmp_path, text, exclusive="file").exclusive] == ["A", "C"]
    assert [c.name for c in read(tmp_path, text).exclusive] == ["B", "C", "D"]
    paths = "path,exclusive\nA,1\nA > B > C,true\n"
    assert [str(c) for c in read(tmp_path, paths, exclusive="file").exclusive] == ["A", "A > B > C"]


def test_table_of_paths(tmp_path: Path) -> None:
    tree = read(tmp_path, 'id,category,note\nb,"Shoes/Boots, high",x\ns,Shoes,\n', "tree.csv")
    assert [(c.category_id, str(c)) for c in tree] == [("s", "Shoes"), ("b", "Shoes > Boots, high")]
    assert names(read(tmp_path, "Category\nShoes > Boots\n", "tree.csv")) == ["Shoes", "Shoes > Boots"]
    assert names(read(tmp_path, "Shoes > Boots\nHats > Caps\n", "tree.csv"))[0] == "Hats"


@pytest.mark.parametrize(
    "items",
    [
        [{"id": 3, "parent": None, "name": "Shoes"}, {"id": 7, "parent": 3, "name": "Boots"}],
        [{"id": "3", "path": "Shoes"}, {"id": "7", "path": ["Shoes", "Boots"]}],
        [{"id": "7", "path": "Shoes > Boots"}, {"id": "3", "path": "Shoes"}],
    ],
)
@pytest.mark.parametrize("lines", [True, False])
def test_json(tmp_path: Path, items: list[object], lines: bool) -> None:
    text = "\n".join(map(json.dumps, items)) if lines else json.dumps(items, indent=2)
    assert [(c.category_id, str(c)) for c in read(tmp_path, text)] == [("3", "Shoes"), ("7", "Shoes > Boots")]


def test_json_of_paths(tmp_path: Path) -> None:
    assert names(read(tmp_path, '["Shoes > Boots", ["Hats", "Caps > Fur"]]')) == [
        "Hats", "Hats > Caps > Fur", "Shoes", "Shoes > Boots",
    ]  # fmt: skip


def test_google_and_shopify_lines(tmp_path: Path) -> None:
    google = read(tmp_path, "# Version: 1\n3 - Pets - Live > Birds/Fish\n1 - Pets - Live\n")
    assert [(c.category_id, c.path) for c in google] == [("1", ("Pets - Live",)), ("3", ("Pets - Live", "Birds/Fish"))]
    gid = "gid://shopify/TaxonomyCategory/"
    shopify = read(tmp_path, f"# x\n\n{gid}ap     : Animals\n{gid}ap-1   : Animals > Live: all\n")
    assert [(c.category_id, c.name) for c in shopify] == [("ap", "Animals"), ("ap-1", "Live: all")]
    assert shopify.resolve(f"{gid}ap-1").name == "Live: all"
    with pytest.raises(CatalogueError, match=r'line 3: cannot read "Shoes"; expected number - path'):
        read(tmp_path, "1 - A\n2 - B\nShoes\n")
    with pytest.raises(CatalogueError, match="line 1: cannot read"):
        read(tmp_path, "gid://shopify/TaxonomyAttribute/2649 : AI application\n")


def test_said_twice_is_fine_but_not_with_two_ids(tmp_path: Path) -> None:
    assert len(read(tmp_path, "A > B\nA > B\n")) == 2
    with pytest.raises(CatalogueError, match=r"line 3: the path .A > B. occurs twice(.|\n)*line 2"):
        read(tmp_path, "id,path\n1,A > B\n2,A > B\n")
    with pytest.raises(CatalogueError, match='line 3: the id "1" is used twice'):
        read(tmp_path, "id,path\n1,A > B\n1,A > C\n")
    with pytest.raises(CatalogueError, match=r"line 2(.|\n)*same path(.|\n)*line 1"):
        read(tmp_path, "Shoes > Boots\nshoes > Sandals\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"# only a comment\n", "no categories"),
        (b"Shoes\nBo\0ots\x01\x02", r"tree.txt line 2: binary data"),
        (bytes(range(128, 256)) * 40, "line 1: not UTF-8"),
        (b"Shoes\nCaf\xe9\n", "line 2: not UTF-8"),
        ("Shoes".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 whatever", "a ZIP or Excel file"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"A > B\nA >  > C\n", 'line 2: a name in the path "A >  > C" is empty'),
        (b"A > B\nA > \n", "line 2: a name in the path"),
        (b"id,parent,name\n1,,A\n2,9,B\n", 'line 3: category "2" .B. has the unknown parent "9"'),
        (b"id,parent,name\n1,2,A\n2,1,B\n", "line 2: categories are their own ancestors"),
        (b"id,parent,name\n1,,A\n1,,B\n", 'line 3: the id "1" is used twice'),
        (b"id,parent,name\n1,,A\n2,,a\n", "line 3: .*same path"),
        (b"id,parent,name\n1,,\n", "line 2: the name"),
        (b"id,parent,name\n,,A\n", "line 2: a category without id"),
        (b"id,parent,name\n1,,A,B\n", "line 2: 4 values; expected 3"),
        (b'id,parent,name\n1,,"A\n', "line 2: broken CSV"),
        (b"id,parent,name\n", "no categories"),
        (b"id,parent\n1,\n", "no column name"),
        (b"parent,name\n,A\n", "no column id"),
        (b"id,id,path\n1,2,A\n", 'two columns are called "id"'),
        (b"path,exclusive\nA,maybe\n", 'line 2: exclusive is "maybe"; expected 1, 0'),
        (b"id,path\n1,\n", "line 2: no path"),
        (b'[{"id": 1, "name": "A"}]', "no column parent"),
        (b'[{"path": "A"},\n {"path": 3}]', "line 2: no path"),
        (b'[{"id": [1], "path": "A"}]', r"line 1: id is \[1\]"),
        (b'[{"path": "A"},\n {"path": }]', "line 2: not valid JSON"),
        (b'[{"path": "A"}\n {"path": "B"}]', "line 2: not valid JSON: a comma"),
        (b'[{"path": "A"}', "not valid JSON: the list does not end"),
        (b"[" * 100_000, "nested too deeply|not valid JSON"),
        (b'{"categories": []}', "no column id; found categories"),
        (b"[]", "no categories"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CatalogueError, match=message) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "tree.txt"))


def test_csv_without_known_columns(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no tree in the columns foo, bar; expected columns id, parent and name"):
        read(tmp_path, "foo,bar\n1,2\n", "tree.csv")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"gone.txt: no such file"):
        read_tree(Files(tmp_path), "gone.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ShelverError, match="folder"):
        read_tree(Files(tmp_path), "folder")


@pytest.mark.parametrize(
    ("name", "size", "category_id", "path"),
    [
        ("google_taxonomy-with-ids.en-US.txt", 5595, "3237", "Animals & Pet Supplies > Live Animals"),
        ("shopify_categories.txt", 10595, "ap-1", "Animals & Pet Supplies > Live Animals"),
    ],
)
def test_real_taxonomies(tmp_path: Path, name: str, size: int, category_id: str, path: str) -> None:
    if not os.path.exists(f"{REAL}/{name}"):
        pytest.skip(f"{REAL}/{name} is not on this machine (SHELVER_TAXONOMIES names another folder)")
    tree = read_tree(Files(REAL), name)
    assert len(tree) == size
    assert str(tree.by_id(category_id)) == path
    plain = read(tmp_path, "# a plain list\n" + "\n".join(reversed(names(tree))))
    assert names(plain) == names(tree)
