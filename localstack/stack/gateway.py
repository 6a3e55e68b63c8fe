"""Runs the emulator, with its gateway put right in one thing: a body that is encoded, as gzip is,
is binary whatever its type is, and goes to a function in base64. Decoded as text it would be lost.

    python gateway.py
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.app import main
from ministack.services import apigateway

is_encoded = ContextVar("is_encoded", default=False)
is_text = apigateway._v2_request_body_is_text
invoke = apigateway._invoke_lambda_proxy


def body_is_text(content_type: str | None) -> bool:
    """Whether the body of the request at hand is text."""
    return not is_encoded.get() and is_text(content_type)


async def invoke_noting(
    integration: Any,
    api: str,
    stage: str,
    path: str,
    method: str,
    headers: Mapping[str, str],
    *rest: Any,
    **named: Any,
) -> Any:
    """Has a request handled, once it is noted whether its body is encoded."""
    is_encoded.set("content-encoding" in headers)
    return await invoke(integration, api, stage, path, method, headers, *rest, **named)


apigateway._v2_request_body_is_text = body_is_text
apigateway._invoke_lambda_proxy = invoke_noting

if __name__ == "__main__":
    main()
