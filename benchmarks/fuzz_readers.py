"""Damaged files by the thousand: no reader may crash, hang or lose a row without saying so.

    python benchmarks/fuzz_readers.py --inputs 100000 --jobs 2
    python benchmarks/fuzz_readers.py --inputs 2000 --only xml --seed 7 --keep failures

Half of the JSON and XML files are damaged in one product only: then all others must be found in rows or rejects. Of
delimited text and JSON lines every line must be in a row. Inputs depend on the seed alone. What fails is written to the
folder named by --keep, and the exit code is 1.

An input that takes 10 s of processor time fails. If it does so within a library, where Python cannot interrupt it,
or waits for ever, a watchdog prints where and ends the process after `HANG` seconds; then, as after a crash of the
process, the input lies in the folder named by --keep as `running-`.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

from shelver.testing.fuzz_damage import mutants
from shelver.testing.fuzz_feeds import CSV_SEEDS, check_csv
from shelver.testing.fuzz_formats import FORMATS, check_file, check_one_damaged, damaged
from shelver.testing.fuzz_texts import FRAMES, one_damaged

SHARD = 1_000
"""Inputs that a process takes at a time."""


HANG = 300.0
"""Seconds by the clock after which a process is ended."""


APART = ("parquet", "excel")
"""Readers that read in another process: what an input takes is told by the clock."""


@dataclass
class Result:
    """What became of some inputs of one reader."""

    inputs: int = 0
    refused: int = 0
    rows: int = 0
    rejects: int = 0
    slowest: float = 0.0
    failures: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, other: Result) -> None:
        """Take in another's counts."""
        self.inputs += other.inputs
        self.refused += other.refused
        self.rows += other.rows
        self.rejects += other.rejects
        self.slowest = max(self.slowest, other.slowest)
        self.failures += other.failures


def shard(kind: str, seed: int, count: int, keep: Path | None) -> Result:
    """Read `count` damaged files of one kind."""
    running = keep and keep / f"running-{kind}-{seed}"
    rng = Random(f"{kind} {seed}")  # noqa: S311 - damage need not be secret
    result = Result()
    clock = time.perf_counter if kind in APART else time.process_time
    contents = mutants(CSV_SEEDS, count, rng) if kind == "csv" else damaged(kind, count, rng)
    for number, content in enumerate(contents):
        begun = clock()
        single = kind in FRAMES and number % 2 == 1
        made = one_damaged(kind, rng) if single else content
        if running:
            running.write_bytes(made)
        faulthandler.dump_traceback_later(HANG, exit=True)
        try:
            one(kind, made, number, single, result)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__} at {where.filename}:{where.lineno}: {error}"[:300]
            result.failures.append((said, made))
        finally:
            faulthandler.cancel_dump_traceback_later()
        result.inputs += 1
        result.slowest = max(result.slowest, clock() - begun)
    if running:
        running.unlink(missing_ok=True)
    return result


def one(kind: str, content: bytes, number: int, single: bool, result: Result) -> None:
    """Read one file and count."""
    if kind == "csv":
        result.refused += not check_csv(content)
        return
    read = check_one_damaged(kind, content) if single else check_file(kind, content, number % 4 < 2)
    result.refused += bool(read.refused)
    result.rejects += sum(bool(row.reason) for row in read.rows)
    result.rows += sum(not row.reason for row in read.rows)


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2_000, help="damaged files for each reader")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("csv", *FORMATS), nargs="*", default=("csv", *FORMATS))
    parser.add_argument("--keep", type=Path, help="folder for inputs that fail")
    options = parser.parse_args()
    failed = 0
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    print(
        f"{'reader':8} {'inputs':>8} {'refused':>8} {'rows':>9} {'rejects':>9} {'slowest s':>9} {'failures':>8}",
        flush=True,
    )
    for kind in options.only:
        total = Result()
        sizes = [min(SHARD, options.inputs - start) for start in range(0, options.inputs, SHARD)]
        with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
            seeds = [options.seed * 1_000_000 + number for number in range(len(sizes))]
            for result in pool.map(shard, [kind] * len(sizes), seeds, sizes, [options.keep] * len(sizes)):
                total.add(result)
        counted = ("-", "-") if kind == "csv" else (f"{total.rows:,}", f"{total.rejects:,}")
        print(
            f"{kind:8} {total.inputs:8,} {total.refused:8,} {counted[0]:>9} {counted[1]:>9} {total.slowest:9.2f} "
            f"{len(total.failures):8}",
            flush=True,
        )
        for number, (what, content) in enumerate(total.failures):
            if number < 5:
                print("   ", what)
            if options.keep:
                (options.keep / f"{kind}-{number}").write_bytes(content)
        failed += len(total.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
