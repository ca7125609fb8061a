from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds import rows as rows_module
from shelver.feeds.readers import read_feed
from shelver.feeds.rows import MAX_RAW, RawRow, batched
from shelver.feeds.sources import feed_digest, feed_files
from shelver.files import Files


def feed(**settings: object) -> Feed:
    return Feed.model_validate({"name": "shop", "path": "feed.csv", **settings})


def read(folder: Path, name: str, content: bytes | str, **settings: object) -> list[RawRow]:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    reader = read_feed(Files(folder), name, feed(**settings))
    return [row for block in reader.batches for row in block.rows()]


def refused(folder: Path, name: str, content: bytes | str, **settings: object) -> str:
    with pytest.raises(FeedError) as caught:
        read(folder, name, content, **settings)
    return str(caught.value)


def test_csv(tmp_path: Path) -> None:
    found = read(tmp_path, "f.csv", '\ufeffid,title\r\n1,"Red\r\nshoe"\r\n2,Hat\r\n')
    assert [row.line for row in found] == [2, 4]
    assert found[0].values == {"id": "1", "title": "Red\nshoe"}
    assert json.loads(found[1].raw) == {"id": "2", "title": "Hat"}


def test_old_mac_line_ends(tmp_path: Path) -> None:
    assert [row.line for row in read(tmp_path, "f.csv", "id,title\r1,a\r2,b\r")] == [2, 3]


def test_bad_row_has_line_reason_and_text(tmp_path: Path) -> None:
    found = read(tmp_path, "f.csv", "id,title\n1,a\n1,2,3\n2,b")
    assert found[1] == RawRow(3, {}, "1,2,3", "3 cells, header has 2")


def test_long_bad_row_is_cut(tmp_path: Path) -> None:
    found = read(tmp_path, "f.csv", "id,title\n" + "x" * 3_000_000 + "\n2,b")
    assert [row.line for row in found] == [2, 3]
    assert len(found[0].raw) < MAX_RAW + 10
    assert found[1].values["title"] == "b"


def test_header_over_two_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "f.csv", '\nid,"the\ntitle"\n1,a\n')
    assert found == [RawRow(4, {"id": "1", "the\ntitle": "a"}, '{"id": "1", "the\\ntitle": "a"}')]


def test_given_delimiter_wins(tmp_path: Path) -> None:
    assert read(tmp_path, "f.csv", "id^title\n1^a,b", delimiter="^")[0].values == {"id": "1", "title": "a,b"}


def test_tsv(tmp_path: Path) -> None:
    assert read(tmp_path, "f.tsv", "id\ttitle\n1\ta,b;c")[0].values["title"] == "a,b;c"


def test_few_nul_bytes_are_kept_for_the_cleaner(tmp_path: Path) -> None:
    assert read(tmp_path, "f.csv", "id,title\n1,a\x00b" + "c" * 100)[0].values["title"].startswith("a\x00b")  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8", "UTF8"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, "f.csv", "id,title\n1,café\n".encode(encoding), encoding=encoding)
    assert found[0].values["title"] == "café"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13"])
def test_encoding_that_is_none(tmp_path: Path, encoding: str) -> None:
    assert f'no encoding "{encoding}"' in refused(tmp_path, "f.csv", "id,title\n1,a", encoding=encoding)


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("f.csv", b"", ["f.csv: the file is empty"]),
        ("f.csv", b"\n  \n", ["nothing in the file"]),
        ("f.csv", b"id,title\n", ["a header, but no rows"]),
        ("f.csv", b'id,"title\n1,a', ["the header cannot be read", "quote"]),
        ("f.csv", b"PK\x03\x04abc", ["the zip archive is cut short"]),
        ("f.csv", b"\x1f\x8b\x08", ["the archive is cut short"]),
        ("f.csv", b"7z\xbc\xaf\x27\x1c", ["a 7-Zip archive", "unpack it"]),
        ("f.csv", bytes(257) + b"ustar" + bytes(300), ["a tar archive"]),
        ("f.csv", b"\x89PNG\r\n", ["a picture", "formats that can be read: csv, tsv, json"]),
        ("f.csv", b"\x7fELF\x02", ["a program"]),
        ("f.csv", b"%PDF-1.7", ["a PDF"]),
        ("f.csv", b"PAR1....", ["not a readable Parquet file"]),
        ("f.csv", b"<?xml version='1.0'?><rss/>", ["there are no products"]),
        ("f.csv", b"<!DOCTYPE html><html><title>Log\n in</title>", ["a web page", "Log in"]),
        ("f.csv", b"\xef\xbb\xbf <!DOCTYPE html><html>", ["a web page"]),
        ("f.csv", bytes(range(256)) * 4 + bytes(100), ["binary data"]),
        ("f.csv", bytes(range(1, 256)) * 4, ["this is binary data, not text"]),
        ("f.jsonl", b"\n\n", ["nothing in the file"]),
        ("f.jsonl", b"[{}, {}]", ["no product among the first items", "an empty JSON object"]),
        ("f.json", b"{\n 'a': 1\n}", ["no JSON that can be read", "line 2"]),
        ("f.parquet", b"PAR1 and then nonsense PAR1", ["not a readable Parquet file"]),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, parts: list[str]) -> None:
    message = refused(tmp_path, name, content)
    assert message.startswith(name)
    for part in parts:
        assert part in message


