"""Catalogues that many tests only look at: made once, never changed."""

from __future__ import annotations

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # tiny nets; on busy cores many threads wait for each other, 10 times slower

import pytest
from hypothesis import settings

from shelver.pipeline.workspace import Workspace
from shelver.testing import toy as toys

settings.register_profile("shelver", deadline=None, max_examples=50)
settings.load_profile("shelver")


@pytest.fixture
def needs_vectors() -> None:
    """Skip where the weights of the encoder ``static`` are not installed."""
    if not toys.can_encode():
        pytest.skip(toys.NO_VECTORS)


@pytest.fixture(scope="session")
def plain_toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[toys.Toy, Workspace]:
    """A toy catalogue without vectors, trained with all labels. Look at it only; to change one, write your own."""
    toy = toys.write_toy(tmp_path_factory.mktemp("plain_toy"))
    return toy, toys.run_toy(toy)


@pytest.fixture(scope="session")
def vector_toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[toys.Toy, Workspace]:
    """The same with vectors, hence with the models' prior."""
    if not toys.can_encode():
        pytest.skip(toys.NO_VECTORS)
    toy = toys.write_toy(tmp_path_factory.mktemp("vector_toy"), vectors=True)
    return toy, toys.run_toy(toy)
