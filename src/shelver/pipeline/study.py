"""A study in the workspace: what it began with, its trials, and who works on it."""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from shelver.config import Config
from shelver.errors import ShelverError
from shelver.files import Files
from shelver.pipeline.overrides import current, settings_with
from shelver.pipeline.space import LOSSES, Space, parse_space, shown
from shelver.tomlfile import parse

if TYPE_CHECKING:
    import optuna

NOTE, BASE, TRIALS, STORE = "study.json", "shelver.toml", "trials", "study.db"
LESS_IS_BETTER = ("calibration_error",)
WORDS = {"metric": "metric", "space": "space", "run_id": "run (the data changed)"}
"""What must be equal for trials to be comparable, as people say it."""
RETRIES = 2
"""How often a trial whose process was killed is tried again."""


@dataclass(frozen=True)
class Plan:
    """What a study began with.

    Attributes
    ----------
    name : str
        Name of the study.
    metric : str
        Objective and score, such as ``exclusive.macro_f1``.
    space : dict
        As `parse_space` takes it.
    run_id : str
        The run that was the newest.
    seed : int
        Same seed, same trials, if one process works alone.
    prune : bool
        End trials early whose validation loss is worse than the median of others at the same epoch.
    """

    name: str
    metric: str
    space: dict[str, Any]
    run_id: str
    seed: int = 0
    prune: bool = True


@dataclass(frozen=True)
class Line:
    """One trial: its number, what became of it, and its settings."""

    number: int
    state: str
    value: float | None
    values: dict[str, Any]
    seconds: float | None
    error: str = ""


