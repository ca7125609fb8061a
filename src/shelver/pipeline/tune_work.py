"""Who does the trials of a study: this process, or several that this one leads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shelver.errors import ShelverError
from shelver.pipeline.base import Base
from shelver.pipeline.space import suggest
from shelver.pipeline.step import Report, silent
from shelver.pipeline.study import Study
from shelver.pipeline.trial import run_trial

if TYPE_CHECKING:
    import optuna

CRASHES = 3
"""Workers that may be killed, for each that is wanted, before the study stops."""


class Pruned(Exception):  # noqa: N818  (nothing is wrong)
    """A trial is worse than others were at the same epoch."""


def work(study: Study, trials: int, deadline: float = 0.0, worker: int = 0, report: Report = silent) -> None:
    """Do trials until there are enough, or time is up.

    Parameters
    ----------
    study : Study
        The study.
    trials : int
        Trials it has at the end.
    deadline : float
        Time (seconds since 1970) after which no new trial begins; 0: never.
    worker : int
        Number of this worker; 0 if it works alone.
    report : callable
        Told about progress.
    """
    while True:
        with study.lock("next"):
            begun = study.begun()
            if begun >= trials or (deadline and time.time() >= deadline):
                return
            trial = study.ask(worker)
            values = suggest(trial, study.space, study.config)
        report("tune", begun, trials)
        _try(study, trial, values, report)
        report("tune", study.ended(), trials)


def _try(study: Study, trial: optuna.Trial, values: Mapping[str, Any], report: Report) -> None:
    """Do one trial and note what became of it."""
    from optuna.trial import TrialState  # noqa: PLC0415

    sign = -1 if study.maximize else 1

    def watch(epoch: int, loss: float) -> None:
        trial.report(sign * loss, epoch)
        if trial.should_prune():
            raise Pruned

    folder, plan = study.folder_of(trial.number), study.plan
    told = lambda step, done, total: report(f"trial {trial.number} {step}", done, total)  # noqa: E731
    try:
        done = run_trial(
            study.workspace.prefix, folder, study.base, values, plan.metric, plan.run_id, study.lock("prepare"),
            watch if study.prunes else None, told,
        )  # fmt: skip
    except Pruned:
        study.trials.tell(trial, state=TrialState.PRUNED)
    except ShelverError as error:
        trial.set_user_attr("error", str(error))
        study.trials.tell(trial, state=TrialState.FAIL)
        study.workspace.write_json(f"{folder}/scores.json", {"error": str(error), "values": dict(values)})
    else:
        study.trials.tell(trial, done["value"])


def lead(workspace: Base, study: Study, trials: int, deadline: float, jobs: int, keep: int) -> None:
    """Let worker processes do the trials; one that is killed loses only its trial, which is tried again."""
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    command = [sys.executable, "-P", "-m", "shelver.pipeline.tune_worker", study.workspace.prefix, study.plan.name]
    running: dict[int, subprocess.Popen[str]] = {}
    killed, number = 0, 0

    def start() -> None:
        nonlocal number
        number += 1
        arguments = [*command, str(trials), str(deadline), str(number)]
        environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
        running[number] = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603

    try:
        for _ in range(jobs):
            start()
        while running:
            time.sleep(0.2)
            workspace.report("tune", study.ended(), trials)
            for worker, process in list(running.items()):
                if process.poll() is None:
                    continue
                del running[worker]
                said = process.stderr.read().strip() if process.stderr else ""
                if process.returncode > 0 and process.returncode not in (128 + 9, 128 + 15):
                    study.recover(worker)
                    raise ShelverError(f"a worker stopped: {said or process.returncode}", where=study.files.prefix)
                if process.returncode == 0:
                    continue
                killed += 1
                study.recover(worker)
                if killed > CRASHES * jobs:
                    hint = "memory may be short: fewer --jobs, or smaller models"
                    raise ShelverError(f"{killed} workers were killed", where=study.files.prefix, hint=hint)
                start()
            tidy(study, keep)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def tidy(study: Study, keep: int) -> None:
    """Remove the models of ended trials, but those of the best; their settings and scores stay."""
    sign = 1 if study.maximize else -1
    lines = [line for line in study.lines() if line.state != "running"]
    ranked = sorted(
        (line for line in lines if line.value is not None), key=lambda x: (-sign * (x.value or 0), x.number)
    )
    kept = {line.number for line in ranked[:keep]}
    for line in lines:
        for name in ("models", "checkpoints"):
            folder = study.workspace.path(f"{study.folder_of(line.number)}/{name}")
            if (line.number not in kept or name == "checkpoints") and os.path.isdir(folder):
                shutil.rmtree(folder)
