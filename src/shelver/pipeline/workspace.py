"""The Python API: a workspace with a verb for every command.

A verb imports what it needs when it is called: `shelver ingest` does not wait for PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from shelver.features.split import Side
from shelver.pipeline.base import Base

if TYPE_CHECKING:
    from shelver.catalogue.deliveries import Delivery
    from shelver.catalogue.label_events import LabelEvent
    from shelver.catalogue.propagation import Confirmed
    from shelver.catalogue.queue import Queue
    from shelver.catalogue.queue_items import Refilled
    from shelver.labelling.agreement import Agreement
    from shelver.labelling.cards import Cards
    from shelver.labelling.session import Session
    from shelver.pipeline.alike import Offer
    from shelver.pipeline.clusters import ClusterLine
    from shelver.pipeline.explain import Explanation
    from shelver.pipeline.feeds import FeedLook
    from shelver.pipeline.images_report import ImagesReport
    from shelver.pipeline.learn import Comparison
    from shelver.pipeline.profile_result import Profiled
    from shelver.pipeline.quality import LabelReview
    from shelver.pipeline.quality_rules import RulesReview
    from shelver.pipeline.shelve import Answer, Classifier
    from shelver.pipeline.standing_items import Standing
    from shelver.pipeline.step import Step
    from shelver.pipeline.tune import Tuned
    from shelver.rules.check import RulesReport
    from shelver.rules.rulefile import RuleSet


class Imported(NamedTuple):
    """What became of a file of labels: its rows, those that repeat another, and the labels that were new."""

    rows: int
    repeated: int
    stored: int


class Workspace(Base):
    """One catalogue: its feeds, tree, rules, labels, models and predictions.

    Examples
    --------
    >>> workspace = Workspace("shop")  # doctest: +SKIP
    >>> workspace.run()  # doctest: +SKIP
    >>> workspace.classify("Red leather sandals").ranked["exclusive"][0]  # doctest: +SKIP
    ('a41f', 'Shoes > Sandals', 0.93)
    """

    def init(self, feed: str = "", tree: str = "", name: str = "shop") -> None:
        """Write a ``shelver.toml`` to start from."""
        from shelver.pipeline.init import init

        init(self, feed, tree, name)

    def ingest(self, feed: str = "", *, accept: str = "", forget: str = "") -> list[Step]:
        """Read the feeds into products; `accept` takes a feed that was held back, `forget` gives one up."""
        from shelver.pipeline.ingest import ingest

        return ingest(self, feed, accept, forget)

    def look_at_feeds(self, name: str = "", file: str = "") -> list[FeedLook]:
        """How feeds are understood, or a file that is none yet: format, network, columns and why."""
        from shelver.pipeline.feeds import look_at_feeds

        return look_at_feeds(self, name, file)

    def write_columns(self, look: FeedLook) -> list[str]:
        """Write the guessed columns of a feed into ``shelver.toml``; gives the fields written."""
        from shelver.pipeline.feed_settings import write_columns

        return write_columns(self, look)

    def add_feed(self, file: str, name: str, write: bool = False) -> FeedLook:
        """Add a feed to ``shelver.toml``, with its guessed columns if wanted."""
        from shelver.pipeline.feed_settings import add_feed

        return add_feed(self, file, name, write)

    def deliveries(self, feed: str = "") -> list[Delivery]:
        """All deliveries, or those of one feed, oldest first."""
        return self.control.deliveries(feed or None)

    def fetch_images(self, limit: int = 0, *, retry: bool = False, every: bool = False) -> ImagesReport:
        """Fetch the pictures of products from their addresses, only what is missing or due again."""
        from shelver.pipeline.images import fetch_images

        return fetch_images(self, limit, retry=retry, every=every)

    def images_status(self, *, every: bool = False) -> ImagesReport:
        """How the pictures of products stand; nothing is fetched."""
        from shelver.pipeline.images import images_status

        return images_status(self, every=every)

    def profile(self, feed: str = "", raw: str = "") -> Profiled:
        """What is in the products (of one feed), or in the columns of the files of the feed `raw`."""
        from shelver.pipeline.profile_result import make_profile

        return make_profile(self, feed, raw)

    def write_profile(self, found: Profiled, file: str) -> str:
        """Write a profile as one page with plots; gives its place."""
        from shelver.pipeline.profile_result import write_page

        return write_page(self, found, file)

    def write_features(self, found: Profiled) -> str:
        """Write suggested features into ``shelver.toml``, if it has none yet; gives its place."""
        from shelver.pipeline.profile_result import write_features

        return write_features(self, found)

    def suggest_rules(self, force: bool = False) -> RuleSet:
        """Write starting rules, made from the names in the tree."""
        from shelver.errors import RuleError
        from shelver.rules.rulefile import dump_rules, read_rules
        from shelver.rules.suggest import suggest_rules

        name = self.config.rules.path
        if self.files.exists(name) and not force:
            raise RuleError(
                "there are rules already", where=self.files.path(name), hint="add --force to write over them"
            )
        rules = suggest_rules(self.tree().categories)
        self.files.write(name, dump_rules(rules))
        return read_rules(self.files, name)

    def check_rules(self) -> RulesReport:
        """How much each rule matches, overlaps and conflicts."""
        from shelver.catalogue.on_offer import ACTIVE, on_offer
        from shelver.engine import Aligned, read_aligned
        from shelver.pipeline.prepare import apply_rules
        from shelver.rules.check import check_rules

        tree = self.tree()
        stage = self.rules_stage(tree)
        apply_rules(self)
        tables = [self.products(), self.table("rule_labels").pinned()]
        source = Aligned(tables, ("product_id", "title", ACTIVE, "labels"))
        exclusive = {category.category_id for category in tree.exclusive}
        offered = (on_offer(batch) for batch in read_aligned(source, 0, source.rows))
        return check_rules(stage.rules, stage.category_ids, offered, exclusive)

    def apply_rules(self) -> Step:
        """Label all products by the rules."""
        from shelver.pipeline.prepare import apply_rules

        return apply_rules(self)

    def encode(self) -> list[Step]:
        """Make the vectors that the features ask for."""
        from shelver.pipeline.prepare import encode

        return encode(self)

    def import_labels(self, path: str, person: str = "") -> Imported:
        """Import labels from a CSV or JSON file (relative to the current folder); the same file again adds nothing."""
        from shelver.catalogue.label_files import read_labels
        from shelver.files import Files

        known = self.products().read(["product_id", "source", "merchant", "merchant_id"])
        tree = self.tree()
        folder, name = os.path.split(os.path.abspath(path))
        found = read_labels(Files(folder), name, tree, known, person=person)
        return Imported(found.rows, found.repeated, self.control.add_labels(found.events))

    def export_labels(self, path: str) -> int:
        """Write the current labels to a CSV or JSON file (relative to the current folder); gives how many."""
        from shelver.pipeline.export_labels import export_labels

        return export_labels(self, path)

    def add_labels(self, events: Iterable[LabelEvent]) -> int:
        """Store labels; gives how many were new."""
        self.tree()
        return self.control.add_labels(events)

    @property
    def queue(self) -> Queue:
        """What people are asked about the exclusive category of products."""
        from shelver.pipeline.ask import queue_of

        return queue_of(self)

    def label(
        self,
        person: str,
        *,
        background: bool = True,
        aside: bool = False,
        tell: Callable[[str], None] = lambda text: None,
    ) -> Session:
        """Begin to ask a person; a process chooses anew as labels come in, unless told not to."""
        from shelver.pipeline.sitting import sit_down

        return sit_down(self, person, background=background, aside=aside, tell=tell)

    def refill(self) -> Refilled:
        """Choose anew what is asked next, by the labels there are."""
        from shelver.pipeline.ask import refill

        return refill(self)

    def cards(self) -> Cards:
        """Finds products by their ids, to show them."""
        from shelver.pipeline.sitting import cards_of

        return cards_of(self)

    def review_labels(self, limit: int = 50, *, ask: bool = False, everything: bool = False) -> LabelReview:
        """Labels that are likely wrong; with `ask`, they are put into the queue."""
        from shelver.pipeline.quality import review_labels

        return review_labels(self, limit, ask=ask, everything=everything)

    def label_agreement(self, *, model: bool = True) -> Agreement:
        """How far people agree with each other and with a model."""
        from shelver.pipeline.quality import label_agreement

        return label_agreement(self, model=model)

    def review_rules(self, limit: int = 20) -> RulesReview:
        """Rules that put most products in a wrong place, with examples."""
        from shelver.pipeline.quality_rules import review_rules

        return review_rules(self, limit)

    def look_alikes(self, product: str, most: int = 30) -> Offer:
        """Products without a label that look like a labelled one, to be confirmed together."""
        from shelver.pipeline.alike import offer

        return offer(self, product, most)

    def confirm(self, event_id: int, product_ids: Sequence[str], person: str = "") -> Confirmed:
        """Give products the label of another, in one transaction; those that have a label keep it."""
        from shelver.pipeline.alike import confirm

        return confirm(self, event_id, product_ids, person)

    def clusters(self, most: int = 10, size: int = 30) -> list[ClusterLine]:
        """Clusters of products without a label, those first whose label is expected to give most."""
        from shelver.pipeline.clusters import clusters

        return clusters(self, most, size)

    def label_cluster(self, cluster_id: str, category: str, person: str = "", *, node: bool = False) -> Confirmed:
        """Label a whole cluster; with `node`, or by a category that cannot be assigned, "at or below" it."""
        from shelver.pipeline.clusters import label_cluster

        return label_cluster(self, cluster_id, category, person, node=node)

    def undo_label(
        self, event_id: int, person: str = "", *, with_propagated: bool = False, copies: bool = False
    ) -> list[int]:
        """Take a label back; with those that were taken over from it, or (`copies`) only those. Gives new events."""
        if copies:
            return self.control.undo_propagated(event_id, person)
        if with_propagated:
            return self.control.undo_with_propagated(event_id, person)
        return [self.control.undo(event_id, person)]

    def standing(
        self,
        run_id: str = "",
        *,
        imports_are_random: bool = False,
        target: float | None = None,
        least_gain: float | None = None,
    ) -> Standing:
        """How good the labels have made us, what more of them bring, where to go on, and when it is enough."""
        from shelver.labelling.stopping import LEAST_GAIN
        from shelver.pipeline.standing import standing

        least = LEAST_GAIN if least_gain is None else least_gain
        return standing(self, run_id, imports_are_random=imports_are_random, target=target, least_gain=least)

    def prepare(self) -> list[Step]:
        """Make the data set that models are trained on."""
        from shelver.pipeline.prepare import prepare

        return prepare(self)

    def train(self, run_id: str = "", model: str = "") -> Step:
        """Train a model; the configured one if none is named."""
        from shelver.pipeline.learn import train

        return train(self, run_id, model)

    def evaluate(self, run_id: str = "", model_id: str = "", side: Side = Side.TEST) -> Comparison:
        """Score the model and the rules."""
        from shelver.pipeline.learn import evaluate_model

        return evaluate_model(self, run_id, model_id, side)

    def predict(self, run_id: str = "", model_id: str = "") -> Step:
        """Put every product on a shelf."""
        from shelver.pipeline.shelve import predict

        return predict(self, run_id, model_id)

    def classifier(self, run_id: str = "", model_id: str = "") -> Classifier:
        """Load the model once, for many single products."""
        from shelver.pipeline.shelve import Classifier

        return Classifier(self, run_id, model_id)

    def classify(
        self, title: str = "", image: bytes | str | os.PathLike[str] | None = None, **fields: str | float
    ) -> Answer:
        """Put one product on a shelf, by its fields and, if the model takes one, its picture (content or path)."""
        return self.classifier()(image, title=title, **fields)

    def explain(self, title: str = "", product_id: str = "", category: str = "", **fields: str | float) -> Explanation:
        """Say why a product is where it is."""
        from shelver.pipeline.explain import explain

        return explain(self, {**({"title": title} if title else {}), **fields}, product_id, category)

    def embed(self, run_id: str = "", model_id: str = "") -> list[Step]:
        """Write the vectors that a model makes of products and categories."""
        from shelver.pipeline.embed import embed

        return embed(self, run_id, model_id)

    def similar_categories(
        self, category: str, k: int = 10, run_id: str = "", model_id: str = ""
    ) -> list[tuple[str, str, float]]:
        """Categories that the model sees as near to one."""
        from shelver.pipeline.embed import similar_categories

        return similar_categories(self, category, k, run_id, model_id)

    def write_report(self, run_id: str = "", models: Sequence[str] = (), side: Side = Side.TEST, out: str = "") -> str:
        """Write one page about the models of a run; gives its place."""
        from shelver.pipeline.report import make_report, write_report

        return write_report(self, make_report(self, run_id, models, side), out)

    def tune(self, trials: int, study: str = "", jobs: int = 1, metric: str = "") -> Tuned:
        """Try other settings, judged on the validation side."""
        from shelver.pipeline.tune import tune

        return tune(self, trials, study=study, jobs=jobs, metric=metric)

    def run(self) -> tuple[list[Step], Comparison]:
        """All of it, only what is stale."""
        from shelver.pipeline.run import run

        return run(self)
