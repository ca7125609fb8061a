"""A store with its control database and encoders: what every verb needs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from shelver.catalogue.control import Control
from shelver.catalogue.tree import Tree
from shelver.catalogue.tree_files import read_tree
from shelver.config import NAME, Feature, Vector
from shelver.encoders.picture_stage import EncodePicturesStage
from shelver.encoders.pictures import Pictures
from shelver.encoders.registry import open_encoder
from shelver.encoders.stage import EncodeStage
from shelver.errors import CatalogueError, ConfigError, ShelverError
from shelver.images.fetched import FetchedPictures
from shelver.pipeline.encoders import settle
from shelver.pipeline.step import Report, silent
from shelver.rules.rulefile import read_rules
from shelver.rules.stage import RulesStage, resolve_categories
from shelver.table import Table, storage_options
from shelver.workspace import Store

Features = Mapping[str, Feature]
TAKES = {"text": "text", "image": "pictures"}
EXAMPLES = {"text": "minilm-int8", "image": "efficientnet-lite2-int8"}


class Base(Store):
    """Common ground of the verbs.

    Parameters
    ----------
    prefix : str or path
        See `Store`.
    report : callable, optional
        Told about progress.
    """

    def __init__(self, prefix: str | os.PathLike[str] = ".", report: Report = silent) -> None:
        super().__init__(prefix)
        self.report = report

    @cached_property
    def control(self) -> Control:
        """The control database, made on first use."""
        return Control(self.control_url)

    def close(self) -> None:
        """Let go of the control database."""
        if "control" in self.__dict__:
            self.control.close()
            del self.__dict__["control"]

    def tree(self, force: bool = False) -> Tree:
        """The tree; brought up to date from its file first, if the settings name one.

        Parameters
        ----------
        force : bool
            Take the file's tree over even if labels use categories that it lacks; these labels rest until their
            category comes back.

        Raises
        ------
        CatalogueError
            There is no tree yet, or its file is not as it should be.
        """
        settings = self.config.categories
        stored = self.control.tree()
        if settings.path:
            read = read_tree(self.files, settings.path, settings.exclusive)
            if read.fingerprint() != stored.fingerprint():
                self.control.save_tree(read, force=force)
            return read
        if len(stored) == 0:
            raise CatalogueError(
                "there is no tree of categories yet",
                where=self.prefix,
                hint='name its file in shelver.toml: [categories] path = "categories.csv"',
            )
        return stored

    def products(self) -> Table:
        """The products at their present version.

        Raises
        ------
        ShelverError
            Nothing was ingested yet.
        """
        table = self.table("products")
        if not table.exists():
            raise ShelverError("there are no products yet", where=self.prefix, hint="run: shelver ingest")
        pinned = table.pinned()
        if "active" not in pinned.schema.names:
            raise ShelverError("an older Shelver made the products", where=self.prefix, hint="run: shelver ingest")
        return pinned

    def rules_stage(self, tree: Tree) -> RulesStage:
        """The rules of the workspace, matched to the tree."""
        rules = read_rules(self.files, self.config.rules.path)
        return RulesStage(rules, resolve_categories(rules, lambda reference: tree.resolve(reference).category_id))

    def pictures(self) -> Pictures:
        """The pictures of all feeds that have some, and those that were fetched."""
        places = {feed.name: feed.images for feed in self.config.feeds if feed.images}
        images, products = self.table("images"), self.table("products")
        if not (images.exists() and products.exists()):
            return Pictures(self.files, places)
        return Pictures(self.files, places, FetchedPictures(self.folder("fetched"), images.pinned(), products.pinned()))

    def settled(self, name: str, spec: Vector) -> Vector:
        """A vector feature with the exact name of its encoder; see `settle`."""
        table = self.table("products")
        try:
            return settle(self, table if table.exists() else None, spec)
        except ConfigError as error:
            where = f"{self.files.path(NAME)}, features.{name}.encoder"
            raise ConfigError(error.what, where=where, expected=error.expected, hint=error.hint) from None

    @property
    def features(self) -> dict[str, Feature]:
        """The features of the settings, with the exact names of encoders."""
        features = self.config.features.items()
        return {name: self.settled(name, spec) if isinstance(spec, Vector) else spec for name, spec in features}

    def encode_stage(self, name: str, spec: Vector) -> EncodeStage | EncodePicturesStage:
        """The stage that makes one vector feature, of texts or of pictures, with the workspace's cache.

        Raises
        ------
        ConfigError
            There is no such encoder, or it is not for what the feature's columns hold.
        """
        cache = self.files.path(self.path("vector_cache"))
        where = f"{self.files.path(NAME)}, features.{name}.encoder"
        exports = self.files.path(self.path("encoder_exports"))
        spec = self.settled(name, spec)
        try:
            encoder = open_encoder(spec.encoder, cache, storage_options(cache), exports)
        except ConfigError as error:
            raise ConfigError(error.what, where=where, expected=error.expected, hint=error.hint) from None
        if encoder.modality != spec.modality:
            raise ConfigError(
                f'the encoder "{spec.encoder}" is for {TAKES[encoder.modality]}',
                where=where,
                expected=f"one for {TAKES[spec.modality]}, which columns = {json.dumps(spec.columns)} asks for",
                hint=f'for example: encoder = "{EXAMPLES[spec.modality]}"',
            )
        if spec.modality == "image":
            return EncodePicturesStage(encoder, name, self.pictures())
        return EncodeStage(encoder, name, spec.columns)

    def text_encoder(self, name: str) -> Callable[[Sequence[str]], npt.NDArray[np.float32]]:
        """A text encoder by its name, with the workspace's cache: texts → vectors."""
        stage = self.encode_stage("words", Vector(encoder=name))
        assert isinstance(stage, EncodeStage)  # noqa: S101  (no columns: not of pictures)
        return stage.encoder.encode


def vectors_of(features: Features) -> dict[str, Vector]:
    """Features that an encoder makes."""
    return {name: spec for name, spec in features.items() if isinstance(spec, Vector)}
