"""Replay catalogues whose categories are known: learning curves of every model × strategy × ..., kept as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from shelver import __version__
from shelver.errors import ShelverError
from shelver.experiments.simulation_scene import OBJECTIVE, Scene
from shelver.experiments.simulation_settings import Wanted, Way
from shelver.files import Files
from shelver.labelling.simulate import Point, simulate, with_all_labels
from shelver.pipeline.step import Report, silent
from shelver.pipeline.workspace import Workspace
from shelver.stage import digest

SOLVED = 6000
"""Labels up to which the standard is solved to its optimum, as curves are."""
VERSION = "simulate.v1"
"""Part of the name under which a curve is kept; another number makes all of them anew."""
CURVES = "curves"


@dataclass(frozen=True)
class Standard:
    """What all labels give; everything that changes that."""

    model: str
    prior: bool
    rules: bool


@dataclass(frozen=True)
class Task:
    """One curve to make, or one standard (all labels at once)."""

    what: Way | Standard
    seed: int
    split: int | None
    path: str

    @property
    def standard(self) -> Standard:
        """What the curve is measured by."""
        return self.what if isinstance(self.what, Standard) else Standard(
            self.what.model, self.what.prior, self.what.rules
        )  # fmt: skip


@dataclass(frozen=True)
class Simulation:
    """Curves of one data set, and what all labels give.

    Attributes
    ----------
    name : str
        Of the data set.
    facts : mapping of str to int
        Products, those to ask about and to measure on, categories, and how many of these occur.
    wanted : Wanted
        What was simulated.
    curves : mapping of Way to list of list of Point
        For each way a curve a seed.
    standards : mapping of Standard to list of Point
        For each what all labels give, a point a seed.
    """

    name: str
    facts: Mapping[str, int]
    wanted: Wanted
    curves: Mapping[Way, list[list[Point]]]
    standards: Mapping[Standard, list[Point]]


def run(
    workspace: Workspace, name: str, folder: str, wanted: Wanted, jobs: int = 1, report: Report = silent
) -> Simulation:
    """Make all curves that are not there yet.

    Parameters
    ----------
    workspace : Workspace
        Prepared, with the known categories as labels; nothing is written to it.
    name : str
        Of the data set.
    folder : str
        Where curves are kept, below ``curves``: each as soon as it is made, so a stopped simulation goes on.
    wanted : Wanted
        What to simulate.
    jobs : int
        Processes that work at the same time.
    report : callable
        Told about progress.

    Raises
    ------
    ConfigError
        There is no such model.
    ShelverError
        A process was killed, for example for want of memory.
    """
    scene, files = Scene(workspace), Files(folder)
    ways = wanted.ways(workspace.config.labelling.model or workspace.config.training.model)
    for model in {way.model for way in ways}:
        scene.spec(model)
    tasks = list(_tasks(scene, ways, wanted))
    missing = [task for task in tasks if not files.exists(task.path)]
    done = len(tasks) - len(missing)
    report("simulate", done, len(tasks))
    for made in _work(scene, missing, files, jobs):
        done += made
        report("simulate", done, len(tasks))
    curves: dict[Way, list[list[Point]]] = {}
    standards: dict[Standard, list[Point]] = {}
    for task in tasks:
        points = [Point(**point) for point in files.read_json(task.path)["points"]]
        if isinstance(task.what, Way):
            curves.setdefault(task.what, []).append(points)
        else:
            standards.setdefault(task.what, []).append(points[0])
    return Simulation(name, _facts(scene), wanted, curves, standards)


def _tasks(scene: Scene, ways: Sequence[Way], wanted: Wanted) -> Iterator[Task]:
    standards = dict.fromkeys(Task(way, 0, None, "").standard for way in ways)
    every: list[Way | Standard] = [*standards, *ways]
    for what in every:
        for seed in range(wanted.seeds):
            split = seed if wanted.splits else None
            yield Task(what, seed, split, f"{CURVES}/{_key(scene, what, seed, split)}.json")


def _key(scene: Scene, what: Way | Standard, seed: int, split: int | None) -> str:
    config = scene.workspace.config
    settings = (
        scene.spec(what.model).model_dump(mode="json"),
        config.training.model_dump(mode="json"),
        config.objectives[OBJECTIVE].model_dump(mode="json"),
        [config.labelling.beta, config.labelling.committee, config.labelling.candidates],
    )
    return digest(VERSION, __version__, scene.fingerprint, settings, type(what).__name__, vars(what), seed, split)


def _work(scene: Scene, tasks: Sequence[Task], files: Files, jobs: int) -> Iterator[int]:
    """Do tasks; gives 1 after each."""
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            _do(scene, task, files)
            yield 1
        return
    prefix = scene.workspace.prefix
    with _settings(), ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), _open, (prefix,)) as workers:
        waiting = [workers.submit(_do_there, task, files) for task in tasks]
        try:
            for each in as_completed(waiting):
                each.result()
                yield 1
        except BrokenProcessPool as error:
            raise ShelverError(
                "a process was killed",
                where=files.prefix,
                hint="run it again to go on; if memory is short: fewer --jobs",
            ) from error
        finally:
            workers.shutdown(wait=True, cancel_futures=True)


_scene: list[Scene] = []
"""The scene of this process, if it works for another."""


def _open(prefix: str) -> None:
    _scene.append(Scene(Workspace(prefix)))


def _do_there(task: Task, files: Files) -> None:
    _do(_scene[0], task, files)


def _do(scene: Scene, task: Task, files: Files) -> None:
    """Make one curve and keep it."""
    standard = task.standard
    world = scene.world(standard.rules, task.split)
    learner = scene.learner(standard.model, standard.prior, standard.rules)
    if isinstance(task.what, Way):
        choice = task.what.choice(scene.workspace.config.labelling)
        points = simulate(world, learner, choice, task.what.play(task.seed))
    else:
        judge = learner.at_once() if len(world.asked) <= SOLVED else learner
        points = [with_all_labels(world, judge, task.seed)]
    kept = {
        "schema": f"shelver.{VERSION}.curve",
        "settings": {**vars(task.what), "seed": task.seed, "split": task.split},
        "points": [point.as_dict() for point in points],
    }
    files.write_json(task.path, kept)


@contextmanager
def _settings() -> Iterator[None]:
    """Processes begun inside compute with one thread each, and import nothing from the folder they are begun in."""
    ours = {"OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _facts(scene: Scene) -> dict[str, int]:
    world = scene.world(True)
    return {
        "products": scene.examples.products,
        "asked": len(world.asked),
        "measured": len(world.test),
        "categories": world.classes,
        "present": world.present,
        "titles": len(set(world.copies[world.asked].tolist())),
    }
