from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.answers import Noted
from shelver.feeds.clean import clean_category

SHOES = "Shoes > Sneakers"


@pytest.mark.parametrize(
    "text",
    [
        "Shoes > Sneakers", "Shoes>Sneakers", "Shoes >> Sneakers", "Shoes -> Sneakers", "Shoes => Sneakers",
        "Shoes » Sneakers", "Shoes › Sneakers", "Shoes → Sneakers", "Shoes // Sneakers", "Shoes//Sneakers",
        "Shoes | Sneakers", "Shoes|Sneakers", "Shoes;Sneakers", "Shoes::Sneakers", "Shoes\\Sneakers",
        "Shoes / Sneakers",
        "Shoes/Sneakers", "/Shoes/Sneakers/", "Shoes &gt; Sneakers", "Shoes &amp;gt; Sneakers", "> Shoes > Sneakers >",
        '["Shoes", "Sneakers"]', '[{"name": "Shoes"}, {"name": "Sneakers"}]',
        "[&quot;Shoes&quot;, &quot;Sneakers&quot;]",
        '["Shoes > Sneakers"]', "Shoes > N/A > Sneakers", "<p>Shoes</p> &raquo; Sneakers",
    ],
)  # fmt: skip
def test_one_path_has_one_form(text: str) -> None:
    assert clean_category(text) == SHOES


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("TV/Video", "TV/Video"),
        ("PC/Mac/Linux", "PC/Mac/Linux"),
        ("CD/DVD/Blu-ray", "CD/DVD/Blu-ray"),
        ("24/7", "24/7"),
        ("and/or", "and/or"),
        ("1/2 Zip", "1/2 Zip"),
        ("Men/Shoes/Boots", "Men > Shoes > Boots"),
        ("MEN/SHOES", "MEN > SHOES"),
        ("Tops / T-Shirts/Polos", "Tops > T-Shirts/Polos"),
        ("Electronics > TV/Video", "Electronics > TV/Video"),
        ("Home | TV/Video; Radio", "Home > TV/Video; Radio"),
        ("Arts, Crafts & Sewing", "Arts, Crafts & Sewing"),
        ("Tops, T-Shirts > Tops", "Tops, T-Shirts > Tops"),
        ("Health, Health & Beauty > Hair", "Health, Health & Beauty > Hair"),
        ("Home - Garden", "Home - Garden"),
        ("鞋/运动鞋", "鞋 > 运动鞋"),
        ("Обувь/Кроссовки", "Обувь > Кроссовки"),
        ("https://shop/Shoes|Boots", "https://shop/Shoes|Boots"),
        ("1604", "1604"),
        ("//Shoes/Boots//", "Shoes > Boots"),
        (">", None),
        ("N/A", None),
        ("[broken", "[broken"),
        ("[]", "[]"),
        (None, None),
    ],
)
def test_category(text: str | None, clean: str | None) -> None:
    assert clean_category(text) == clean


@pytest.mark.parametrize(
    ("text", "clean", "paths"),
    [
        ("Men > Shoes, Men > Shirts", "Men > Shoes", 2),
        ("Default/Gear,Default/Gear/Bags,Default/New", "Default > Gear > Bags", 3),
        ("Clothing, Clothing > Hoodies", "Clothing > Hoodies", 2),
        ("Men|Men > Shoes|Men > Shoes > Boots", "Men > Shoes > Boots", 3),
        ("Gear;Gear//Bags", "Gear > Bags", 2),
        ("Men > Shoes | Sale > Shoes > Boots", "Sale > Shoes > Boots", 2),
        ("Men > Shoes; Sale > All", "Men > Shoes", 2),
        ('["Men > Shoes", "Men > Shoes > Boots"]', "Men > Shoes > Boots", 2),
        ("Men//Shoes|Men//Shirts", "Men > Shoes", 2),
    ],
)
def test_of_several_paths_the_deepest_is_kept(text: str, clean: str, paths: int) -> None:
    found = clean_category(text)
    assert isinstance(found, Noted)
    assert found.value == clean
    assert found.reason.startswith(f"{paths} paths, the deepest kept of ")


NAME = st.text(st.sampled_from("abcdeéßШ &'"), min_size=1, max_size=8).map(str.strip).filter(lambda name: len(name) > 2)


@given(
    st.lists(NAME, min_size=1, max_size=4), st.sampled_from([" > ", ">", " // ", "|", " | ", " » ", ";", " -> ", " / "])
)
def test_the_delimiter_makes_no_difference(names: list[str], delimiter: str) -> None:
    assert clean_category(delimiter.join(names)) == clean_category(" > ".join(names))
