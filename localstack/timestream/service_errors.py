"""The errors of the service, as it sends them.

Names and members are those of the API's model; the statuses are those of "Timestream for
LiveAnalytics specific error codes" in the developer guide (the pages of the single operations tell
400 for most, which the service does not send).
"""

from __future__ import annotations

from typing import Any

NAMESPACE = "com.amazonaws.timestream.v20181101#"


class ServiceError(Exception):
    """An error that a client is told of."""

    status = 400

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.members = members

    def body(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"__type": NAMESPACE + type(self).__name__, "Message": str(self), **self.members}


class ValidationException(ServiceError):
    """What was asked is wrong in itself."""


class QueryExecutionException(ServiceError):
    """A query that could be understood failed while it ran."""


class ResourceNotFoundException(ServiceError):
    """There is no such database or table."""

    status = 404


class ConflictException(ServiceError):
    """The database or table exists, or the query was cancelled."""

    status = 409


class RejectedRecordsException(ServiceError):
    """Some records were refused; the others are written."""

    status = 419


class InvalidEndpointException(ServiceError):
    """The call should have gone to another endpoint."""

    status = 421


class ThrottlingException(ServiceError):
    """Too many calls."""

    status = 429


class InternalServerException(ServiceError):
    """The service failed."""

    status = 500


class UnknownOperationException(ServiceError):
    """An operation that is not emulated."""


def constraint(value: Any, member: str, text: str) -> ValidationException:
    """That a member breaks a constraint of the API's model, in the service's words."""
    return ValidationException(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: {text}"
    )
