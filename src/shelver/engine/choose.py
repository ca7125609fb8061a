"""The one place that decides where stages run. Daft has one runner for a whole process, so a process has one engine."""

from __future__ import annotations

import threading
from typing import Any

import daft

from shelver.config import Engine
from shelver.engine.local import Local
from shelver.engine.work import Runner
from shelver.errors import ConfigError

_LOCK = threading.Lock()
_chosen: dict[tuple[str, str], Runner] = {}
"""At most one: the engine of this process."""


def choose(engine: Engine) -> Runner:
    """The runner that the settings ask for; connected to on first use.

    Raises
    ------
    ConfigError
        The process runs another engine already, Ray is not installed, or its cluster cannot be reached.
    """
    wanted = (engine.kind, engine.address if engine.kind == "ray" else "")
    with _LOCK:
        if wanted not in _chosen:
            _refuse_another(wanted)
            _chosen[wanted] = _start(engine)
        return _chosen[wanted]


def _start(engine: Engine) -> Runner:
    if engine.kind == "ray":
        try:
            import ray  # noqa: F401, PLC0415  (an extra)
        except ImportError as error:
            raise ConfigError(
                "Ray is not installed",
                where="[engine]",
                hint='install it: pip install "shelver[ray]", or choose kind = "local"',
            ) from error
        from shelver.engine.cluster import connect  # noqa: PLC0415

        return connect(engine.address)
    if daft.runners._get_runner() is None:
        daft.set_runner_native()
    return Local()


def _refuse_another(wanted: tuple[str, str]) -> None:
    runner: Any = daft.runners._get_runner()
    used = next(iter(_chosen), None)
    if used is None and runner is not None and runner.name != ("native" if wanted[0] == "local" else "ray"):
        used = ("local" if runner.name == "native" else "ray", "")
    if used is not None:
        raise ConfigError(
            f"this process uses the engine {_words(used)} already, so it cannot use {_words(wanted)}",
            where="[engine]",
            hint="Daft has one runner for a process: use the other engine in a process of its own",
        )


def _words(used: tuple[str, str]) -> str:
    return " at ".join(part for part in used if part)
