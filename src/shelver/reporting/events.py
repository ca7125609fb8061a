"""Losses of a training as an event file that TensorBoard shows.

The file holds TFRecords (length, masked CRC-32C of the length, event, masked CRC-32C of the event) of the protocol
buffer ``Event``; both come from `tensorboardX`, which is small and needs no TensorFlow.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from shelver.errors import ShelverError
from shelver.files import Files

FILE = "events.out.tfevents.0.shelver"
INSTALL = 'pip install "shelver[tensorboard]"'


def can_write_events() -> bool:
    """Is what writes event files installed?"""
    return importlib.util.find_spec("tensorboardX") is not None


def write_events(files: Files, losses: Sequence[Mapping[str, float]], seconds: Sequence[float] = ()) -> None:
    """Write all epochs so far into one event file, whole or not at all; written again, it is replaced.

    Parameters
    ----------
    files : Files
        Folder of the events, such as ``runs/:run_id/models/:model_id/events``.
    losses : sequence of mapping of str to float
        Losses of each epoch by name, as in `shelver.training.checkpoint.History`; a name becomes the tag
        ``validation loss/NAME``.
    seconds : sequence of float
        When each epoch ended, in seconds since 1970; if not given, epochs lie a second apart from 1970 on, so that the
        same training gives the same file.

    Raises
    ------
    ShelverError
        `tensorboardX` is not installed.
    """
    if not can_write_events():
        raise ShelverError("event files need tensorboardX", where=files.prefix, hint=INSTALL)
    event = import_module("tensorboardX.proto.event_pb2").Event
    summary = import_module("tensorboardX.proto.summary_pb2").Summary
    when = list(seconds) or [float(epoch + 1) for epoch in range(len(losses))]
    if len(when) != len(losses):
        raise ValueError(f"{len(losses)} epochs, but {len(when)} times")
    records = [_record(event(wall_time=when[0] if when else 0.0, file_version="brain.Event:2"))]
    for epoch, (line, second) in enumerate(zip(losses, when, strict=True), start=1):
        values = [summary.Value(tag=f"validation loss/{name}", simple_value=loss) for name, loss in line.items()]
        records.append(_record(event(wall_time=second, step=epoch, summary=summary(value=values))))
    files.write(FILE, b"".join(records))


def _record(message: Any) -> bytes:
    """One event as a TFRecord."""
    content: bytes = message.SerializeToString()
    size = struct.pack("<Q", len(content))
    return size + _checksum(size) + content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    """CRC-32C, turned by 15 bits and shifted by a constant, as TFRecords have it."""
    crc = int(import_module("tensorboardX.crc32c").crc32c(content)) & 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
