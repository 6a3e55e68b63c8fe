"""Dead letters are sent back by a task of SQS, which the emulator does not have: what is asked of
it is held against the description of the service that comes with its client."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from place import REGION
from redrive import redrive

URL = "https://sqs.us-east-1.amazonaws.com/000000000000/"
ARN = "arn:aws:sqs:us-east-1:000000000000:"
SOURCE = {"SourceArn": ARN + "dead"}


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED"])
def test_redrive_waits_for_the_task_that_it_started(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    queues = boto3.client(
        "sqs", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    before = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7}

    def listed(status: str, moved: int) -> dict[str, Any]:
        return {"Results": [{"Status": status, "ApproximateNumberOfMessagesMoved": moved}, before]}

    with Stubber(queues) as stub:
        for queue in ("dead", "queue"):
            stub.add_response(
                "get_queue_attributes",
                {"Attributes": {"QueueArn": ARN + queue}},
                {"QueueUrl": URL + queue, "AttributeNames": ["QueueArn"]},
            )
        started = SOURCE | {"DestinationArn": ARN + "queue"}
        stub.add_response("start_message_move_task", {"TaskHandle": "x"}, started)
        for status, moved in [("RUNNING", 0), ("RUNNING", 1), (end, 2)]:
            stub.add_response("list_message_move_tasks", listed(status, moved), SOURCE)
        task = redrive(queues, URL + "dead", URL + "queue")
        stub.assert_no_pending_responses()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == (end, 2)
