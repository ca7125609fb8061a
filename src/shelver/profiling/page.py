"""A profile as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from shelver.profiling import cards
from shelver.profiling.describe import title_of
from shelver.profiling.drift import Change
from shelver.profiling.looks import SCRIPT, STYLE
from shelver.profiling.phrasing import count, named, share
from shelver.profiling.plots import fill_map, merchant_map
from shelver.profiling.profile import Part, Profile
from shelver.profiling.suggest import Suggestion
from shelver.reporting.html import Html, join, tag

OPEN = 12
"""Merchants of a feed that are shown without asking."""


def page(
    catalogue: str,
    profile: Profile,
    suggestions: Sequence[Suggestion] = (),
    block: str = "",
    changes: Sequence[Change] = (),
    before: Profile | None = None,
) -> str:
    """Write the whole page.

    Parameters
    ----------
    catalogue : str
        Its name.
    profile : Profile
        What is shown.
    suggestions : sequence of Suggestion
        What to make of the columns.
    block : str
        The same as blocks of ``shelver.toml``.
    changes : sequence of Change
        What is different from `before`.
    before : Profile, optional
        An earlier profile of other data.
    """
    several = len(profile.parts()) > 1
    feeds = join(fill_map(profile.feeds) if several else "", *(_merchants(part) for part in profile.parts()))
    found = [
        (anchor, title, body)
        for anchor, title, body in (
            ("changes", "What has changed", cards.changes(changes, before, several)),
            ("columns", "Columns", cards.overview(profile.whole, suggestions)),
            ("features", "Suggested features", cards.features(suggestions, block)),
            ("feeds", "How full, by feed and merchant", feeds),
            ("each", "Column by column", cards.each(profile.whole, suggestions)),
            ("words", "What the words mean", cards.words()),
        )
        if body
    ]
    links = [tag("a", title, href=f"#{anchor}") for anchor, title, _ in found]
    parts = [tag("section", tag("h2", title), body, id=anchor) for anchor, title, body in found]
    navigation = tag("nav", *links, aria_label="Sections")
    main = tag("main", _head(catalogue, profile), navigation, _tiles(profile, changes, before), *parts, _foot(profile))
    allowed = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("title", _title(catalogue, profile)),
        tag("style", Html(STYLE)),
    )
    body = tag("body", main, tag("script", Html(SCRIPT)))
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n"


def _merchants(part: Part) -> Html:
    if len(part.merchants) < 2:
        return join()
    words = f"{named(len(part.merchants), 'merchant')} of {part.name}"
    return tag("details", tag("summary", words), merchant_map(part), open=len(part.merchants) <= OPEN)


def _title(catalogue: str, profile: Profile) -> str:
    return f"{catalogue}: what is in {'the products' if profile.subject == 'products' else profile.subject}?"


def _head(catalogue: str, profile: Profile) -> Html:
    when = f"Profiled {profile.created[:16].replace('T', ' ')} UTC."
    gone = f" {count(profile.gone)} products that are gone from their feed are left out." if profile.gone else ""
    words = title_of(profile.subject, profile.whole.rows, len(profile.parts()))
    words = words[:1].upper() + words[1:]
    return join(tag("h1", _title(catalogue, profile)), tag("p", f"{words}.{gone} ", tag("span", when, class_="soft")))


def _tiles(profile: Profile, changes: Sequence[Change], before: Profile | None) -> Html:
    whole = profile.whole
    filled = [column for column in whole.columns if column.filled]
    shown = [
        (count(whole.rows), "products" if profile.subject == "products" else "rows", ""),
        (f"{len(filled)}", f"of {len(whole.columns)} columns have values", ""),
    ]
    if len(profile.parts()) > 1:
        shown.insert(1, (count(len(profile.parts())), "feeds", ""))
    title = whole.column("title")
    if title is not None and title.filled:
        again = f"{count(title.repeated)} products"
        shown.append((share(title.repeated / title.filled), "share their title with another", again))
    refused = sum(column.refused for column in whole.columns)
    if refused:
        shown.append((count(refused), "values refused by cleaners", ""))
    if before is not None:
        serious = sum(change.serious for change in changes)
        shown.append((count(len(changes)), f"changes since {before.created[:10]}", f"{serious} serious"))
    made = [
        tag("div", tag("b", big), tag("span", words), tag("span", more), class_="tile") for big, words, more in shown
    ]
    return tag("div", *made, class_="tiles")


def _foot(profile: Profile) -> Html:
    return tag("footer", "Written by shelver profile. The same figures as JSON: shelver profile --json. "
               f"Made in {profile.seconds:.1f} s.")  # fmt: skip
