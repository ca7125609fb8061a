"""The measure of guessed columns tells found, wrong, missed and invented apart."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_verdicts_and_counts(tmp_path: Path) -> None:
    for source in ("feed_formats", "feeds_real", "marketplace_samples", "magento", "retailer_feeds/raw"):
        (tmp_path / source).mkdir(parents=True)
    (tmp_path / "feed_formats" / "awin__New.csv").write_text(
        "aw_product_id,merchant_product_id,product_name,search_price,merchant_image_url,brand_name\n"
        "1,A1,Red hat,9.90,https://img.acme.example/1.jpg,Acme\n"
        "2,A2,,,,\n"
    )
    (tmp_path / "feed_formats" / "wix__Odd.csv").write_text("id,title,description,product\n1,4711,Of wool,Red hat\n")
    done = subprocess.run(
        [sys.executable, "benchmarks/feed_fields.py", "--data", str(tmp_path), "--wrong", "all"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert "2 files; every row of each a product or a reject: yes" in done.stdout
    assert ["wrong", "title", "feed_formats/wix__Odd.csv:"] in [line[:3] for line in lines]
    first = {line[0]: line[1:4] for line in reversed(lines) if len(line) == 7}
    assert first["price"] == ["1", "1", "0"]
    assert first["title"] == ["2", "1", "1"]
