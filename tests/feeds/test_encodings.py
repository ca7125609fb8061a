from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds import encodings, utf8_stream
from shelver.feeds.byte_signs import boundary, is_utf8
from shelver.feeds.encodings import Encoding, broken, detect
from shelver.feeds.readers import read_stream
from shelver.feeds.utf8_stream import as_utf8

TEXTS = {
    "cp1252": "Lederjacke grün; Größe 42\nRobe d'été à fleurs; crème\nZapatos de niña; algodón\nskor för män\n",
    "cp1250": "Buty męskie skórzane; żółta sukienka\nkoszula z długim rękawem; spódnica łososiowa\n",
    "cp1251": "Женские туфли черные\nмужская рубашка с длинным рукавом\n",
    "koi8_r": "Женские туфли черные\nмужская рубашка с длинным рукавом\n",
    "cp1253": "Γυναικεία παπούτσια μαύρα\nανδρικό πουκάμισο με μακρύ μανίκι\n",
    "shift_jis": "レディース靴 黒 サイズ\n長袖シャツ メンズ\n子供用ジャケット 青色\n",
    "gb18030": "女鞋 黑色 真皮\n男士长袖衬衫\n儿童夹克 蓝色 新款\n",
    "big5": "女鞋 黑色 真皮\n男士長袖襯衫\n兒童夾克 藍色 新款\n",
    "euc_kr": "여성 신발 검정색\n남성 긴팔 셔츠\n어린이 재킷 파란색\n",
}


def utf8(content: bytes, setting: str = "auto") -> str:
    return as_utf8(io.BytesIO(content), encodings.given(setting, content[:100_000], "f.csv")).read().decode()


@pytest.mark.parametrize("name", TEXTS)
def test_encodings_of_scripts_are_found(name: str) -> None:
    content = ("id;title;url\n" + TEXTS[name].replace("\n", ";https://shop.example/p/1\n")).encode(name)
    assert detect(content).name == name
    assert utf8(content) == content.decode(name)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE), ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)  # fmt: skip
def test_unicode_with_and_without_mark(name: str, mark: bytes) -> None:
    text = "id;title\n1;Größe 日本\n2;𝄞\n"
    for start in (mark, b""):
        assert detect(start + text.encode(name)).name == name
        assert utf8(start + text.encode(name)) == text


@pytest.mark.parametrize("setting", ["utf-8", "UTF8", "utf-8-sig"])
def test_given_utf8_has_no_mark_left(setting: str) -> None:
    assert utf8(b"\xef\xbb\xbfid", setting) == utf8(b"id", setting) == "id"


@pytest.mark.parametrize("setting", ["utf-16", "cp1252", "latin-1", "cp037"])
def test_given_encodings(setting: str) -> None:
    assert utf8("id;Größe".encode(setting), setting) == "id;Größe"


@pytest.mark.parametrize("setting", ["klingon", "base64", "rot13"])
def test_an_encoding_that_is_none(setting: str) -> None:
    with pytest.raises(FeedError, match=f'no encoding "{setting}"'):
        encodings.given(setting, b"", "f.csv")


def test_mixed_lines_are_mended_one_by_one() -> None:
    lines = ["é,1\n".encode()] * 5 + [b"\xe9,2\n"] + ["ü,3\n".encode()] * 5 + [b"\x80,4\n"]
    stream = as_utf8(io.BytesIO(b"".join(lines)), detect(b"".join(lines)))
    assert stream.read().decode().split() == ["é,1"] * 5 + ["é,2"] + ["ü,3"] * 5 + ["€,4"]
    assert stream.mended == 2
    assert str(stream.encoding) == "UTF-8 and Windows-1252"


def test_lines_that_come_late_are_judged_by_themselves() -> None:
    head = b"id,title\n" * 10
    stream = as_utf8(io.BytesIO(TEXTS["cp1251"].encode("cp1251")), detect(head), head)
    assert stream.read().decode() == head.decode() + TEXTS["cp1251"]


def test_bytes_that_fit_nothing_stay_broken_in_their_line() -> None:
    content = "ä\n".encode() + b"\x81x\nb\n"
    lines = as_utf8(io.BytesIO(content), detect(content)).read().split(b"\n")
    assert [is_utf8(line) for line in lines] == [True, False, True, True]
    assert broken(lines[1].decode("utf-8", "surrogateescape"))
    wide = "a\nb".encode("utf-16-le") + b"\x00\xd8\n\x00c\x00"
    lines = as_utf8(io.BytesIO(wide), Encoding("utf-16-le")).read().split(b"\n")
    assert [is_utf8(line) for line in lines] == [True, False, True]


@given(
    st.lists(
        st.sampled_from([b"a", b"\n", b"\r", "é".encode(), b"\xe9", b"\x81", "日".encode(), b"\xe2\x82"]), max_size=40
    )
)
def test_the_size_of_chunks_does_not_matter(signs: list[bytes]) -> None:
    content = b"".join(signs)
    encoding = detect(content)
    found = []
    for size in (1, 3, 1 << 20):
        utf8_stream.CHUNK, before = size, utf8_stream.CHUNK
        try:
            found.append(as_utf8(io.BytesIO(content), encoding).read())
        finally:
            utf8_stream.CHUNK = before
    assert len(set(found)) == 1


@given(st.text(), st.integers(0, 5))
def test_boundary_is_after_the_last_whole_character(text: str, cut: int) -> None:
    content = text.encode("utf-8", "replace")
    content = content[: max(len(content) - cut, 0)]
    end = boundary(content)
    assert len(content) - end < 4
    content[:end].decode()


@given(st.binary(max_size=60))
def test_any_bytes_are_read(content: bytes) -> None:
    read = as_utf8(io.BytesIO(content), detect(content)).read()
    assert isinstance(read.decode("utf-8", "surrogateescape"), str)


def test_a_long_line_is_no_trouble() -> None:
    content = ("é" * 3_000_000).encode() + b"\nb\n"
    assert as_utf8(io.BytesIO(content), detect(content[:1000])).read() == content


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("setting", ["utf-16", "utf-32"])
def test_an_encoding_with_two_orders_of_bytes_needs_no_mark(name: str, setting: str) -> None:
    content = "id,title\n1,Größe\n".encode(name)
    said = encodings.given(setting, content, "f.csv")
    assert str(said).startswith(setting.upper())
    read = as_utf8(io.BytesIO(content), said).read().decode(errors="replace")
    if name.startswith(setting):
        assert read == "id,title\n1,Größe\n"


@pytest.mark.parametrize("name", ["idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "base64"])
def test_codecs_that_are_not_of_files(name: str) -> None:
    with pytest.raises(FeedError, match="there is no encoding"):
        encodings.given(name, b"id,title\n", "f.csv")
    items = b"<r><item><id>1</id><title>a</title></item><item><id>2</id><title>b</title></item></r>"
    declared = b'<?xml version="1.0" encoding="%s"?>%s' % (name.encode(), items)
    read = read_stream(io.BytesIO(declared), "f.xml", Feed(name="f", path="f.xml"))
    assert sum(len(block.lines) for block in read.batches) == 2
