"""Event files are TFRecords of TensorBoard's protocol buffers."""

import struct

import pytest

from shelver.errors import ShelverError
from shelver.files import Files
from shelver.reporting import events

LOSSES = [{"exclusive": 1.5, "rule_based": 0.25}, {"exclusive": 1.25}]


def crc32c(content):
    """Slow reference: Castagnoli's polynomial, bit by bit (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(content):
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(content):
    while content:
        (size,) = struct.unpack("<Q", content[:8])
        assert struct.unpack("<I", content[8:12])[0] == masked(content[:8])
        event = content[12 : 12 + size]
        assert struct.unpack("<I", content[12 + size : 16 + size])[0] == masked(event)
        yield event
        content = content[16 + size :]


@pytest.fixture
def event():
    return pytest.importorskip("tensorboardX.proto.event_pb2", reason="the extra tensorboard is not installed").Event


def test_every_epoch_can_be_read_back(tmp_path, event):
    events.write_events(Files(tmp_path), LOSSES)
    assert events.FILE.startswith("events.out.tfevents.")
    found = [event.FromString(record) for record in records((tmp_path / events.FILE).read_bytes())]
    assert found[0].file_version == "brain.Event:2"
    assert [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in found[1:]] == [
        (1, {"validation loss/exclusive": 1.5, "validation loss/rule_based": 0.25}),
        (2, {"validation loss/exclusive": 1.25}),
    ]
    assert [e.wall_time for e in found] == sorted(e.wall_time for e in found)


def test_written_again_it_is_replaced_and_equal(tmp_path, event):
    events.write_events(Files(tmp_path), LOSSES[:1])
    events.write_events(Files(tmp_path), LOSSES)
    first = (tmp_path / events.FILE).read_bytes()
    events.write_events(Files(tmp_path), LOSSES)
    assert (tmp_path / events.FILE).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [events.FILE]


def test_times_of_epochs(tmp_path, event):
    events.write_events(Files(tmp_path), LOSSES, [100.0, 160.0])
    found = [event.FromString(record) for record in records((tmp_path / events.FILE).read_bytes())]
    assert [e.wall_time for e in found] == [100, 100, 160]
    with pytest.raises(ValueError, match="2 epochs, but 1 times"):
        events.write_events(Files(tmp_path), LOSSES, [1.0])


def test_without_the_extra_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "can_write_events", lambda: False)
    with pytest.raises(ShelverError, match=r"shelver\[tensorboard\]"):
        events.write_events(Files(tmp_path), LOSSES)
