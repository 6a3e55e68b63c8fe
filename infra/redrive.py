"""Sends the dead letters of a deployed stack back to its queue: when what kept them from being
stored is gone. Sending one twice changes nothing."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import boto3


def main() -> None:
    """Has them moved, and tells how many there were."""
    name = os.environ.get("TIDEMARK_STACK") or "tidemark"
    stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    task = redrive(boto3.client("sqs"), outputs["DeadLetterQueueUrl"], outputs["QueueUrl"])
    moved = task.get("ApproximateNumberOfMessagesMoved", 0)
    print(f"{task['Status'].lower()}: {moved} batches sent back")
    if task["Status"] != "COMPLETED":
        sys.exit(task.get("FailureReason", "not all were sent"))


def redrive(queues: Any, dead_letters: str, queue: str) -> dict[str, Any]:
    """Has SQS move what is in a dead-letter queue to a queue; tells how that went."""

    def arn(url: str) -> str:
        asked = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(asked["Attributes"]["QueueArn"])

    source = arn(dead_letters)
    # Without a destination, what somebody sent to the dead letters directly stays there.
    queues.start_message_move_task(SourceArn=source, DestinationArn=arn(queue))
    while True:
        # The latest comes first.
        task: dict[str, Any] = queues.list_message_move_tasks(SourceArn=source)["Results"][0]
        if task["Status"] not in {"RUNNING", "CANCELLING"}:
            return task
        time.sleep(1)


if __name__ == "__main__":
    main()