def test_wrong_delimiter_given(tmp_path: Path) -> None:
    message = refused(tmp_path, "f.csv", "id,title\n1,a", delimiter=";")
    assert 'expected columns separated by ";"' in message
    assert 'delimiter = ","' in message


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "title": "a", "price": 1.299, "tags": ["x", {"y": 1}], "new": true, "none": null}',
        "",
        '{"id": 2, "title": "b\\ud800", "late": "k"}',
    ]
    found = read(tmp_path, "f.jsonl", "\n".join(lines))
    assert [row.line for row in found] == [1, 3]
    assert found[0].values == {
        "id": "1", "title": "a", "price": "1.2990", "tags": '["x", {"y": 1}]', "new": "true", "none": None,
        "late": None,
    }  # fmt: skip
    assert found[0].raw == lines[0]
    assert found[1].values["title"] == "b\ufffd"


def test_jsonl_columns_are_all_keys_seen(tmp_path: Path) -> None:
    (tmp_path / "f.ndjson").write_text('{"id": 1}\n{"id": 2, "title": "b"}')
    assert read_feed(Files(tmp_path), "f.ndjson", feed()).columns == ("id", "title")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "a JSON list, not an object"),
        ("3", "a JSON number, not an object"),
        ("null", "a JSON null, not an object"),
        ("{}", "an empty JSON object"),
        ('{"id": ' + "9" * 5000 + "}", "a number with too many digits"),
        ('{"id": ' + "[" * 100_000 + "}", "JSON nested too deeply"),
        ('{"id": "' + "x" * 200_000 + '"}', "a value has more than"),
        ('{"id": "' + "x" * 2_000_000 + '"}', "the line has more than"),
    ],
)
def test_bad_json_lines_are_bad_rows(tmp_path: Path, line: str, reason: str) -> None:
    found = read(tmp_path, "f.jsonl", f'{{"title": "a"}}\n{line}\n{{"title": "b"}}')
    assert [bool(row.reason) for row in found] == [False, True, False]
    assert reason in found[1].reason
    assert found[1].line == 2


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2, None], pa.int64()),
            "title": pa.array(["a", None, "c"]).dictionary_encode(),
            "price": pa.array([1.299, float("nan"), 12.0]),
            "sizes": pa.array([["s", "m"], None, []], pa.list_(pa.string())),
            "bytes": pa.array([b"\xff", b"x", None], pa.binary()),
            "day": pa.array([0, 1, None], pa.date32()),
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    reader = read_feed(Files(tmp_path), "f.parquet", feed(), 2)
    assert reader.columns == tuple(table.column_names)
    batches = list(reader.batches)
    assert [len(batch) for batch in batches] == [2, 1]
    assert next(row.values for row in batches[0].rows()) == {
        "id": "1", "title": "a", "price": "1.2990", "sizes": "s, m", "bytes": "\ufffd", "day": "1970-01-01",
    }  # fmt: skip
    assert [row.values["price"] for row in batches[0].rows()] == ["1.2990", None]
    assert batches[1].lines.to_pylist() == [3]