class Study:
    """A study, opened.

    Parameters
    ----------
    files : Files
        The workspace.
    name : str
        Name of the study.

    Raises
    ------
    ShelverError
        There is no such study.
    """

    def __init__(self, files: Files, name: str) -> None:
        checked_name(name)
        self.workspace, self.files, self.root = files, files.sub(f"tune/{name}"), f"tune/{name}"
        if not self.files.exists(NOTE):
            known = ", ".join(files.sub("tune").names())
            hint = "start it with: shelver tune --trials 20"
            raise ShelverError(f'there is no study "{name}"', where=files.prefix, expected=known, hint=hint)
        self.plan = Plan(**self.files.read_json(NOTE))
        self.base = self.files.read(BASE).decode()
        self.config: Config = parse(self.base, Config, self.files.path(BASE))
        self.space: Space = parse_space(self.plan.space, "tune.space")

    @classmethod
    def start(cls, files: Files, plan: Plan, base: str) -> Study:
        """Begin a study, or take one up that began with the same.

        Raises
        ------
        ShelverError
            The study of this name began with another metric, space, run or other settings.
        """
        folder = files.sub(f"tune/{checked_name(plan.name)}")
        if not folder.exists(NOTE):
            folder.write(BASE, base)
            folder.write_json(NOTE, asdict(plan))
            return cls(files, plan.name)
        study = cls(files, plan.name)
        before, now = asdict(study.plan), asdict(plan)
        differs = [WORDS[key] for key in WORDS if before[key] != now[key]]
        if not differs and study._settings(base) != study._settings(study.base):
            differs = ["settings"]
        if differs:
            raise ShelverError(
                f'the study "{plan.name}" began with another {" and ".join(differs)}; its trials could not be compared '
                "with new ones",
                where=folder.prefix,
                hint=f"begin a new one: shelver tune --study {plan.name}-2",
            )
        return study

    def _settings(self, text: str) -> dict[str, Any]:
        """Settings without those that are tuned, and without ``[tune]``."""
        values = {path: current(self.config, path) for path in self.space}
        config = settings_with(text, values, self.root)[0].model_dump(mode="json")
        return {name: value for name, value in config.items() if name != "tune"}

    def owned(self) -> FileLock:
        """Lock of the process that leads the study.

        Raises
        ------
        ShelverError
            Another process leads it.
        """
        lock = FileLock(self.files.path("lock"), timeout=0)
        try:
            lock.acquire()
            return lock
        except Timeout:
            raise ShelverError("another shelver tune works on this study", where=self.files.prefix) from None

    def lock(self, name: str) -> FileLock:
        """A lock that the trials of this study share."""
        return FileLock(self.files.path(f"{name}.lock"))

    @property
    def maximize(self) -> bool:
        """Is more better?"""
        return self.plan.metric.rpartition(".")[2] not in LESS_IS_BETTER

    @property
    def prunes(self) -> bool:
        """Can trials be ended early? Only where their validation losses mean the same."""
        return self.plan.prune and not any(path.startswith(LOSSES) for path in self.space)

    @cached_property
    def trials(self) -> optuna.Study:
        """The trials, as Optuna keeps them."""
        import optuna  # noqa: PLC0415  (takes a second, and few commands need it)

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
        with self.lock("store"):  # two processes that make the tables of a new database at once would fail
            return optuna.create_study(
                storage=optuna.storages.RDBStorage(
                    f"sqlite:///{self.files.path(STORE)}", engine_kwargs={"connect_args": {"timeout": 60}}
                ),
                study_name=self.plan.name,
                direction="maximize" if self.maximize else "minimize",
                load_if_exists=True,
                pruner=pruner if self.prunes else optuna.pruners.NopPruner(),
            )

    def ask(self, worker: int) -> optuna.Trial:
        """The next trial; what is suggested depends on seed, worker and the trials before alone."""
        import optuna  # noqa: PLC0415

        seed = int(np.random.SeedSequence([self.plan.seed, worker, len(self.trials.trials)]).generate_state(1)[0])
        self.trials.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=worker > 0)
        trial = self.trials.ask()
        trial.set_user_attr("worker", worker)
        return trial

    def begun(self) -> int:
        """Trials that count: ended or under way, without those that were killed."""
        from optuna.trial import TrialState  # noqa: PLC0415

        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING)
        return sum(not trial.user_attrs.get("killed") for trial in self.trials.get_trials(False, states))

    def ended(self) -> int:
        """Trials that count and are over."""
        return sum(line.state != "running" for line in self.lines())

    def recover(self, worker: int | None = None) -> int:
        """Mark trials whose process is gone as killed, and try them again; gives how many.

        Parameters
        ----------
        worker : int, optional
            Only those of this worker; else all that are under way.
        """
        from optuna.trial import TrialState  # noqa: PLC0415

        gone = 0
        for trial in self.trials.get_trials(False, (TrialState.RUNNING,)):
            if worker is not None and trial.user_attrs.get("worker") != worker:
                continue
            gone += 1
            self.trials._storage.set_trial_user_attr(trial._trial_id, "killed", True)
            self.trials.tell(trial.number, state=TrialState.FAIL)
            retries = int(trial.user_attrs.get("retries", 0))
            if trial.params and retries < RETRIES:
                self.trials.enqueue_trial(trial.params, {"retries": retries + 1, "again": trial.number})
        return gone

    def lines(self) -> list[Line]:
        """Every trial but those that were killed, in order."""
        from optuna.trial import TrialState  # noqa: PLC0415

        found = []
        for trial in self.trials.get_trials(False):
            if trial.user_attrs.get("killed") or trial.state == TrialState.WAITING:
                continue
            state = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.RUNNING: "running"}
            seconds = trial.duration.total_seconds() if trial.duration else None
            value = trial.value if trial.state == TrialState.COMPLETE else None
            error = str(trial.user_attrs.get("error", ""))
            values = shown(self.space, trial.params)
            found.append(Line(trial.number, state.get(trial.state, "failed"), value, values, seconds, error))
        return found

    def best(self) -> Line | None:
        """The best trial; the first of equals."""
        done = [line for line in self.lines() if line.value is not None]
        sign = 1 if self.maximize else -1
        return max(done, key=lambda line: (sign * (line.value or 0.0), -line.number), default=None)

    def importance(self) -> dict[str, float]:
        """Share of each setting in what makes good trials good (Watanabe et al. 2023, PED-ANOVA); empty if unknown."""
        import optuna  # noqa: PLC0415

        done = [line for line in self.lines() if line.value is not None]
        if len(self.space) < 2 or len(done) < 8 or len({line.value for line in done}) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(self.trials, evaluator=evaluator)
        return {name: float(value) for name, value in found.items()}

    def folder_of(self, number: int) -> str:
        """Folder of a trial, relative to the workspace."""
        return f"{self.root}/{TRIALS}/{number:04}"


def checked_name(name: str) -> str:
    """A name that can be that of a folder.

    Raises
    ------
    ShelverError
        It cannot.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise ShelverError(f'"{name}" cannot be the name of a study', expected="letters, digits, _ . and -")
    return name
