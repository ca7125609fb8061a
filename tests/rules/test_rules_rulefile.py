import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shelver.config import TEXT_FIELDS
from shelver.errors import RuleError
from shelver.files import Files
from shelver.rules import Range, Rule, RuleSet, Words, dump_rules, parse_rules, read_rules

GOOD = """# ours
[[rule]]
id = "sandals"
category = "Shoes > Sandals"
title.any = ["sandal", "flip flop"]
title.not = "toy"

[[rule]]
category = "Shoes > Sandals"
brand.equals = ["Birkenstock"]
feed_category.regex = 'sandals?$'
price.min = 10
price.max = 200.5
"""


def test_a_good_file():
    rules = parse_rules(GOOD)
    assert [rule.id for rule in rules.rules] == ["sandals", "shoes-sandals"]
    assert rules.rules[0].title == Words(any=("sandal", "flip flop"), none=("toy",))
    assert rules.lines == (2, 8)
    assert rules.place(1) == "rules.toml line 8"
    assert len(parse_rules("")) == 0


def test_sentences():
    one, two = parse_rules(GOOD).rules
    assert one.sentence() == 'title contains "sandal" or "flip flop" but not "toy"'
    assert two.sentence() == (
        'brand is "Birkenstock", and feed_category matches /sandals?$/, and price is between 10.0 and 200.5'
    )
    rule = Rule(category="c", title=Words(any=("a",), all=("b", "c")), text=Words(none=("d", "e")), price=Range(min=3))
    assert rule.sentence() == (
        'title contains "a" and also contains "b" and "c", and any text does not contain "d" or "e", '
        "and price is at least 3.0"
    )
    assert Rule(category="c", price=Range(max=3)).sentence() == "price is at most 3.0"


def test_every_text_field_has_a_key():
    keys = {"feed_category" if field == "category" else field for field in TEXT_FIELDS}
    assert set(Rule.model_fields) == keys | {"id", "category", "text", "price"}


def test_ids_are_made_from_the_category_and_never_taken_twice():
    words = Words(any=("x",))
    ids = ["", "", "shoes-2", "", ""]
    categories = ["Shoes", "Shoes", "Hats", "Café & Thé", ">>"]
    rules = RuleSet(tuple(Rule(id=i, category=c, title=words) for i, c in zip(ids, categories, strict=True)))
    assert [rule.id for rule in rules.rules] == ["shoes", "shoes-3", "shoes-2", "cafe-the", "rule"]


def test_fingerprint_is_of_the_rules_and_their_order():
    rules = parse_rules(GOOD)
    assert rules.fingerprint() == parse_rules("\n\n" + GOOD, "other.toml").fingerprint()
    assert rules.fingerprint() != parse_rules(GOOD.replace("toy", "toys")).fingerprint()
    assert rules.fingerprint() != RuleSet(rules.rules[::-1]).fingerprint()