def test_parquet_without_rows_or_cut_short(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), tmp_path / "f.parquet")
    assert "no rows" in refused(tmp_path, "f.parquet", (tmp_path / "f.parquet").read_bytes())
    pq.write_table(pa.table({"id": [str(number) for number in range(1000)]}), tmp_path / "g.parquet")
    content = (tmp_path / "g.parquet").read_bytes()
    assert "not a readable Parquet" in refused(tmp_path, "g.parquet", content[: len(content) // 2])
    broken = content[:100] + bytes(1000) + content[1100:]
    assert "not a readable Parquet" in refused(tmp_path, "g.parquet", broken)


def test_format_of_files_without_a_known_extension(tmp_path: Path) -> None:
    assert read(tmp_path, "feed", "id;title\n1;a")[0].values["title"] == "a"
    assert read(tmp_path, "feed", '{"title": "a"}')[0].values["title"] == "a"
    pq.write_table(pa.table({"title": ["a"]}), tmp_path / "p")
    assert read(tmp_path, "p", (tmp_path / "p").read_bytes())[0].values["title"] == "a"


def test_given_format_wins(tmp_path: Path) -> None:
    assert read(tmp_path, "feed.csv", '{"title": "a"}', format="jsonl")[0].values["title"] == "a"


def test_batches_are_bounded_by_rows_and_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BATCH_CHARS", 100)
    some = [RawRow(number, {}, "x" * 40) for number in range(7)]
    assert [len(batch) for batch in batched(iter(some), 4)] == [3, 3, 1]
    assert [len(batch) for batch in batched(iter(some), 2)] == [2, 2, 2, 1]


def test_sample_does_not_consume(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("id,title\n" + "1,a\n" * 5)
    reader = read_feed(Files(tmp_path), "f.csv", feed(), 2)
    assert len(reader.sample()) == 2
    assert sum(map(len, reader.batches)) == 5


def test_files_by_name_pattern_and_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    for name in ("b.csv", "a.csv", "c.tsv", "[x].csv"):
        (tmp_path / "feeds" / name).write_text("id,title\n1,a")
    files = Files(tmp_path)
    assert feed_files(files, feed(path="feeds/a.csv")) == ["feeds/a.csv"]
    (tmp_path / "feeds" / ".hidden").write_text("x")
    assert feed_files(files, feed(path="feeds")) == [f"feeds/{name}" for name in ("[x].csv", "a.csv", "b.csv", "c.tsv")]
    assert feed_files(files, feed(path="feeds/[ab].csv")) == ["feeds/a.csv", "feeds/b.csv"]
    assert feed_files(files, feed(path="**/?.tsv")) == ["feeds/c.tsv"]
    assert feed_files(files, feed(path="feeds/[x].csv")) == ["feeds/[x].csv"]
    assert feed_files(files, feed(path=f"{tmp_path}/feeds/b*.csv")) == [f"{tmp_path}/feeds/b.csv"]
    assert feed_files(files, feed(path=f"{tmp_path}/feeds/b.csv")) == [f"{tmp_path}/feeds/b.csv"]
    reader = read_feed(files, f"{tmp_path}/feeds/b.csv", feed())
    assert reader.columns == ("id", "title")


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("feeds/shap.csv", ["no such file", 'did you mean "shop.csv"?']),
        ("nowhere/shop.csv", ["no such file", "there is no folder"]),
        ("empty", ["the folder has no files"]),
        ("feeds/*.tsv", ["no file matches"]),
    ],
)
def test_files_that_are_not_there(tmp_path: Path, path: str, parts: list[str]) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "feeds" / "shop.csv").write_text("id,title\n1,a")
    with pytest.raises(FeedError) as caught:
        feed_files(Files(tmp_path), feed(path=path))
    assert str(caught.value).startswith(path)
    for part in parts:
        assert part in str(caught.value)


def test_digest_knows_content_names_and_settings(tmp_path: Path) -> None:
    files = Files(tmp_path)
    (tmp_path / "feed.csv").write_text("id,title\n1,a")
    first = feed_digest(files, feed())
    assert feed_digest(files, feed()) == first
    assert feed_digest(files, feed(max_rejects=0.9)) == first
    assert feed_digest(files, feed(merchant="m")) != first
    (tmp_path / "feed.csv").write_text("id,title\n1,b")
    assert feed_digest(files, feed()) != first


def test_feed_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for key, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(key, value)
        store = boto3.client("s3")
        store.create_bucket(Bucket="shop")
        for name in ("a.csv", "b.csv", "c.txt"):
            store.put_object(Bucket="shop", Key=f"w/feeds/{name}", Body=b"id,title\n1,a\n")
        files = Files("s3://shop/w")
        assert feed_files(files, feed(path="feeds/*.csv")) == ["feeds/a.csv", "feeds/b.csv"]
        away = feed(path="s3://shop/w/feeds/?.txt")
        assert feed_files(Files(tmp_path), away) == ["s3://shop/w/feeds/c.txt"]
        for place, path in ((files, "feeds/a.csv"), (Files(tmp_path), "s3://shop/w/feeds/c.txt")):
            found = [row for block in read_feed(place, path, feed()).batches for row in block.rows()]
            assert [row.values for row in found] == [{"id": "1", "title": "a"}]
        with pytest.raises(FeedError, match="no such file"):
            feed_files(files, feed(path="feeds/z.csv"))
    finally:
        server.stop()
