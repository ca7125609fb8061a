"""What a data set for experiments is: a file of products, most of which say where they belong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from shelver.config import FIELDS, Feature, Feed, Text
from shelver.errors import ConfigError
from shelver.experiments.known import Path


@dataclass(frozen=True)
class Dataset:
    """A file of products, most of which say where they belong.

    Attributes
    ----------
    name : str
        Name of the feed.
    path : str
        The file, relative to the folder of the data.
    category : tuple of str
        Column with the path of the known category, or one column for each level. They are only labels: no product
        field is read from them.
    columns : mapping of str to str
        Product field = column. Fields that are not named stay empty, but for `id` and `title`, which are found.
    where : mapping of str to str
        Column = value that a row must have for its known category to count.
    no_shelf : tuple of str
        Known categories that are none, such as "Uncategorized".
    images : str
        Folder or zip with pictures named by the product's id, relative to the folder of the data; empty: none.
    features : mapping of str to Feature
        What models see.
    about : str
        Where the data comes from and what is done with it.
    """

    name: str
    path: str
    category: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    no_shelf: tuple[str, ...] = ()
    images: str = ""
    features: Mapping[str, Feature] = field(default_factory=lambda: {"title": Text(ngrams=2)})
    about: str = ""

    def feed(self, data: str) -> Feed:
        """Settings of the feed; the label's columns are closed to the product.

        Raises
        ------
        ConfigError
            A product field would be read from a column with the label.
        """
        for name, column in self.columns.items():
            if column in self.category:
                raise ConfigError(
                    f'the field {name} would be read from "{column}", which is the label',
                    where=f"data set {self.name}",
                    hint="take it out of columns, or name another category column",
                )
        closed = dict.fromkeys(name for name in FIELDS if name not in ("id", "title")) | dict(self.columns)
        return Feed(
            name=self.name,
            path=os.path.abspath(os.path.join(data, self.path)),
            images=os.path.abspath(os.path.join(data, self.images)) if self.images else "",
            columns={name: column or "" for name, column in closed.items()},
        )

    def known(self, paths: list[Path]) -> list[Path]:
        """Leave out what is no shelf."""
        return [() if " > ".join(path) in self.no_shelf else path for path in paths]
