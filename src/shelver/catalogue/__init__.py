"""The tree; the control database: categories, labels, deliveries, runs."""

from shelver.catalogue.control import Control
from shelver.catalogue.deliveries import Delivery
from shelver.catalogue.label_events import EXCLUSIVE, LabelEvent
from shelver.catalogue.label_files import LabelFile, read_labels
from shelver.catalogue.queue import Queue
from shelver.catalogue.queue_items import NewQuestion, Question, Reply, Round, TakenError
from shelver.catalogue.runs import Run
from shelver.catalogue.tree import Category, Tree
from shelver.catalogue.tree_files import read_tree
from shelver.catalogue.tree_paths import tree_from_paths
from shelver.catalogue.tree_rows import TreeRow, tree_from_rows

__all__ = [
    "EXCLUSIVE",
    "Category",
    "Control",
    "Delivery",
    "LabelEvent",
    "LabelFile",
    "NewQuestion",
    "Question",
    "Queue",
    "Reply",
    "Round",
    "Run",
    "TakenError",
    "Tree",
    "TreeRow",
    "read_labels",
    "read_tree",
    "tree_from_paths",
    "tree_from_rows",
]
