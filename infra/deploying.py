"""Runs the command that deploys a stack. Before it, a stack whose creation failed is deleted:
CloudFormation refuses to update it, and `sam deploy` takes it for one that exists. After it, what
failed is told in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

import stack_events

#: A stack that was never deployed, and never will be: it can only be deleted. (In
#: REVIEW_IN_PROGRESS there is nothing but a change set, and `sam deploy` creates the stack.)
DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
#: What somebody has to see to: deploying cannot help, nor is it ours to decide.
STUCK = {
    "DELETE_FAILED": "it was to be deleted, and that failed; delete it, or what keeps it, first",
    "UPDATE_ROLLBACK_FAILED": "an update failed, and taking it back did; see to what is told, and "
    "then `aws cloudformation continue-update-rollback`",
}
#: A stack takes minutes to delete; that of a failed creation is nearly empty.
PATIENCE = {"Delay": 3, "MaxAttempts": 400}


def main() -> None:
    """Makes way for the stack that the first argument names; then runs the rest as a command, if
    there is a rest."""
    stack, *command = sys.argv[1:]
    try:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        formation = session.client("cloudformation")
        make_way(formation, stack)
        newest = stack_events.newest(formation, stack)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"asking AWS what is deployed: {error}")
    if not command:
        return
    try:
        status = subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        sys.exit("broken off; CloudFormation goes on with what it has begun")
    if status != 0:
        try:
            tell(formation, stack, newest)
        except (BotoCoreError, ClientError) as error:
            say(f"asking AWS what failed: {error}")
    sys.exit(status)


def make_way(formation: Any, stack: str) -> None:
    """Deletes the stack if it was never deployed; ends the program if it cannot be deployed now."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return
    status, identity = found["StackStatus"], found["StackId"]
    if status in DEAD:
        failure = stack_events.cause(formation, identity)
        reason = f", since {failure.sentence()}" if failure else ""
        say(f"the stack {stack} was never deployed ({status}){reason}")
        say("it is deleted first, as it cannot be updated")
        delete(formation, stack, identity)
    elif status in STUCK:
        failure = stack_events.cause(formation, identity)
        reason = f"\n{failure.sentence()}" if failure else ""
        sys.exit(f"the stack {stack} is {status}: {STUCK[status]}{reason}")
    elif status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        sys.exit(f"the stack {stack} is {status}: wait until that has ended, and try again")


def delete(formation: Any, stack: str, identity: str) -> None:
    """Deletes a stack, and waits for it; ends the program if it cannot be deleted."""
    formation.delete_stack(StackName=identity)
    try:
        formation.get_waiter("stack_delete_complete").wait(
            StackName=identity, WaiterConfig=PATIENCE
        )
    except WaiterError as error:
        failure = stack_events.cause(formation, identity)
        sys.exit(f"deleting the stack {stack}: {failure.sentence() if failure else error}")
    tell_kept(formation, identity)


def tell(formation: Any, stack: str, before: str | None) -> None:
    """Says what failed since an event; nothing if CloudFormation knows of nothing, as then the
    command has said it."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return
    failure = stack_events.cause(formation, found["StackId"], before)
    if failure is None:
        return
    say(f"the stack {stack} was not deployed, since {failure.sentence()}")
    if found["StackStatus"] in DEAD:
        tell_kept(formation, found["StackId"])
        say("the next ./deploy.sh aws deletes what is left of the stack first")


def tell_kept(formation: Any, identity: str) -> None:
    """Says what a creation that failed has left behind: the next one makes new ones."""
    for kept in stack_events.kept(formation, identity):
        say(f"left behind, though no stack has it any more: {kept}")


def say(text: str) -> None:
    """Tells whoever looks on, not who reads what is printed."""
    print(f"==> {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
