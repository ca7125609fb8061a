"""Cleaners of fields with few meanings and many spellings: availability and gender, in the languages of feeds."""

from __future__ import annotations

import re
import unicodedata

from shelver.feeds.clean_text import clean_value

IN_STOCK, OUT_OF_STOCK, PREORDER, BACKORDER = "in_stock", "out_of_stock", "preorder", "backorder"
"""Availability by its names at Google Merchant."""

WOMEN, MEN, UNISEX, GIRLS, BOYS = "women", "men", "unisex", "girls", "boys"
"""Whom a product is for."""

AVAILABILITY = {
    IN_STOCK: (
        "in stock", "instock", "in-stock", "available", "available for order", "available now", "limited availability",
        "limitedavailability", "low stock", "in store only", "online only", "yes", "true", "y", "auf lager", "lagernd",
        "vorratig", "verfugbar", "sofort lieferbar", "sofort verfugbar", "lieferbar", "ja", "en stock", "disponible",
        "oui", "vrai", "en existencia", "si", "disponibile", "in magazzino", "op voorraad", "voorradig", "leverbaar",
        "beschikbaar", "em estoque", "em stock", "disponivel", "sim", "i lager", "pa lager", "pa lager nu",
        "varastossa",
        "dostepny", "w magazynie", "na stanie", "tak", "skladem", "na sklade", "raktaron", "in stoc", "stokta", "var",
        "в наличии", "есть в наличии", "в наявності", "在庫あり", "有货", "有貨", "재고 있음", "متوفر", "σε αποθεμα",
        "διαθεσιμο",
    ),
    OUT_OF_STOCK: (
        "out of stock", "outofstock", "out-of-stock", "sold out", "soldout", "not available", "unavailable",
        "not in stock", "discontinued", "no", "false", "n", "ausverkauft", "nicht auf lager", "nicht vorratig",
        "nicht verfugbar", "nicht lieferbar", "vergriffen", "nein", "en rupture de stock", "rupture de stock",
        "rupture", "hors stock", "epuise", "indisponible", "non disponible", "non", "faux", "agotado", "sin stock",
        "sin existencias", "no disponible", "esaurito", "non disponibile", "niet op voorraad", "uitverkocht",
        "niet leverbaar", "nee", "esgotado", "sem estoque", "sem stock", "indisponivel", "nao", "slut i lager",
        "slutsald", "ikke pa lager", "udsolgt", "utsolgt", "loppu", "loppunut", "niedostepny", "brak", "wyprzedane",
        "nie", "neni skladem", "vyprodano", "elfogyott", "stoc epuizat", "stokta yok", "tukendi", "yok",
        "нет в наличии", "немає в наявності", "在庫なし", "在庫切れ", "売り切れ", "缺货", "缺貨", "售罄", "품절",
        "غير متوفر",
        "εξαντληθηκε", "μη διαθεσιμο",
    ),
    PREORDER: (
        "preorder", "pre order", "presale", "pre sale", "coming soon", "vorbestellung", "vorbestellbar", "precommande",
        "en precommande", "reserva", "preventa", "preordine", "prenotazione", "pre venda", "pre encomenda",
        "forudbestilling", "forhandsbestalling", "przedsprzedaz", "предзаказ", "予約", "预售", "預購",
    ),
    BACKORDER: (
        "backorder", "back order", "on backorder", "on back order", "backordered", "available on backorder",
        "nachbestellt", "auf bestellung", "sur commande", "bajo pedido", "su ordinazione", "op bestelling",
        "na objednavku",
        "na zamowienie", "sob encomenda", "bestallningsvara", "bestillingsvare", "под заказ",
    ),
}  # fmt: skip
"""Spellings without case, accents and surplus marks, as `_key` makes them."""

