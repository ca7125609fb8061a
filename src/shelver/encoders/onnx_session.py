"""Open a model in ONNX Runtime the way all encoders do."""

from __future__ import annotations

import os
from typing import Any

import onnxruntime as ort

CPU = ("CPUExecutionProvider",)
GPU = "CUDAExecutionProvider"
FASTEST = (GPU, "OpenVINOExecutionProvider", "CPUExecutionProvider")
"""What to run on, best first: `onnxruntime-gpu` and `onnxruntime-openvino` bring the first two."""


def open_session(model: bytes, threads: int, providers: tuple[str, ...]) -> Any:
    """Make a session.

    Parameters
    ----------
    model : bytes
        Serialised ONNX model.
    threads : int
        Threads of one call; 0: one per processor that this process may use.
    providers : tuple of str
        Wanted ones, best first; those that this ONNX Runtime lacks are passed over.

    Returns
    -------
    onnxruntime.InferenceSession
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or processors()
    options.log_severity_level = 3  # errors only
    # Waiting threads sleep: spinning would take the processors from the engine's own threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings: dict[str, dict[str, str]] = {
        GPU: {"use_tf32": "0"},
        "OpenVINOExecutionProvider": {"device_type": "CPU", "precision": "FP32"},
    }
    here = [(name, settings.get(name, {})) for name in providers if name in ort.get_available_providers()]
    return ort.InferenceSession(model, options, providers=here)


def processors() -> int:
    """Processors that this process may use; a worker of a cluster is told how many of the machine's are its own."""
    told = os.environ.get("SHELVER_PROCESSORS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
