"""The engine ``ray``: Daft's Ray runner, on every processor of a cluster."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
os.environ.setdefault("RAY_DISABLE_DASHBOARD", "1")

import daft
import pyarrow as pa
import ray

from shelver.engine.nodes import check_nodes, opened
from shelver.engine.patient import GoneError, patiently
from shelver.engine.plan import run
from shelver.engine.ray_task import Failure, RayTask, unpack
from shelver.engine.shelf import NAMESPACE, Place, Shelf
from shelver.engine.work import CutOffError, Work
from shelver.errors import ConfigError, ShelverError

CONNECT = 5.0
"""Seconds until an address that does not answer counts as unreachable."""
MOST_ROWS = 16_384
"""Rows of a task at most (or one batch): what is lost with a worker, and sent in one piece."""
TASKS_PER_PROCESSOR = 4
TASKS_AT_ONCE = 32
"""Tasks that are begun for each processor before the answers of others were taken: what nodes have to store at most."""
PASSED_ON = (
    "DAFT_ANALYTICS_ENABLED", "DAFT_PROGRESS_BAR", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
)  # fmt: skip
"""Environment variables that workers get; secrets are not among them: each node has its own."""


def connect(address: str) -> Cluster:
    """Connect this process to a cluster, or start one on this machine, and make Daft run there.

    Parameters
    ----------
    address : str
        ``host:port``, ``ray://host:port``, or empty: a cluster of this machine's processors, gone with this process.

    Raises
    ------
    ConfigError
        Nothing answers there, or what answers is no Ray cluster of the same versions of Ray and Python.
    """
    if address:
        _reach(address)
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if not ray.is_initialized():
        try:
            ray.init(
                address=address or "local",
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=None if address else False,
                runtime_env={"env_vars": variables},
            )
        except Exception as error:  # Ray raises what it likes: ConnectionError, RuntimeError, ValueError, ...
            raise ConfigError(
                f"Ray cannot connect: {_first_line(error)}",
                where=f'[engine] address = "{address}"',
                expected="host:port of the head of a cluster that this machine belongs to, or ray://host:10001",
                hint="start it with: ray start --head --disable-usage-stats; and here: ray start --address host:port",
            ) from error
    if daft.runners._get_runner() is None:
        daft.set_runner_ray(noop_if_initialized=True)
    return Cluster(address)


def _reach(address: str) -> None:
    """Is there anything at all? Ray itself would try for a minute."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    where = f'[engine] address = "{address}"'
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise ConfigError("not an address", where=where, expected='"host:6379" or "ray://host:10001"')
    try:
        socket.create_connection((host, port), timeout=CONNECT).close()
    except OSError as error:
        raise ConfigError(
            f"no Ray cluster answers there: {error}",
            where=where,
            hint="start its head with: ray start --head --disable-usage-stats",
        ) from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


class Cluster:
    """A cluster that this process is connected to; see `shelver.engine.work.Runner`.

    Parameters
    ----------
    address : str
        As in the settings, for messages and for asking whether the head is still there.
    """

    def __init__(self, address: str) -> None:
        self.address = address or "this machine"
        known = address if address.startswith("ray://") else ray.get_runtime_context().gcs_address
        parts = urlsplit(known if "://" in known else f"//{known}")
        self._head = (parts.hostname or "", parts.port or 0)
        self._lost = False
        self._shelf = Shelf()

    def __repr__(self) -> str:
        return f"Cluster({self.address})"

    @contextmanager
    def job(self, work: Work) -> Iterator[RayJob]:
        """Make work ready to be done: every node can read the tables, and finds the stage on a shelf.

        Raises
        ------
        ShelverError
            The cluster is gone or has no processors, or a node cannot read the tables.
        """
        if self._lost:
            raise self.gone()
        source = opened(work.source)
        with ExitStack() as stack:
            try:
                processors = check_nodes(source, self.address)
                place = stack.enter_context(self._shelf.keep(replace(work, source=source)))
            except (ray.exceptions.RayError, ConnectionError) as error:
                raise self.gone() from error
            yield RayJob(work, place, self, processors)

    def alive(self) -> bool:
        """Does the head still answer?"""
        for _ in range(2):
            try:
                socket.create_connection(self._head, timeout=CONNECT).close()
            except OSError:
                time.sleep(0.5)
            else:
                return True
        return False

    def gone(self) -> ShelverError:
        """What to say when it is not; the process's connection is of no use any more."""
        self._lost = True
        return ShelverError(
            "the head of the Ray cluster is gone; nothing was changed",
            where=self.address,
            hint="start the cluster and run the command again: what is done already is not done again",
        )


def parts(tasks: Mapping[int, int], size: int) -> Iterator[dict[int, int]]:
    """Tasks, so many at a time, in order."""
    stream = iter(tasks.items())
    while part := dict(islice(stream, size)):
        yield part


class RayJob:
    """Work done by a cluster.

    Parameters
    ----------
    work : Work
        What is to be done.
    place : Place
        Where workers find it.
    cluster : Cluster
        Where it is done.
    processors : int
        How many there are.
    """

    def __init__(self, work: Work, place: Place, cluster: Cluster, processors: int) -> None:
        self.work, self.place, self.cluster, self.processors = work, place, cluster, processors

    def tasks(self) -> dict[int, int]:
        """Several for each processor, so that all nodes have work to the end."""
        share = math.ceil(self.work.source.rows / (TASKS_PER_PROCESSOR * self.processors))
        return self.work.tasks(min(max(1, share), MOST_ROWS))

    def answers(self, tasks: Mapping[int, int]) -> Generator[tuple[int, bytes]]:
        """Do tasks; they come in any order.

        Raises
        ------
        CutOffError
            Workers were lost, and with them tasks.
        ShelverError
            The head is gone.
        """
        do = RayTask(self.place)
        try:
            for part in parts(tasks, TASKS_AT_ONCE * self.processors):
                with closing(patiently(partial(run, do, part), self.cluster.alive)) as answers:
                    yield from answers
        except GoneError:
            raise self.cluster.gone() from None
        except Exception as error:
            if not self.cluster.alive():
                raise self.cluster.gone() from error
            raise CutOffError(_first_line(error)) from error

    def collect(self, start: int, token: bytes) -> list[pa.RecordBatch]:
        """What a task made; raises what its stage raised."""
        found = unpack(token)
        if isinstance(found, Failure):
            raise found.error()
        return found
