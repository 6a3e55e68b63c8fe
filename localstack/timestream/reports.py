"""Reports of rejections in the magnetic store: they come later, as objects in S3.

That they do, where to, and for which rejections is documented ("Handling rejected records" in the
developer guide). How their keys look and what is in them is not; the content is that of a record
ingestion error in "Scheduled query error reports", with records as in AWS's samples.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from databases import REGION, Table
from records import Record

#: Where the environment says that S3 is.
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
#: How long to wait before another attempt.
PAUSE_SECONDS = 1.0


class Reports:
    """Writes reports, for as long as it runs."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.written = 0
        #: Of S3, once there is something to report.
        self.client: Any = None
        self.connecting = asyncio.Lock()

    def report(self, table: Table, late: list[tuple[Record, str]], seconds: float) -> None:
        """Has records of a table reported after some time."""
        location = table.magnetic.get("MagneticStoreRejectedDataLocation", {})
        place = location.get("S3Configuration")
        if not late or place is None:
            return
        identifier = uuid.uuid4().hex.upper()
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        key = f"{REGION}/{table.database}/{table.name}/{day}/{identifier}.json"
        if place.get("ObjectKeyPrefix"):
            key = f"{place['ObjectKeyPrefix'].rstrip('/')}/{key}"
        content = json.dumps(report(identifier, late)).encode()
        task = asyncio.create_task(self.put(place["BucketName"], key, content, seconds))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def put(self, bucket: str, key: str, content: bytes, seconds: float) -> None:
        """Puts an object, when it is time, and until it is there."""
        await asyncio.sleep(seconds)
        if self.client is None and not any(map(os.environ.get, ENDPOINTS)):
            # The client would ask AWS itself.
            print(f"no report to s3://{bucket}/{key}: {ENDPOINTS[0]} is not set", file=sys.stderr)
            return
        async with self.connecting:
            if self.client is None:
                self.client = await asyncio.to_thread(connect)
        while True:
            try:
                await asyncio.to_thread(
                    self.client.put_object,
                    Bucket=bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                )
            except (BotoCoreError, ClientError) as error:
                print(f"no report to s3://{bucket}/{key} yet: {error}", file=sys.stderr)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.written += 1
                return

    async def end(self) -> None:
        """Gives up what is not written."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def connect() -> Any:
    """A client of S3, which finds it by the environment."""
    return boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def report(identifier: str, late: Iterable[tuple[Record, str]]) -> dict[str, Any]:
    """The content of a report: the records, grouped by reason."""
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for record, reason in late:
        by_reason.setdefault(reason, []).append(described(record))
    errors = [{"reason": reason, "records": found} for reason, found in by_reason.items()]
    return {"reportId": identifier, "errors": errors}


def described(record: Record) -> dict[str, Any]:
    """A record, as reports tell it."""
    given = record.given
    measures = given.get("MeasureValues")
    return {
        "dimensions": [
            {
                "name": dimension["Name"],
                "value": dimension["Value"],
                "dimensionValueType": dimension.get("DimensionValueType"),
            }
            for dimension in given["Dimensions"]
        ],
        "measureName": record.measure,
        "measureValue": given.get("MeasureValue"),
        "measureValues": measures
        and [{"name": one["Name"], "value": one["Value"], "type": one["Type"]} for one in measures],
        "measureValueType": record.type,
        "time": given["Time"],
        "timeUnit": given.get("TimeUnit", "MILLISECONDS"),
        "version": given.get("Version"),
    }
