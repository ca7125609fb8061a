"""Data sets that experiments name. Where they lie is said by ``--data DIR``; each is a folder below it."""

from __future__ import annotations

from shelver.config import Categorical, Number, Text
from shelver.errors import ConfigError, nearest
from shelver.experiments.spec import Dataset

PRESETS: dict[str, Dataset] = {
    "fashion": Dataset(
        name="fashion",
        path="fashion/products.csv",
        category=("masterCategory", "subCategory", "articleType"),
        columns={"id": "id", "title": "productDisplayName", "gender": "gender", "colour": "baseColour"},
        images="fashion/images.zip",
        features={"title": Text(ngrams=2), "gender": Categorical(), "colour": Categorical()},
        about="A fashion shop: short English titles that end in what the thing is, gender, colour, pictures of 60×80 "
        "pixels; a tree of three levels, very skewed. The three category columns are the label; gender and colour are "
        "in most feeds. Season, year and usage have no product field and are left out.",
    ),
    "instacart": Dataset(
        name="instacart",
        path="instacart/products.csv",
        category=("department", "aisle"),
        columns={"id": "product_id", "title": "product_name"},
        features={"title": Text(ngrams=2)},
        about='Groceries: nothing but a name; 134 aisles in 21 departments. Some aisles are called "other" or '
        '"missing": they are kept, since people put products there.',
    ),
    "retailer_feeds": Dataset(
        name="retailer_feeds",
        path="retailer_feeds/products.csv",
        category=("product_category",),
        columns={
            "id": "handle",
            "title": "title",
            "brand": "vendor",
            "raw_category": "type",
            "description": "description",
            "gender": "gender",
            "merchant": "shop_id",
            "price": "price",
        },
        where={"cat_in_shopify_taxonomy": "True"},
        no_shelf=("Uncategorized",),
        features={
            "title": Text(ngrams=2),
            "brand": Categorical(max_values=5000, dims=10),
            "raw_category": Text(max_tokens=1000),
            "description": Text(),
            "gender": Categorical(),
            "price": Number(),
        },
        about="Exports of 43 real shops in many languages, with markup and holes. About 2,500 of 10,220 products carry "
        "a category of the Shopify tree that the merchant gave, sometimes wrong; this is the label. The merchant's own "
        "type stays as raw_category: it is free text, in 2 of 5 products, and only 5% of them equal the label's name. "
        "Google's category is left out, since shops make it from the label; so is the shop, which would tell the "
        "answer where a shop sells one thing.",
    ),
}


def find_dataset(name: str) -> Dataset:
    """A data set by its name.

    Raises
    ------
    ConfigError
        There is none.
    """
    if name not in PRESETS:
        raise ConfigError(f'no data set is called "{name}"', hint=nearest(name, PRESETS))
    return PRESETS[name]
