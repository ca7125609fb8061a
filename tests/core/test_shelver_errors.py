import hashlib
import pickle

import pytest

from shelver.errors import ConfigError, FeedError, Reject, ShelverError, nearest, shortened
from shelver.pipeline.delivering import HeldError
from shelver.pipeline.ingest import IngestError


def test_message_says_what_where_expected_and_what_next():
    error = ConfigError("no digits", where="feed.csv line 12", expected="a number", hint="mend it")
    assert str(error) == "feed.csv line 12: no digits; expected a number\n  mend it"
    assert str(ShelverError("only this")) == "only this"


def test_errors_survive_pickle_with_their_kind_and_parts():
    error = pickle.loads(pickle.dumps(FeedError("bad", where="w", expected="e", hint="h")))  # noqa: S301 (made here)
    assert type(error) is FeedError
    assert (error.what, error.where, error.expected, error.hint) == ("bad", "w", "e", "h")
    with pytest.raises(ShelverError, match="w: bad"):
        raise error


def test_what_a_feed_says_is_shown_in_short_and_drives_no_terminal():
    error = FeedError("a" * 9_000 + "z", where="f.zip/\x1b[2J\ud800", hint="columns:\n  a\u202eb\rc")
    assert len(str(error)) < 600
    assert "f.zip/\ufffd[2J\ufffd: aaa" in str(error)
    assert str(error).endswith("aaz\n  columns:\n  a\ufffdb\ufffdc")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 (made here)
    assert shortened("ü" * 500) == "ü" * 500
    assert [len(shortened("x" * 501, most)) for most in (500, 21, 20)] == [500, 21, 20]


def test_an_error_made_of_several_leaves_nothing_out():
    told = [str(FeedError(f"bad {number} " + "x" * 400, where=f"feed {number}")) for number in range(5)]
    for kind in (IngestError, HeldError):
        assert str(kind("\n".join(told))) == "\n".join(told)
        assert "s3cret" not in str(kind("https://me:s3cret@h/x"))


def test_nearest_names_the_one_meant_or_all():
    assert nearest("adma", ["sgd", "adam"]) == 'did you mean "adam"?'
    assert nearest("xyz", ["sgd", "adam"]) == "allowed: adam, sgd"
    assert nearest("xyz", [f"n{i:02}" for i in range(20)]).endswith("n18, n19")
    assert nearest("xyz", [f"n{i:02}" for i in range(21)]).endswith("n19, ...")


def test_nearest_does_not_list_hashes():
    ids = [hashlib.sha256(word).hexdigest() for word in (b"one", b"two")]
    assert nearest("xyz", ["shop-1", ids[0][:32], ids[1][:20]]) == "allowed: shop-1"
    assert nearest("xyz", ids) == "allowed: one of 2 ids"


def test_reject_reads_as_a_sentence():
    assert str(Reject("price", "no digits in 'call us'")) == "price: no digits in 'call us'"
    assert str(Reject("", "too few columns")) == "too few columns"
