import pytest

from shelver.config import Config
from shelver.errors import ConfigError
from shelver.tomlfile import parse


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[features.titel]\nkind = "text"', 'line 1: features.titel: products have no text field "titel"; .*"title"'),
        ('\n[features.brand]\nkind = "number"', "line 2: features.brand: products have no number field .*price"),
        ('[features.side]\nkind = "text"\ncolumn = "title"', "line 1: features.side cannot be a name"),
        ('[features."a b"]\nkind = "text"\ncolumn = "title"', "cannot be a name"),
        ('[features.v]\nkind = "vector"\ncolumns = ["titel"]', 'line 3: features.v.columns has "titel"; .*"title"'),
        ('[features.x]\nkind = "text"\n\ncolumn = "titles"', 'line 4: features.x.column: .*"titles"; .*"title"'),
        (
            '[features.title]\nkind = "text"\ncharacters = [5, 3]',
            r"line 3: features.title.characters = \[5, 3\]; expected the shortest run, then the longest",
        ),
        ('[features.title]\nkind = "text"\ncharacters = [0, 3]', "features.title.characters"),
        ('[features.title]\nkind = "text"\ntokens = "characters"\ncharacters = [3, 11]', "features.title.characters"),
        (
            '[features.title]\nkind = "text"\ntokens = "characters"\nngrams = 2',
            'line 4: features.title.ngrams needs tokens = "words"',
        ),
        (
            '[features.title]\nkind = "text"\ntokens = "characters"\nembedding = "pretrained"',
            'line 4: features.title.embedding = "pretrained" needs tokens = "words"',
        ),
    ],
)
def test_features_that_cannot_be_are_refused_where_they_stand(text, message):
    with pytest.raises(ConfigError, match=message):
        parse(text, Config, "shelver.toml")


def test_a_name_that_torch_reserves_is_a_good_name():
    config = parse('[features.type]\nkind = "categorical"\ncolumn = "category"', Config, "shelver.toml")
    assert list(config.features) == ["type"]
