"""Sends the dead letters of a deployed stack back to the queue that they came from: when what
kept them from being stored is gone. Sending one twice changes nothing."""

from __future__ import annotations

import os
import sys
import time

import boto3


def main() -> None:
    """Moves them, and tells how many there were."""
    name = os.environ.get("TIDEMARK_STACK") or "tidemark"
    formation, queues = boto3.client("cloudformation"), boto3.client("sqs")
    stack = formation.describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    source = queues.get_queue_attributes(
        QueueUrl=outputs["DeadLetterQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    queues.start_message_move_task(SourceArn=source)
    while True:
        # The latest comes first.
        task = queues.list_message_move_tasks(SourceArn=source)["Results"][0]
        if task["Status"] != "RUNNING":
            break
        time.sleep(1)
    moved = task.get("ApproximateNumberOfMessagesMoved", 0)
    print(f"{task['Status'].lower()}: {moved} messages sent back")
    if task["Status"] != "COMPLETED":
        sys.exit(task.get("FailureReason", "not all were sent"))


if __name__ == "__main__":
    main()
