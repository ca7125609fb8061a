"""How the command line talks: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from shelver.cli.safe_console import SafeConsole
from shelver.pipeline.step import Report, Step, silent

out = SafeConsole(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = SafeConsole(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False, default=str, allow_nan=False) + "\n")


@contextmanager
def progress(quiet: bool = False) -> Iterator[Report]:
    """Progress bars on a terminal; nothing elsewhere."""
    if quiet or not err.is_terminal:
        yield silent
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total or None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield report


def print_steps(steps: Step | list[Step], as_json: bool = False) -> None:
    """One line a step: what was made, how long it took, or that it was up to date."""
    listed = steps if isinstance(steps, list) else [steps]
    if as_json:
        print_json([step.as_dict() for step in listed] if isinstance(steps, list) else steps.as_dict())
        return
    for step in listed:
        took = "up to date" if step.fresh else f"{step.seconds:.1f} s"
        out.print(f"{step.name:<22} {step.rows:>10,} rows   {took:>10}{_remark(step)}")


def _training(details: Mapping[str, Any]) -> str:
    """How a training went; what was solved at once counts as its last epoch."""
    epochs, solved = details["epochs"], details.get("solved", [])
    if not solved:
        return f"best of {epochs} epochs: {details['best_epoch']}"
    return f"{', '.join(solved)} solved at once" + (f", the rest in {epochs - 1} epochs" if epochs > 1 else "")


def _remark(step: Step) -> str:
    details = step.details
    if "why" in details:
        return f"   {details['status']}: nothing of it was taken"
    if details.get("rejected"):
        return f"   {details['rejected']:,} rejected (see: shelver rejects)"
    if "epochs" in details:
        taken = sum(details.get("propagated", {}).values())
        labels = f"; labels: {step.rows - taken:,} by people, {taken:,} by likeness" if taken else ""
        return f"   {_training(details)}{labels}"
    if "run_id" in details:
        taken = details.get("exclusive_propagated", {}).get("train", 0)
        people = sum(details.get("exclusive_labels", {}).values()) - taken
        labels = f"; labels: {people:,} by people, {taken:,} by likeness" if taken else ""
        return f"   {details['run_id']}{labels}"
    return ""
