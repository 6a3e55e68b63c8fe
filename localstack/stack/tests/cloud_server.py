"""Serves an account of AWS to its tools: as much of CloudFormation, Lambda, S3, STS and Timestream
as a deployment asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import template_file
from cloud_account import ACCOUNT, CloudAccount, CloudStack, Refused

#: What an account gets that never had Timestream.
CLOSED = "Only existing Timestream for LiveAnalytics customers can access the service."


def xml(name: str, value: Any) -> str:
    """An element, in the form of AWS' query protocol."""
    if isinstance(value, dict):
        inner = "".join(xml(key, part) for key, part in value.items())
    elif isinstance(value, list):
        inner = "".join(xml("member", part) for part in value)
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def pairs(fields: dict[str, str], prefix: str, key: str, value: str) -> dict[str, str]:
    """A list of pairs in the form of AWS' query protocol, as a dictionary."""
    numbers = {name.split(".")[2] for name in fields if name.startswith(f"{prefix}.member.")}
    return {
        fields[f"{prefix}.member.{n}.{key}"]: fields.get(f"{prefix}.member.{n}.{value}", "")
        for n in numbers
    }


def described(stack: CloudStack) -> dict[str, Any]:
    """A stack as `DescribeStacks` tells it."""
    return {
        "StackName": stack.name,
        "StackId": stack.identity,
        "CreationTime": stack.events[0]["Timestamp"],
        "StackStatus": stack.status,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in stack.parameters.items()
        ],
        "Outputs": [
            {"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
    }


class Handler(BaseHTTPRequestHandler):
    """Answers one call."""

    account: CloudAccount
    lock: Lock
    protocol_version = "HTTP/1.1"

    def handle_call(self) -> None:
        """Whatever the method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        with self.lock:
            if self.headers.get("X-Amz-Target", "").startswith("Timestream"):
                kind = "com.amazonaws.timestream#AccessDeniedException"
                self.answer(400, json.dumps({"__type": kind, "message": CLOSED}))
            elif path.startswith("/2016-08-19/account-settings"):
                limit = {
                    "ConcurrentExecutions": self.account.quota,
                    "UnreservedConcurrentExecutions": self.account.unreserved,
                }
                self.answer(200, json.dumps({"AccountLimit": limit, "AccountUsage": {}}))
            elif found := re.fullmatch(r"/[-\d]+/functions/([^/]+)/concurrency", path):
                self.concurrency(found[1])
            elif path == "/" and self.command == "POST":
                self.query(dict(parse_qsl(body.decode(), keep_blank_values=True)))
            else:
                self.storage(path, body)

    do_GET = do_PUT = do_POST = do_HEAD = handle_call

    def concurrency(self, function: str) -> None:
        """What a function has reserved."""
        names = {
            f"{stack.name}-{name.lower()}"
            for stack in self.account.stacks.values()
            for name, (kind, *_) in stack.resources.items()
            if kind == "AWS::Lambda::Function"
        }
        if function not in names:
            self.answer(
                404,
                json.dumps({"message": "none"}),
                {"x-amzn-errortype": "ResourceNotFoundException"},
            )
            return
        amount = self.account.reserved.get(function)
        told = {} if amount is None else {"ReservedConcurrentExecutions": amount}
        self.answer(200, json.dumps(told))

    def storage(self, path: str, body: bytes) -> None:
        """S3."""
        if self.command == "PUT":
            self.account.objects[path] = body
            self.answer(200, "", {"ETag": '"0"'})
        elif path in self.account.objects:
            self.answer(200, self.account.objects[path])
        else:
            self.answer(404, "")

    def query(self, fields: dict[str, str]) -> None:
        """CloudFormation and STS."""
        action = fields["Action"]
        try:
            result = getattr(self, f"call_{action}")(fields)
        except Refused as refused:
            error = {"Type": "Sender", "Code": "ValidationError", "Message": refused}
            self.answer(400, xml("ErrorResponse", {"Error": error, "RequestId": "1"}))
            return
        name = f"{action}Response"
        metadata = {"RequestId": "1"}
        self.answer(200, xml(name, {f"{action}Result": result or {}, "ResponseMetadata": metadata}))

    def call_GetCallerIdentity(self, _: dict[str, str]) -> dict[str, Any]:
        """Who calls."""
        return {"Account": ACCOUNT, "UserId": "u", "Arn": f"arn:aws:iam::{ACCOUNT}:user/u"}

    def call_DescribeStacks(self, fields: dict[str, str]) -> dict[str, Any]:
        """A stack."""
        return {"Stacks": [described(self.account.find(fields["StackName"]))]}

    def call_DescribeStackEvents(self, fields: dict[str, str]) -> dict[str, Any]:
        """Its events, the newest first, a few a page."""
        events = self.account.find(fields["StackName"]).events[::-1]
        start = int(fields.get("NextToken", 0))
        page = {"StackEvents": events[start : start + 20]}
        return page | ({"NextToken": start + 20} if len(events) > start + 20 else {})

    def call_GetTemplateSummary(self, fields: dict[str, str]) -> dict[str, Any]:
        """The parameters of a deployed template."""
        given = self.account.find(fields["StackName"]).parameters
        return {"Parameters": [{"ParameterKey": key} for key in given]}

    def call_CreateChangeSet(self, fields: dict[str, str]) -> dict[str, Any]:
        """What would be deployed."""
        url = fields.get("TemplateURL")
        text = self.account.objects[urlsplit(url).path].decode() if url else fields["TemplateBody"]
        identity, stack = self.account.change(
            fields["StackName"],
            fields["ChangeSetType"],
            template_file.read(text),
            pairs(fields, "Parameters", "ParameterKey", "ParameterValue"),
            pairs(fields, "Tags", "Key", "Value"),
        )
        return {"Id": identity, "StackId": stack.identity}

    def call_DescribeChangeSet(self, fields: dict[str, str]) -> dict[str, Any]:
        """It is always complete."""
        return {"Status": "CREATE_COMPLETE", "StackName": fields["StackName"], "Changes": []}

    def call_ExecuteChangeSet(self, fields: dict[str, str]) -> dict[str, Any]:
        """Deploys it, in no time."""
        stack = self.account.find(fields["StackName"])
        identity = stack.identity.replace(":stack/", ":changeSet/")
        self.account.deploy(stack, *self.account.change_sets.pop(identity))
        if stack.name == "aws-sam-cli-managed-default":
            stack.outputs["SourceBucket"] = "artifacts"
        return {}

    def call_DeleteStack(self, fields: dict[str, str]) -> dict[str, Any]:
        """Deletes a stack, in no time."""
        self.account.delete(self.account.find(fields["StackName"]))
        return {}

    def answer(self, status: int, body: str | bytes, headers: dict[str, str] | None = None) -> None:
        """The answer."""
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def serving(account: CloudAccount) -> Iterator[str]:
    """The address of the account's AWS."""
    account.read = lambda text: template_file.read(text.decode())
    handler = type("Bound", (Handler,), {"account": account, "lock": Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