HEAD = '[[rule]]\ncategory = "c"\n'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[[rule]\n", ["line 1", "not valid TOML"]),
        ("[[rule]]\ntitle.any = ['a']\n", ["line 1", '"rule.0.category" is missing']),
        (HEAD + "titel.any = ['a']\n", ["line 3", "rule.0.titel", 'did you mean "title"?']),
        (HEAD + "title.al = ['a']\n", ["line 3", "rule.0.title.al", 'did you mean "all"?']),
        (HEAD + "price.mni = 3\n", ["line 3", "rule.0.price.mni", 'did you mean "min"?']),
        ("[[rules]]\n", ["line 1", "rules", 'did you mean "rule"?']),
        (HEAD, ["line 1", "no positive condition"]),
        (HEAD + "title.not = ['a']\n", ["line 1", "no positive condition"]),
        (HEAD + "title = {}\n", ["line 3", "no condition"]),
        (HEAD + "title.any = []\n", ["line 3", "no condition"]),
        (HEAD + "title.any = [1]\n", ["line 3", "valid string"]),
        (HEAD + "title.any = 1\n", ["line 3", "title.any"]),
        (HEAD + "title.any = ['a', '']\n", ["line 3", "empty pattern"]),
        (HEAD + "title.any = ['a*b']\n", ["line 3", "star inside"]),
        (HEAD + "title.equals = ' '\n", ["line 3", "empty value"]),
        (HEAD + "title.any = ['a']\nbrand.regex = '('\n", ["line 4", "not a regular expression"]),
        (HEAD + "price = {}\n", ["line 3", "no condition"]),
        (HEAD + "price.min = 3\nprice.max = 2\n", ["line 3", "min 3 is above max 2"]),
        (HEAD + "price.min = nan\n", ["line 3", "finite"]),
        (HEAD + "price.min = 'cheap'\n", ["line 3", "valid number"]),
        ("[[rule]]\ncategory = ''\ntitle.any = ['a']\n", ["line 2", "at least 1 character"]),
        (
            f"{HEAD}id = 'a'\ntitle.any = ['a']\n{HEAD}id = 'a'\ntitle.any = ['b']\n",
            ["line 7", 'rule.1.id = "a" is already the id of rule.0'],
        ),
        (HEAD + "title.any = ['']\nbrand.regex = '['\n", ["line 3", "also: ", "line 4"]),
    ],
)
def test_bad_files_say_where_and_what(text, parts):
    with pytest.raises(RuleError) as caught:
        parse_rules(text)
    for part in ["rules.toml", *parts]:
        assert part in str(caught.value)


def test_two_rules_with_one_id_are_refused_in_python_too():
    rule = Rule(id="a", category="c", title=Words(any=("x",)))
    with pytest.raises(RuleError, match='two rules have the id "a"'):
        RuleSet((rule, rule))
    with pytest.raises(ValueError, match="3 lines for 1 rules"):
        RuleSet((rule,), lines=(1, 2, 3))
    with pytest.raises(ValidationError):
        Words()


def test_reading_files(tmp_path):
    files = Files(tmp_path)
    files.write("rules.toml", GOOD)
    assert len(read_rules(files, "rules.toml")) == 2
    with pytest.raises(RuleError, match="no such rules file"):
        read_rules(files, "other.toml")
    files.write("latin.toml", b"# a\n# caf\xe9\n")
    with pytest.raises(RuleError, match=r"latin.toml line 2: not UTF-8"):
        read_rules(files, "latin.toml")


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
patterns = st.lists(texts.filter(lambda text: "*" not in text and "＊" not in text and text.strip()), max_size=3)


def _readable(**values):
    try:
        return Words(**values)
    except ValidationError:
        return None


words = st.builds(_readable, any=patterns, all=patterns, none=patterns, equals=patterns, regex=texts | st.just(""))
numbers = st.floats(allow_nan=False, allow_infinity=False)
ranges = st.tuples(numbers, numbers).map(sorted).map(lambda pair: Range(min=pair[0], max=pair[1])) | st.builds(
    Range, min=numbers
)


@st.composite
def rules_(draw):
    made = []
    for number in range(draw(st.integers(0, 3))):
        fields = draw(st.dictionaries(st.sampled_from(["title", "feed_category", "colour", "text"]), words, max_size=3))
        name = draw(st.just("") | texts.map(lambda text, number=number: f"{number}{text}"))
        price = draw(st.none() | ranges)
        if price is None and not any(word and word.positive for word in fields.values()):
            price = Range(min=1)
        made.append(Rule(id=name, category=draw(texts), price=price, **fields))
    return RuleSet(tuple(made))


@settings(max_examples=60, deadline=None)
@given(rules_())
def test_what_is_written_is_read_back(rules):
    text = dump_rules(rules)
    again = parse_rules(text)
    assert again.rules == rules.rules
    assert again.fingerprint() == rules.fingerprint()
    assert dump_rules(again) == text
    heads = [number for number, line in enumerate(text.splitlines(), start=1) if line == "[[rule]]"]
    assert list(again.lines) == heads
