import pytest

from shelver.config import Config, load_config
from shelver.errors import ConfigError, RuleError
from shelver.files import Files
from shelver.tomlfile import key_lines, parse


def fault(text, error=ConfigError):
    with pytest.raises(error) as caught:
        parse(text, Config, "shelver.toml", error)
    assert type(caught.value) is error
    return caught.value


def test_good_file_is_read():
    config = parse('[[feeds]]\nname = "a"\npath = "a.csv"\n[training]\nepochs = 3\n', Config, "x")
    assert (config.feeds[0].name, config.training.epochs, config.training.batch_size) == ("a", 3, 0)


def test_not_toml_names_the_line():
    assert fault("[training]\nepochs = \nseed = 1\n").where == "shelver.toml line 2"
    assert fault("[training]\nepochs = 3\nepochs = 4\n").where == "shelver.toml line 3"
    assert fault('a = """never closed').where == "shelver.toml, at its end"


def test_unknown_key_names_its_line_and_the_nearest():
    error = fault("# a comment\n\n[training]\nepochs = 3\nbatchsize = 8\n")
    assert error.where == "shelver.toml line 5"
    assert error.what == 'unknown key "training.batchsize"'
    assert error.hint == 'did you mean "batch_size"?'


def test_unknown_key_of_one_kind_of_feature_is_not_offered_the_others_keys():
    error = fault('[features.title]\nkind = "text"\nmax_values = 3\n')
    assert error.where == "shelver.toml line 3"
    assert "max_values" in error.what
    assert "max_values" not in error.hint


def test_unknown_choice_lists_what_is_allowed():
    error = fault('[engine]\nkind = "lokal"\n')
    assert (error.where, error.hint) == ("shelver.toml line 2", 'did you mean "local"?')
    error = fault('[features]\ntitle = { kind = "txt" }\n')
    assert error.where == "shelver.toml line 2"
    assert '"txt" is not known' in error.what
    assert error.expected == "one of text, categorical, number, sequence, vector"
    assert error.hint == 'did you mean "text"?'


def test_missing_key_says_what_to_add():
    error = fault('[training]\nepochs = 1\n[[feeds]]\nname = "a"\n')
    assert error.where == "shelver.toml line 3"
    assert '"feeds.0.path" is missing' in error.what
    assert error.hint == "add a line: path = ..."


def test_value_out_of_range_shows_it():
    error = fault("[split]\nvalid = 0.5\ntest = 1.5\n")
    assert error.where == "shelver.toml line 3"
    assert "split.test (it is 1.5): input should be less than 1" in error.what


def test_all_faults_are_listed_each_with_its_line():
    error = fault('[training]\nepochs = "many"\nseeed = 1\n[engine]\nbatch_size = 0\n')
    places = sorted(line for line in ("line 2", "line 3", "line 5") if line in str(error))
    assert places == ["line 2", "line 3", "line 5"]
    assert str(error).count("also: ") == 2


def test_check_over_the_whole_file_finds_its_line():
    error = fault('[engine]\nbatch_size = 5\n[training]\nseed = 1\nmodel = "lineer"\n')
    assert error.where == "shelver.toml line 5"
    assert 'did you mean "linear"?' in error.what


def test_kind_of_error_is_the_one_asked_for():
    assert "unknown key" in fault("x = 1\n", RuleError).what


def test_key_lines_of_every_form():
    text = "\n".join(
        [
            "a = 1",  # 1
            "[t.u]",
            'b.c = "x = 1"',  # 3
            "[[list]]",
            'text = """',  # 5
            "not = a key",
            '"""',  # 7
            "[[list]]",
            '"quoted key" = 2',  # 9
            "[list.sub]",
            "d = 4",  # 11
        ]
    )
    lines = key_lines(text)
    assert lines[("a",)] == 1
    assert lines[("t", "u", "b", "c")] == 3
    assert lines[("list", 0)] == 4
    assert lines[("list", 0, "text")] == 5
    assert ("list", 0, "not") not in lines
    assert lines[("list", 1)] == 8
    assert lines[("list", 1, "quoted key")] == 9
    assert lines[("list", 1, "sub", "d")] == 11


def test_config_that_is_missing_or_not_utf8(tmp_path):
    with pytest.raises(ConfigError, match=r"no shelver\.toml here") as caught:
        load_config(Files(tmp_path))
    assert "shelver init" in caught.value.hint
    (tmp_path / "shelver.toml").write_bytes(b"# fine\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"shelver\.toml line 2: not UTF-8"):
        load_config(Files(tmp_path))


def test_fingerprint_of_a_section_follows_its_settings():
    one, other = (parse(f"[split]\nseed = {seed}\n", Config, "x").split for seed in (0, 1))
    assert one.fingerprint() == Config().split.fingerprint()
    assert one.fingerprint() != other.fingerprint()
