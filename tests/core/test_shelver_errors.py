import hashlib
import pickle

import pytest

from shelver.errors import ConfigError, FeedError, Reject, ShelverError, nearest


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
