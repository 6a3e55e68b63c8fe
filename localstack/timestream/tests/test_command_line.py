"""The emulator as it is started, asked by the AWS command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent.parent
AWS = Path(sys.executable).with_name("aws")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENABLE_ENDPOINT_DISCOVERY": "false",
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of an emulator that was started."""
    with started("--folder", str(tmp_path / "log")) as address:
        yield address


@contextmanager
def started(*options: str) -> Iterator[str]:
    """Starts an emulator, and tells its address."""
    command: list[str | Path] = [sys.executable, HERE, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        try:
            yield line.removeprefix("listening on ").strip()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        assert process.stdout.read() == ""


def aws(address: str, *arguments: str) -> Any:
    """What the command line prints."""
    command = [str(AWS), "--endpoint-url", address, *arguments]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def test_the_aws_command_line(address: str, tmp_path: Path) -> None:
    """AWS CLI reference, timestream-write and timestream-query."""
    names = ("--database-name", "monitoring", "--table-name", "points")
    aws(address, "timestream-write", "create-database", *names[:2])
    aws(address, "timestream-write", "create-table", *names)
    now = time.time_ns()
    records = [
        {
            "Dimensions": [{"Name": "host", "Value": f"it's {n}"}],
            "MeasureName": "cpu",
            "MeasureValue": str(n / 4),
            "Time": str(now + n),
            "TimeUnit": "NANOSECONDS",
        }
        for n in range(3)
    ]
    written = aws(
        address, "timestream-write", "write-records", *names, "--records", json.dumps(records)
    )
    assert written["RecordsIngested"]["Total"] == 3
    records[0]["MeasureValue"] = "1"
    with pytest.raises(RuntimeError, match="RejectedRecordsException"):
        aws(address, "timestream-write", "write-records", *names, "--records", json.dumps(records))
    sql = "SELECT host, measure_value::double, to_nanoseconds(time) FROM monitoring.points"
    queried = aws(
        address,
        "timestream-query",
        "query",
        "--query-string",
        f"{sql} ORDER BY time",
        "--page-size",
        "2",
    )
    found = [[cell["ScalarValue"] for cell in row["Data"]] for row in queried["Rows"]]
    assert found == [[f"it's {n}", str(n / 4), str(now + n)] for n in range(3)]
    log = (tmp_path / "log" / "timestream.jsonl").read_text().splitlines()
    operations = [json.loads(line)["operation"] for line in log]
    assert operations[:3] == ["CreateDatabase", "CreateTable", "WriteRecords"]


def test_it_can_begin_at_another_time() -> None:
    with started("--now", "2024-01-31T00:00:00Z") as address:
        sql = "SELECT now()"
        (row,) = aws(address, "timestream-query", "query", "--query-string", sql)["Rows"]
    assert row["Data"][0]["ScalarValue"].startswith("2024-01-31 00:0")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tls-port", "0"], "--tls-port needs --cert and --key"),
        (["--now", "2024-01-31T00:00:00"], "argument --now: invalid time value"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told(options: list[str], told: str) -> None:
    done = subprocess.run([sys.executable, HERE, *options], capture_output=True, text=True)
    assert done.returncode == 2
    assert told in done.stderr
