"""The emulator of Timestream, which the one of AWS has not, and a table in it. The template is told
of that table, as of any that there is already, and makes none."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from place import CREDENTIALS, REGION, REPOSITORY, Place
from running import Program

DATABASE, TABLE, REPORTS = "tidemark", "points", "reports"
FIRST_LINE = "listening on "


@asynccontextmanager
async def timestream(place: Place) -> AsyncIterator[Program]:
    """Runs it, with the table. The emulator of AWS, where its reports go, answers by then."""
    command = command_line(place.timestream_port)
    log = place.folder / "timestream.log"
    with Program(command, log, environment(place.emulator)) as program:
        while not program.printed().startswith(FIRST_LINE):
            program.check()
            await asyncio.sleep(0.05)
        await asyncio.to_thread(create, place.timestream, place.emulator, TABLE, REPORTS)
        yield program


def command_line(port: int) -> list[str | Path]:
    """What runs one; it refuses a query that reads more than one series."""
    emulator = REPOSITORY / "localstack/timestream"
    return [sys.executable, emulator, "--port", str(port), "--require-partition-key"]


def environment(storage: str) -> dict[str, str]:
    """What it is started with, to find the storage of its reports."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL_S3": storage,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
    }


def create(emulator: str, storage: str, table: str, reports: str, memory_hours: int = 24) -> None:
    """Creates a table as `infra/storage.yaml` does, with the bucket of its reports."""
    given: dict[str, Any] = {
        "region_name": REGION,
        "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }
    path_style = Config(s3={"addressing_style": "path"})
    boto3.client("s3", endpoint_url=storage, config=path_style, **given).create_bucket(
        Bucket=reports
    )
    is_there = Config(endpoint_discovery_enabled=False)
    client = boto3.client("timestream-write", endpoint_url=emulator, config=is_there, **given)
    if not client.list_databases()["Databases"]:
        client.create_database(DatabaseName=DATABASE)
    client.create_table(
        DatabaseName=DATABASE,
        TableName=table,
        RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": memory_hours,
            "MagneticStoreRetentionPeriodInDays": 73000,
        },
        MagneticStoreWriteProperties={
            "EnableMagneticStoreWrites": True,
            "MagneticStoreRejectedDataLocation": {
                "S3Configuration": {"BucketName": reports, "EncryptionOption": "SSE_S3"}
            },
        },
        Schema={
            "CompositePartitionKey": [
                {"Type": "DIMENSION", "Name": "series", "EnforcementInRecord": "REQUIRED"}
            ]
        },
    )
