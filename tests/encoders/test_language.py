import itertools

import pytest

from shelver.encoders.language import ENGLISH, OTHER, TITLES, choose_encoder, language_shares

THINGS = {
    "en": ["running shoes", "winter jacket", "kitchen knife", "garden chair", "toothbrush for children", "dog food"],
    "de": ["Laufschuhe", "Winterjacke", "Küchenmesser", "Gartenstuhl", "Zahnbürste für Kinder", "Hundefutter"],
    "fr": [
        "chaussures de course",
        "veste d'hiver",
        "couteau de cuisine",
        "chaise de jardin",
        "brosse à dents pour enfants",
    ],
    "es": [
        "zapatillas de correr",
        "chaqueta de invierno",
        "cuchillo de cocina",
        "silla de jardín",
        "comida para perros",
    ],
    "nl": [
        "hardloopschoenen",
        "winterjas voor dames",
        "keukenmes",
        "tuinstoel van hout",
        "tandenborstel voor kinderen",
    ],
}
QUALITIES = {
    "en": [
        "red",
        "light",
        "with a wooden handle",
        "for men and women",
        "new and cheap",
        "of soft leather",
        "two pieces",
    ],
    "de": [
        "rot",
        "leicht",
        "mit Holzgriff",
        "für Damen und Herren",
        "neu und günstig",
        "aus weichem Leder",
        "zwei Stück",
    ],
    "fr": ["rouge", "légère", "avec manche en bois", "pour hommes et femmes", "en cuir souple", "lot de deux pièces"],
    "es": ["rojo", "ligera", "con mango de madera", "para hombre y mujer", "de cuero suave", "paquete de dos piezas"],
    "nl": ["rood", "licht", "met houten handvat", "voor heren en dames", "nieuw en goedkoop", "van zacht leer"],
}
BRANDS = ["Acme", "Borealis", "Kumo 3000", ""]


def titles(language):
    parts = itertools.product(BRANDS, THINGS[language], QUALITIES[language])
    return [" ".join(part for part in row if part) for row in parts]


@pytest.mark.parametrize("language", THINGS)
def test_the_language_of_a_catalogue(language):
    shares = language_shares(titles(language))
    assert next(iter(shares)) == language
    assert shares[language] > 0.9
    assert sum(shares.values()) == pytest.approx(1)
    assert choose_encoder(titles(language)).encoder == (ENGLISH if language == "en" else OTHER)


def test_shares_of_a_mixed_catalogue():
    english, german = titles("en") * 3, titles("de")
    truth = len(english) / (len(english) + len(german))
    assert language_shares(english + german)["en"] == pytest.approx(truth, abs=0.07)
    choice = choose_encoder(titles("en") + german)
    assert choice.encoder == OTHER
    assert set(choice.languages) >= {"en", "de"}
    assert "% of" in choice.reason


def test_order_and_repetition_change_nothing():
    rows = titles("en") + titles("fr")
    assert choose_encoder(rows) == choose_encoder(rows[::-1] * 3)


def test_of_many_titles_a_fixed_sample_is_looked_at():
    many = [f"{title} {number}" for number in range(20) for title in titles("en")]
    choice = choose_encoder(many)
    assert choice.titles == TITLES < len(many)
    assert choice == choose_encoder(many[::-1])
    assert choice.encoder == ENGLISH


@pytest.mark.parametrize("rows", [[], ["", "  "]])
def test_without_titles_english_is_taken_for_granted(rows):
    choice = choose_encoder(rows)
    assert (choice.encoder, choice.titles, choice.languages) == (ENGLISH, 0, {})


def test_a_language_that_neither_encoder_knows_is_named():
    words = [
        "sepatu lari pria",
        "jaket musim dingin wanita",
        "pisau dapur tajam",
        "kursi taman kayu",
        "sikat gigi anak",
    ]
    rows = [
        f"{word} {more}" for word in words for more in ("murah berkualitas", "warna merah", "harga grosir untuk anda")
    ]
    choice = choose_encoder(rows)
    assert choice.encoder == OTHER
    assert 'most frequent language, "' in choice.reason
