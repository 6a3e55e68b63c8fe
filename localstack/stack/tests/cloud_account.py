"""An account of AWS as a deployment meets it: its quota of concurrency, and what CloudFormation
makes of a template that asks for more. Nothing runs in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"
NESTED = "AWS::CloudFormation::Stack"
#: What Lambda wants left without a reservation, and what it says of its minimum in an account that
#: has less in all (as reported of accounts with quotas of 10 and 50).
LEFT = 100
REFUSAL = (
    'Resource handler returned message: "Specified ReservedConcurrentExecutions for function '
    "decreases account's UnreservedConcurrentExecution below its minimum value of [{least}]. "
    '(Service: Lambda, Status Code: 400, Request ID: 3b0f) (SDK Attempt Count: 1)" '
    "(RequestToken: 7c1d, HandlerErrorCode: InvalidRequest)"
)


class Refused(Exception):
    """CloudFormation refuses a call."""


class Failed(Exception):
    """A resource cannot be made."""


@dataclass
class CloudStack:
    """A stack, as CloudFormation describes it."""

    name: str
    identity: str
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    #: What it has, by logical id: type, physical id, deletion policy.
    resources: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    #: The newest last.
    events: list[dict[str, str]] = field(default_factory=list)


@dataclass
class CloudAccount:
    """The account."""

    #: How many functions may run at once.
    quota: int = 10
    #: What cannot be made, by its logical id, and why.
    broken: Mapping[str, str] = field(default_factory=dict)
    #: What is uploaded, by its path.
    objects: dict[str, bytes] = field(default_factory=dict)
    #: All that there ever were, by their ids.
    stacks: dict[str, CloudStack] = field(default_factory=dict)
    #: What templates and parameters change sets would deploy, by their names.
    change_sets: dict[str, tuple[dict[str, Any], dict[str, str]]] = field(default_factory=dict)
    #: Reservations by the names of functions.
    reserved: dict[str, int] = field(default_factory=dict)
    #: Tables that are there, by their physical ids.
    tables: set[str] = field(default_factory=set)
    #: Those of them that may not be deleted.
    protected: set[str] = field(default_factory=set)
    #: Templates by their addresses.
    read: Callable[[bytes], dict[str, Any]] = field(default=lambda _: {})
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    made: int = 0

    @property
    def unreserved(self) -> int:
        """What is left for functions without a reservation."""
        return self.quota - sum(self.reserved.values())

    def find(self, name: str) -> CloudStack:
        """A stack by its id, or one that is there by its name."""
        for stack in self.stacks.values():
            if name == stack.identity or (name == stack.name and stack.status != "DELETE_COMPLETE"):
                return stack
        raise Refused(f"Stack with id {name} does not exist")

    def begin(self, name: str, tags: dict[str, str]) -> CloudStack:
        """A stack that has nothing yet."""
        self.made += 1
        place = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{self.made:08}"
        stack = CloudStack(name, place, "REVIEW_IN_PROGRESS", tags=tags)
        self.stacks[place] = stack
        return stack

    def change(
        self, name: str, kind: str, template: dict[str, Any], given: dict[str, str], tags: Any
    ) -> tuple[str, CloudStack]:
        """Makes a change set, of a stack that is there or not, as its kind wants it."""
        try:
            stack = self.find(name)
        except Refused:
            if kind == "UPDATE":
                raise
            stack = self.begin(name, tags)
            self.tell(stack, name, NESTED, stack.identity, "REVIEW_IN_PROGRESS", "User Initiated")
        if kind == "UPDATE" and stack.status.startswith("ROLLBACK"):
            raise Refused(
                f"Stack:{stack.identity} is in {stack.status} state and can not be updated."
            )
        if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
            raise Refused(f"Stack [{name}] already exists and cannot be created again")
        identity = stack.identity.replace(":stack/", ":changeSet/")
        self.change_sets[identity] = template, given
        return identity, stack

    def deploy(self, stack: CloudStack, template: dict[str, Any], given: dict[str, str]) -> bool:
        """Creates a stack or updates it; takes it back if something cannot be made."""
        verb = "UPDATE" if stack.resources else "CREATE"
        defaults = {n: str(p.get("Default", "")) for n, p in template.get("Parameters", {}).items()}
        stack.parameters = defaults | given
        self.own(stack, f"{verb}_IN_PROGRESS", "User Initiated")
        resolver = Resolver(template, stack.parameters)
        already = set(stack.resources)
        wanted = [(n, r) for n, r in template["Resources"].items() if resolver.is_made(r)]
        for place, (name, resource) in enumerate(wanted):
            kind = resource["Type"].replace("Serverless", "Lambda")
            there = stack.resources.get(name)
            physical = there[1] if there else f"{stack.name}-{name}-{self.made:08}"
            self.tell(stack, name, kind, "", f"{verb}_IN_PROGRESS", "")
            try:
                physical = self.make(stack, name, resource, resolver) or physical
            except Failed as failed:
                inner, reason = failed.args
                self.tell(stack, name, kind, inner, f"{verb}_FAILED", reason)
                for other, _ in wanted[place + 1 : place + 3]:
                    self.tell(
                        stack,
                        other,
                        "AWS::SQS::Queue",
                        "",
                        f"{verb}_FAILED",
                        f"Resource {'creation' if verb == 'CREATE' else 'update'} cancelled",
                    )
                self.take_back(stack, verb, already, name)
                return False
            stack.resources[name] = kind, physical, resource.get("DeletionPolicy", "Delete")
            if kind == "AWS::DynamoDB::Table":
                self.tables.add(physical)
                properties = resource.get("Properties", {})
                if resolver.value(properties.get("DeletionProtectionEnabled")):
                    self.protected.add(physical)
                else:
                    self.protected.discard(physical)
            self.tell(stack, name, kind, physical, f"{verb}_COMPLETE", "")
        stack.outputs = {name: f"the {name}" for name in template.get("Outputs", {})}
        self.own(stack, f"{verb}_COMPLETE", "")
        return True

    def make(
        self, stack: CloudStack, name: str, resource: dict[str, Any], resolver: Resolver
    ) -> str | None:
        """Makes a resource; its physical id, if it has one of its own."""
        if name in self.broken:
            raise Failed("", self.broken[name])
        properties = resource.get("Properties", {})
        if resource["Type"] == NESTED:
            address = properties["TemplateURL"].partition("/artifacts")[2]
            template = self.read(self.objects[f"/artifacts{address}"])
            there = stack.resources.get(name)
            inner = self.stacks[there[1]] if there else self.begin(f"{stack.name}-{name}", {})
            given = {n: str(resolver.value(v)) for n, v in properties["Parameters"].items()}
            if not self.deploy(inner, template, given):
                reason = f"Embedded stack {inner.identity} was not successfully created: "
                raise Failed(inner.identity, f"{reason}The following resource(s) failed")
            return inner.identity
        wanted = resolver.value(properties.get("ReservedConcurrentExecutions"))
        if wanted is not None:
            function = f"{stack.name}-{name.lower()}"
            held = self.reserved.get(function, 0)
            if self.unreserved + held - int(wanted) < LEFT:
                raise Failed("", REFUSAL.format(least=min(self.quota, LEFT)))
            self.reserved[function] = int(wanted)
        return None

    def take_back(self, stack: CloudStack, verb: str, already: set[str], failed: str) -> None:
        """Deletes what a failed operation made, but for what is to be retained even so."""
        prefix = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
        self.own(stack, f"{prefix}_IN_PROGRESS", f"The following resource(s) failed: [{failed}].")
        for name in [name for name in reversed(stack.resources) if name not in already]:
            self.remove(stack, name, {"Retain"})
        self.own(stack, f"{prefix}_COMPLETE", "")

    def delete(self, stack: CloudStack) -> None:
        """Deletes a stack, but for what outlives it."""
        self.own(stack, "DELETE_IN_PROGRESS", "User Initiated")
        for name in list(reversed(stack.resources)):
            self.remove(stack, name, {"Retain", "RetainExceptOnCreate"})
        self.own(stack, "DELETE_COMPLETE", "")

    def remove(self, stack: CloudStack, name: str, retaining: set[str]) -> None:
        """Deletes a resource, unless its policy is one of these."""
        kind, physical, policy = stack.resources.pop(name)
        if policy in retaining:
            self.tell(stack, name, kind, physical, "DELETE_SKIPPED", "")
            return
        if kind == NESTED:
            inner = self.stacks[physical]
            self.own(inner, "DELETE_IN_PROGRESS", "")
            for within in list(reversed(inner.resources)):
                self.remove(inner, within, retaining)
            self.own(inner, "DELETE_COMPLETE", "")
        if physical in self.protected:
            reason = "Resource cannot be deleted as it is currently protected against deletion"
            self.tell(stack, name, kind, physical, "DELETE_FAILED", reason)
            return
        self.tables.discard(physical)
        self.reserved.pop(f"{stack.name}-{name.lower()}", None)
        self.tell(stack, name, kind, physical, "DELETE_COMPLETE", "")

    def own(self, stack: CloudStack, status: str, reason: str) -> None:
        """An event of the stack itself, which is its status."""
        stack.status = status
        self.tell(stack, stack.name, NESTED, stack.identity, status, reason)

    def tell(
        self, stack: CloudStack, name: str, kind: str, physical: str, status: str, reason: str
    ) -> None:
        """An event. Each is later than the one before, as the tools go by the time."""
        self.moment = max(self.moment + timedelta(milliseconds=2), datetime.now(UTC))
        event = {
            "StackId": stack.identity,
            "EventId": f"{name}-{len(stack.events):05}",
            "StackName": stack.name,
            "LogicalResourceId": name,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": self.moment.isoformat(timespec="milliseconds"),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }
        stack.events.append({key: value for key, value in event.items() if value})


class Resolver:
    """What a template makes of its parameters, as far as a deployment depends on it."""

    def __init__(self, template: dict[str, Any], given: dict[str, str]) -> None:
        self.conditions = template.get("Conditions", {})
        self.given = given

    def is_made(self, resource: dict[str, Any]) -> bool:
        """Whether a resource's condition holds."""
        return "Condition" not in resource or self.holds(resource["Condition"])

    def holds(self, condition: Any) -> bool:
        """Whether a condition does."""
        if isinstance(condition, str):
            return self.holds(self.conditions[condition])
        ((name, parts),) = condition.items()
        match name.removeprefix("Fn::"):
            case "Condition":
                return self.holds(parts)
            case "Equals":
                return bool(self.value(parts[0]) == self.value(parts[1]))
            case "Not":
                return not self.holds(parts[0])
            case "And":
                return all(map(self.holds, parts))
            case "Or":
                return any(map(self.holds, parts))
        raise ValueError(name)

    def value(self, part: Any) -> Any:
        """A value; of what only AWS knows a text that stands for it."""
        if not isinstance(part, dict):
            return part
        ((name, inner),) = part.items()
        match name.removeprefix("Fn::"):
            case "Ref":
                return None if inner == "AWS::NoValue" else self.given.get(inner, f"the {inner}")
            case "If":
                return self.value(inner[1] if self.holds(inner[0]) else inner[2])
        return f"the {inner}"
