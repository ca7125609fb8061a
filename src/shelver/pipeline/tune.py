"""Find good settings: trials of other settings, judged on the validation side; the test side is never looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from shelver.config import NAME, Config, kind_of
from shelver.errors import ShelverError
from shelver.pipeline.base import Base
from shelver.pipeline.prepare import find_run, prepare
from shelver.pipeline.space import check_space, default_space, parse_space, present
from shelver.pipeline.study import Line, Plan, Study
from shelver.pipeline.trial import Trial, split_metric
from shelver.pipeline.tune_work import lead, tidy, work

if TYPE_CHECKING:
    pass

KEEP = 5
"""Trials whose models are kept."""


@dataclass(frozen=True)
class Tuned:
    """What a study found.

    Attributes
    ----------
    present : Line or None
        The trial of the settings as they were, if they are among what is tried.
    importance : dict of str to float
        See `Study.importance`.
    """

    study: str
    folder: str
    metric: str
    maximize: bool
    trials: tuple[Line, ...]
    best: Line | None
    present: Line | None
    importance: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def tune(
    workspace: Base,
    trials: int,
    *,
    study: str = "",
    search: Mapping[str, Any] | None = None,
    metric: str = "",
    timeout: float = 0,
    jobs: int = 1,
    seed: int = 0,
    prune: bool = True,
    keep: int = KEEP,
) -> Tuned:
    """Try settings until a study has so many trials; a study that was stopped or killed is taken up.

    Parameters
    ----------
    workspace : Base
        The workspace; its latest run and its models are left alone.
    trials : int
        Trials the study has at the end, with those it has already.
    study : str
        Its name; that of the configured model if not given.
    search : mapping, optional
        What to try, as in ``[tune.space]``; else what the settings say, else a space for the configured model.
    metric : str
        Score of the validation side: ``macro_f1``, ``rule_based.micro_f1``, ...; if not given, macro-F1 of the main
        objective, or mean average precision where it is multi-label.
    timeout : float
        Seconds after which no new trial begins; 0: never.
    jobs : int
        Processes. One alone gives the same trials for the same seed.
    seed : int
        See `Plan`.
    prune : bool
        See `Plan`.
    keep : int
        Models are kept of so many of the best trials; settings and scores of all.

    Raises
    ------
    ConfigError
        What is to be tried is not in the settings, or a value does not fit.
    ShelverError
        The workspace is on an object store; the study began with something else; workers keep being killed.
    """
    found = open_study(workspace, study, search, metric, seed, prune)
    lock = found.owned()
    try:
        found.recover()
        if not found.trials.trials and (now := present(found.space, found.config)) is not None:
            found.trials.enqueue_trial(now, {"present": True})
        deadline = time.time() + timeout if timeout else 0.0
        if jobs > 1:
            lead(workspace, found, trials, deadline, jobs, keep)
        else:
            work(found, trials, deadline, report=workspace.report)
        tidy(found, keep)
    finally:
        lock.release()
    return result(found)


def open_study(
    workspace: Base, study: str, search: Mapping[str, Any] | None, metric: str, seed: int, prune: bool
) -> Study:
    """Begin a study or take one up; everything is checked before the first trial. Raises as `tune` does."""
    if workspace.files.remote:
        hint = "copy the workspace to a local folder to tune it"
        raise ShelverError("a study is kept in a local database file", where=workspace.prefix, hint=hint)
    config = workspace.config
    text = workspace.files.read(NAME).decode()
    where = f"{workspace.files.path(NAME)}, tune.space" if search is None else "tune.space"
    named = search if search is not None else getattr(getattr(config, "tune", None), "space", {})
    space = parse_space(named, where) if named else default_space(config)
    check_space(space, config, text, where)
    objective, name = split_metric(metric or _usual(config), config)
    name_of_study = study or config.training.model
    run_id = _prepared(workspace, name_of_study)
    asked = {path: tried if isinstance(tried, list) else tried.model_dump() for path, tried in space.items()}
    plan = Plan(name_of_study, f"{objective}.{name}", asked, run_id, seed, prune)
    return Study.start(workspace.files, plan, text)


def _usual(config: Config) -> str:
    kind = kind_of(config.objectives[config.training.objectives[0]])
    return "macro_f1" if kind == "multi_class" else "mean_average_precision"


def _prepared(workspace: Base, study: str) -> str:
    """The run of the present settings, made if need be; it does not become the workspace's latest."""
    beside = Trial(workspace.prefix, f"tune/{study}", workspace.config, workspace.config, workspace.report)
    try:
        prepare(beside)
        return find_run(beside).run_id
    finally:
        beside.close()


def result(study: Study) -> Tuned:
    """What a study found so far."""
    lines = study.lines()
    first = {trial.number for trial in study.trials.get_trials(False) if trial.user_attrs.get("present")}
    present_line = next((line for line in lines if line.number in first and line.value is not None), None)
    return Tuned(
        study.plan.name,
        study.files.prefix,
        study.plan.metric,
        study.maximize,
        tuple(lines),
        study.best(),
        present_line,
        study.importance(),
    )


def tuned(workspace: Base, study: str = "") -> Tuned:
    """What a study found, without doing more trials. Raises as `Study` does."""
    return result(Study(workspace.files, study or workspace.config.training.model))
