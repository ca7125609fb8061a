"""Copies of the toy catalogues that a test may change."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from shelver.testing.toy import Toy


def copied(toy: Toy, folder) -> Toy:
    shutil.copytree(toy.folder, folder)
    return dataclasses.replace(toy, folder=str(folder))


@pytest.fixture
def plain_copy(plain_toy, tmp_path) -> Toy:
    """The trained toy catalogue without vectors."""
    return copied(plain_toy[0], tmp_path / "copy")


@pytest.fixture
def vector_copy(vector_toy, tmp_path) -> Toy:
    """The trained toy catalogue with vectors."""
    return copied(vector_toy[0], tmp_path / "copy")
