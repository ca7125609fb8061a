from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.feeds.language import CERTAIN, LANGUAGES, NO_LANGUAGE, languages, probabilities

TITLES = {
    "en": [
        "Women's leather ankle boots with block heel",
        "Stainless steel kitchen knife set",
        "A SUMMER DRESS FOR WOMEN",
    ],
    "de": ["Damen Winterjacke mit Kapuze schwarz", "Kabellose Kopfhörer mit Geräuschunterdrückung"],
    "fr": ["Bottines en cuir pour femme à talon", "Couteau de cuisine en acier inoxydable"],
    "es": ["Auriculares inalámbricos con cancelación de ruido", "Chaqueta impermeable para niños"],
    "it": ["Giacca impermeabile per bambini", "Cuffie senza fili con cancellazione del rumore"],
    "nl": ["Draadloze koptelefoon met ruisonderdrukking", "Regenjas voor kinderen"],
    "pl": ["Słuchawki bezprzewodowe z redukcją szumów", "Koszula męska bawełniana biała"],
    "cs": ["Dámské běžecké boty a doplňky"],
    "pt": ["Fones de ouvido sem fio com cancelamento de ruído"],
    "ru": ["Женские кожаные ботинки на каблуке"],
    "uk": ["Жіночі шкіряні черевики на підборах"],
    "el": ["Γυναικεία δερμάτινα μποτάκια"],
    "ja": ["レディース レザーブーツ ブラック"],
    "zh": ["女士真皮短靴黑色"],
    "ko": ["여성 가죽 앵클 부츠 블랙"],
    "ar": ["حذاء نسائي جلد أسود"],
    "th": ["รองเท้าบูทหนังผู้หญิง"],
    None: ["Nike Air Max 90", "XJ-4411-B", "Samsung Galaxy S21 Ultra 128GB", "75192", "-"],
}


def tell(titles: list[str | None], descriptions: list[str | None] | None = None) -> list[str | None]:
    texts = [None] * len(titles) if descriptions is None else descriptions
    found: list[str | None] = languages(pa.array(titles, pa.string()), pa.array(texts, pa.string())).to_pylist()
    return found


@pytest.mark.parametrize("language", TITLES)
def test_languages_of_titles(language: str | None) -> None:
    assert tell(list(TITLES[language])) == [language] * len(TITLES[language])


def test_a_description_helps_a_title_that_is_not_sure() -> None:
    titles: list[str | None] = ["Nike Air Max 90", "Nike Air Max 90", "Damen Winterjacke mit Kapuze schwarz"]
    texts = ["Diese bequemen Schuhe sind für jeden Tag gemacht", None, "These shoes are made for walking"]
    assert tell(titles, texts) == ["de", None, "de"]


def test_there_may_be_no_text() -> None:
    assert tell([]) == []
    assert tell([None, ""], [None, "und dies ist eine Beschreibung der Ware"]) == [None, "de"]


def test_probabilities_add_up() -> None:
    codes, found = probabilities(pa.array(["Damen Winterjacke", None, "1234"]))
    assert codes == (*LANGUAGES, NO_LANGUAGE)
    assert found.shape == (3, len(codes))
    assert np.allclose(found.sum(axis=1), 1)
    assert np.allclose(found[1:], 1 / len(codes))
    assert found.dtype == np.float32
    assert 0.3 < CERTAIN < 1


WORDS = sorted({word for titles in TITLES.values() for title in titles for word in title.split()})
TEXT = st.none() | st.text(max_size=20) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_the_language_of_a_row_does_not_hang_on_other_rows(rows: list[tuple[str | None, str | None]]) -> None:
    titles, texts = [row[0] for row in rows], [row[1] for row in rows]
    singles = [tell([title], [text])[0] for title, text in rows]
    assert tell(titles, texts) == singles
    whole = pa.array(["x", *titles], pa.string()).slice(1)
    assert languages(whole, pa.array([None, *texts], pa.string()).slice(1)).to_pylist() == singles
