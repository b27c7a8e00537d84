"""What the suites share: the stand-ins as a process."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@pytest.fixture(scope="module")
def stand_in():
    binary = TARGET / "debug" / "stand_ins"
    assert binary.exists(), f"{binary} is missing: run `make build` first"
    process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(timeout=10)