GENDER = {
    WOMEN: (
        "women", "woman", "womens", "women's", "womenswear", "female", "f", "w", "ladies", "lady", "for women",
        "for her",
        "adult female", "damen", "frau", "frauen", "weiblich", "femme", "femmes", "feminin", "mujer", "mujeres",
        "femenino", "donna", "donne", "femminile", "dames", "vrouw", "vrouwen", "mulher", "mulheres", "feminino", "dam",
        "kvinna", "kvinnor", "kvinde", "kvinder", "dame", "kvinne", "kvinner", "naiset", "nainen", "damskie", "damski",
        "damska", "kobieta", "kobiety", "damske", "zena", "zeny", "zenske", "noi", "femei", "femeie", "dama", "kadin",
        "bayan", "женский", "женщины", "для женщин", "женское", "жіночий", "жінки", "女性", "レディース", "女",
        "女士", "女装",
        "여성", "نسائي", "نساء", "γυναικεια", "γυναικα", "γυναικες",
    ),
    MEN: (
        "men", "man", "mens", "men's", "menswear", "male", "m", "gentlemen", "for men", "for him", "adult male",
        "herren",
        "mann", "manner", "mannlich", "homme", "hommes", "masculin", "hombre", "hombres", "masculino", "uomo", "uomini",
        "maschile", "heren", "mannen", "homem", "homens", "herr", "herre", "herrer", "maend", "menn", "miehet",
        "mies", "meskie", "meski", "meska", "mezczyzna", "mezczyzni", "panske", "muz", "muzi", "muske", "ferfi",
        "barbati",
        "barbat", "erkek", "bay", "мужской", "мужчины", "для мужчин", "мужское", "чоловічий", "чоловіки", "男性",
        "メンズ",
        "男", "男士", "男装", "남성", "رجالي", "رجال", "ανδρικα", "ανδρας", "ανδρες",
    ),
    UNISEX: (
        "unisex", "unisexe", "uni sex", "unisex adult", "unisex adults", "adult unisex", "men women", "women men",
        "mixte",
        "damen herren", "herren damen", "femme homme", "homme femme", "hombre mujer", "mujer hombre", "uomo donna",
        "donna uomo", "dames heren", "heren dames", "male female", "female male", "унисекс", "унісекс", "ユニセックス",
        "男女兼用", "中性", "남녀공용", "للجنسين",
    ),
    GIRLS: (
        "girls", "girl", "girl's", "girls'", "madchen", "fille", "filles", "nina", "ninas", "bambina", "ragazza",
        "bambine", "meisjes", "meisje", "menina", "meninas", "flickor", "flicka", "piger", "pige", "jenter", "jente",
        "tytot", "dziewczynka", "dziewczynki", "divky", "holky", "lany", "fete", "kiz", "kiz cocuk", "девочки",
        "для девочек", "дівчатка", "女の子", "女童", "여아", "بنات", "κοριτσι",
    ),
    BOYS: (
        "boys", "boy", "boy's", "boys'", "jungen", "junge", "jungs", "garcon", "garcons", "nino", "ninos", "bambino",
        "ragazzo", "bambini maschi", "jongens", "jongen", "menino", "meninos", "pojkar", "pojke", "drenge", "dreng",
        "gutter", "gutt", "pojat", "chlopiec", "chlopcy", "chlapci", "kluci", "fiuk", "baieti", "erkek cocuk",
        "мальчики", "для мальчиков", "хлопчики", "男の子", "男童", "남아", "أولاد", "αγορι",
    ),
}  # fmt: skip
"""Spellings, as above. Single letters that mean different things (``h``, ``d``) are not among them."""

_MARKS = re.compile(r"[\s_./,;|&+-]+")
_SCHEMA = re.compile(r"^https?://schema\.org/", re.IGNORECASE)
_ACCENT = {ord("ø"): "o", ord("ł"): "l", ord("ı"): "i", ord("æ"): "ae", ord("œ"): "oe", ord("ß"): "ss", ord("đ"): "d"}


def clean_availability(text: str | None) -> str | None:
    """``in_stock``, ``out_of_stock``, ``preorder`` or ``backorder``, or else the clean text.

    A count, and yes or no in many languages, say whether any is in stock.

    Examples
    --------
    >>> [clean_availability(text) for text in ("In Stock", "https://schema.org/OutOfStock", "auf Lager", "0", "2 Tage")]
    ['in_stock', 'out_of_stock', 'in_stock', 'out_of_stock', '2 Tage']
    """
    found = clean_value(text)
    if found is None:
        return None
    if found.isascii() and found.isdigit():
        return IN_STOCK if found.strip("0") else OUT_OF_STOCK
    return _MEANT_AVAILABILITY.get(_key(_SCHEMA.sub("", found)), found)


def clean_gender(text: str | None) -> str | None:
    """``women``, ``men``, ``unisex``, ``girls`` or ``boys`` if the text says nothing else; or else the clean text.

    Examples
    --------
    >>> [clean_gender(text) for text in ("Damen", "FEMME", "male", "Homme / Femme", "Niña", "Kinder")]
    ['women', 'women', 'men', 'unisex', 'girls', 'Kinder']
    """
    found = clean_value(text)
    return None if found is None else _MEANT_GENDER.get(_key(found), found)


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_ACCENT))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).replace("’", "'")
    return _MARKS.sub(" ", letters).strip()


def _meanings(spellings: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {_key(spelling): meaning for meaning, known in spellings.items() for spelling in known}


_MEANT_AVAILABILITY = _meanings(AVAILABILITY)
_MEANT_GENDER = _meanings(GENDER)
