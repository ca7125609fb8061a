"""Encoders measured: texts and pictures per second, and cosine to float32, beside plain PyTorch in the same run.

    python benchmarks/encoders.py                                                 made-up titles and pictures
    python benchmarks/encoders.py --images pictures.zip --titles products.csv --column title

Pictures are read from their files in the time measured, by the peers too. The contestants take turns, several rounds;
the middle one counts. Absolute times belong to the machine; compare the ratios. On a machine that has other work,
PyTorch's threads wait for each other: be fair to it with one processor for all, ``taskset -c 0 python ...``.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
from plain_torch import PlainLite, PlainMiniLM

from shelver.encoders import ENCODERS, load_encoder
from shelver.encoders.onnx_session import processors
from shelver.encoders.picture_stage import fault
from shelver.encoders.pictures import ENDINGS
from shelver.testing.encoders import WORDS
from shelver.testing.pictures import product_pictures

Encode = Callable[[Sequence[Any]], np.ndarray]
VARIANTS = ("lite2", "lite0")
REFERENCES = {"minilm": "minilm, plain PyTorch", "minilm-int8": "minilm, plain PyTorch"}
for _variant in VARIANTS:
    for _tier in ("", "-int8"):
        REFERENCES[f"efficientnet-{_variant}{_tier}"] = f"efficientnet-{_variant}, plain PyTorch"
"""Encoder → the peer with the same weights."""


def read_titles(options: argparse.Namespace) -> list[str]:
    """Titles of the user's file, or made-up ones."""
    if not options.titles:
        rng = np.random.default_rng(0)
        return [" ".join(rng.choice(WORDS, rng.integers(2, 13))) for _ in range(options.texts)]
    csv.field_size_limit(1 << 24)
    with open(options.titles, encoding="utf-8", newline="") as stream:
        titles = [row[options.column] for row in csv.DictReader(stream) if row.get(options.column)]
    return spread(titles, options.texts)


def read_pictures(options: argparse.Namespace) -> list[bytes]:
    """Pictures of the user's zip that can be read, or made-up ones."""
    if not options.images:
        return product_pictures(options.pictures)
    with ZipFile(options.images) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(ENDINGS))
        contents = [archive.read(name) for name in spread(names, options.pictures)]
    return [content for content in contents if not fault(content)]


def spread(items: list[Any], count: int) -> list[Any]:
    """About `count` of the items, evenly spread."""
    return items[:: max(1, len(items) // count)][:count]


def contestants(names: Sequence[str]) -> tuple[dict[str, Encode], dict[str, Encode]]:
    """Of texts, and of pictures; the peers first."""
    texts: dict[str, Encode] = {"minilm, plain PyTorch": PlainMiniLM().encode}
    pictures: dict[str, Encode] = {
        f"efficientnet-{variant}, plain PyTorch": PlainLite(load_encoder(f"efficientnet-{variant}")).encode
        for variant in VARIANTS
    }
    for name in names:
        encoder = load_encoder(name)
        (texts if encoder.modality == "text" else pictures)[name] = encoder.encode
    return texts, pictures


def measure(encoders: dict[str, Encode], contents: Sequence[Any], rounds: int) -> list[dict[str, Any]]:
    """Contents per second and cosines, of all encoders."""
    vectors = {name: encode(contents[:64]) for name, encode in encoders.items()}  # weights are read, too
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(rounds):
        for name, encode in encoders.items():
            begun = time.perf_counter()
            vectors[name] = encode(contents)
            seconds[name].append(time.perf_counter() - begun)
            print(f"{name}: {seconds[name][-1]:.2f} s", file=sys.stderr)
    rows = []
    for name in encoders:
        peer = REFERENCES.get(name)
        row: dict[str, Any] = {"name": name, "dims": vectors[name].shape[1]}
        row["per_second"] = len(contents) / median(seconds[name])
        row["seconds"] = [round(each, 3) for each in seconds[name]]
        if peer:
            cosines = (vectors[name] * vectors[peer]).sum(axis=1)
            row["times_peer"] = median(seconds[peer]) / median(seconds[name])
            row["cosine_mean"], row["cosine_min"] = float(cosines.mean()), float(cosines.min())
            row["cosine_1_percent"] = float(np.quantile(cosines, 0.01))
        rows.append(row)
    return rows


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print a table."""
    print(f"\n{title:36} {'per second':>10} {'× peer':>7} {'cosine: mean':>13} {'1 %':>7} {'min':>7}")
    for row in rows:
        keys = ("cosine_mean", "cosine_1_percent", "cosine_min")
        mean, low, least = (f"{row[key]:.4f}" if key in row else "" for key in keys)
        ratio = f"{row['times_peer']:.1f}" if "times_peer" in row else ""
        print(f"{row['name']:36} {row['per_second']:10,.0f} {ratio:>7} {mean:>13} {low:>7} {least:>7}")


def main() -> None:
    """Measure, print tables, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", default="", help="zip with pictures; else made-up ones")
    parser.add_argument("--titles", default="", help="CSV file with titles; else made-up ones")
    parser.add_argument("--column", default="title", help="its column")
    parser.add_argument("--pictures", type=int, default=256, help="how many")
    parser.add_argument("--texts", type=int, default=2000, help="how many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="names of encoders; else all that are built in")
    parser.add_argument("--json", default="", help="file to write figures to")
    options = parser.parse_args()
    unknown = set(options.only) - set(ENCODERS)
    if unknown:
        sys.exit(f"no encoder {sorted(unknown)[0]!r}; there are {', '.join(ENCODERS)}")
    torch.set_num_threads(processors())
    texts, pictures = contestants(options.only or list(ENCODERS))
    titles, files = read_titles(options), read_pictures(options)
    found = {
        "machine": f"{platform.machine()}, {processors()} processors",
        "texts": measure(texts, titles, options.rounds),
        "pictures": measure(pictures, files, options.rounds),
    }
    print(f"{found['machine']}; {options.rounds} rounds, the middle one")
    show(f"{len(titles):,} texts", found["texts"])
    show(f"{len(files):,} pictures", found["pictures"])
    if options.json:
        with open(options.json, "w", encoding="utf-8") as stream:
            json.dump(found, stream, indent=1)


if __name__ == "__main__":
    main()
