"""A workspace on an object store: the same commands, the same answers. The store is moto's server on this machine."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
from workspace_state import assert_same, rows

from shelver.catalogue.control import Control

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")

BUCKET, PREFIX = "shelver-test", "s3://shelver-test/shop"
TABLES = ("products", "rejects", "rule_labels", "predictions")


@pytest.fixture(scope="module")
def store():
    """A store with an empty bucket: the environment that leads to it, and a client."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",  # anything that leaves this machine fails
    }  # fmt: skip
    client = boto3.client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 (moto takes any)
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=BUCKET)
    yield env, client
    server.stop()


@pytest.fixture(scope="module")
def both(store, cli, new_shop, tmp_path_factory):
    """The same catalogue on the store and in a folder, everything done on both: environment, client, folder."""
    env, client = store
    folder = tmp_path_factory.mktemp("s3") / "shop"
    shutil.copytree(new_shop, folder)
    with open(folder / "feed.csv", "a") as feed:
        feed.write("t0001,Once more,Acme,1.00\n")
    settings = (folder / "shelver.toml").read_text() + f'\n[control]\nurl = "sqlite:///{folder.parent}/far.db"\n'
    for path in folder.iterdir():
        content = settings.encode() if path.name == "shelver.toml" else path.read_bytes()
        client.put_object(Bucket=BUCKET, Key=f"shop/{path.name}", Body=content)
    for place in (str(folder), PREFIX):
        cli.ok("ingest", "-w", place, env=env)
        cli.ok("label", "import", str(folder / "labels.csv"), "-w", place, env=env)
        cli.ok("run", "-w", place, env=env)
    return env, client, folder


def names(client, prefix: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


@pytest.fixture
def here(both, monkeypatch):
    """Read the store from this process too."""
    for name, value in both[0].items():
        monkeypatch.setenv(name, value)


def test_tables_are_those_of_a_folder(both, here):
    _, _, folder = both
    near = {name: rows(str(folder / f"tables/{name}.lance")) for name in TABLES}
    far = {name: rows(f"{PREFIX}/tables/{name}.lance") for name in TABLES}
    assert near["rejects"].num_rows == 1
    assert_same(far, near)


def test_runs_and_labels_are_those_of_a_folder(both):
    _, _, folder = both
    with Control(str(folder / "control.db")) as near, Control(str(folder.parent / "far.db")) as far:
        assert [(run.run_id, run.fingerprint) for run in far.runs()] == [
            (run.run_id, run.fingerprint) for run in near.runs()
        ]
        assert far.current_labels().num_rows == 120
        assert far.tree().fingerprint() == near.tree().fingerprint()


def test_small_files_are_those_of_a_folder(both):
    """Also the weights: the model learnt the same."""
    _, client, folder = both
    far = [key.removeprefix("shop/") for key in names(client, "shop/") if ".lance/" not in key and key[-1] != "/"]
    near = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    near = sorted(
        name for name in near if ".lance/" not in name and not name.startswith(("control.db", "ingesting.lock"))
    )
    assert sorted(far) == near
    for name in near:
        if name.endswith((".safetensors", ".json")) and "run.json" not in name:
            content = client.get_object(Bucket=BUCKET, Key=f"shop/{name}")["Body"].read()
            assert content == Path(folder, name).read_bytes(), name


def test_a_second_run_finds_all_fresh(both, cli):
    env, client, _ = both
    before = names(client, "shop/tables/")
    done = json.loads(cli.ok("run", "-w", PREFIX, "--json", env=env).out)
    assert [step["step"] for step in done["steps"] if not step["fresh"]] == []
    assert names(client, "shop/tables/") == before


def test_the_model_is_read_from_the_store(both, cli):
    env, _, folder = both
    near, far = (
        json.loads(cli.ok("classify", "Red leather boot", "-w", place, "--json", env=env).out)
        for place in (str(folder), PREFIX)
    )
    assert far == near


def test_a_new_delivery_on_the_store(both, cli, here):
    """The way of a table that is there already; last, as it changes both."""
    env, client, folder = both
    feed = (folder / "feed.csv").read_text().replace("t0001,Once more", "n0001,New boot")
    (folder / "feed.csv").write_text(feed)
    client.put_object(Bucket=BUCKET, Key="shop/feed.csv", Body=feed.encode())
    for place in (str(folder), PREFIX):
        cli.ok("run", "-w", place, env=env)
    assert_same(
        {name: rows(f"{PREFIX}/tables/{name}.lance") for name in TABLES},
        {name: rows(str(folder / f"tables/{name}.lance")) for name in TABLES},
    )


# --- what can go wrong


def refused(done, *expected: str) -> None:
    assert done.code == 2, f"exit {done.code}\n{done.err}"
    assert done.out == ""
    assert done.err.startswith("error: "), done.err
    assert "Traceback" not in done.err
    for text in expected:
        assert text in done.err, f"{text!r} is not in:\n{done.err}"


def test_without_a_place_for_the_control_database(store, cli, new_shop):
    env, client = store
    for path in new_shop.iterdir():
        client.put_object(Bucket=BUCKET, Key=f"bare/{path.name}", Body=path.read_bytes())
    done = cli.run("run", "-w", f"s3://{BUCKET}/bare", env=env)
    refused(done, "bare/shelver.toml: an object store cannot hold the control database", "[control] url")
    assert not [name for name in names(client, "bare/") if ".lance" in name], "nothing is written before that is clear"


def test_no_shelver_toml_there(store, cli):
    refused(cli.run("run", "-w", f"s3://{BUCKET}/nothing", env=store[0]), "no shelver.toml here", "nothing")


def test_no_such_bucket(store, cli):
    refused(cli.run("run", "-w", "s3://no-such-bucket/shop", env=store[0]), "s3://no-such-bucket/shop")


def test_no_feed_there(both, cli):
    env, client, _ = both
    settings = client.get_object(Bucket=BUCKET, Key="shop/shelver.toml")["Body"].read()
    client.put_object(Bucket=BUCKET, Key="feedless/shelver.toml", Body=settings)
    refused(cli.run("ingest", "-w", f"s3://{BUCKET}/feedless", env=env), "feed.csv: no such file")


def test_nobody_answers(store, cli):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        done = cli.run("run", "-w", PREFIX, env=store[0] | {"AWS_ENDPOINT_URL": endpoint})
    refused(done, f"{PREFIX}/shelver.toml: the object store does not answer", endpoint.rpartition(":")[2])
