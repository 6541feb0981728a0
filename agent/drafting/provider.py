"""The way to a language model: LangChain's chat model on any OpenAI-compatible address, and what its failures mean.

Everything here that imports a provider's library does so when it is called: without the extra ``model`` nothing else breaks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from retrieval.errors import InputError

if TYPE_CHECKING:
    import httpx2
    from langchain_core.language_models import BaseChatModel
    from langchain_openai import ChatOpenAI
    from openai import OpenAI

    from agent.settings import Drafting

INSTALL = "the model drafter needs its extra: pip install 'enishi[model]'"
Connect = Callable[[], AbstractAsyncContextManager["BaseChatModel"]]
"""Opens a chat model for the length of one event loop."""
Answering = Callable[[Mapping[str, str], bytes], tuple[int, Any]]
"""Headers and body of a request → status and JSON of its answer, without a network; raises Unanswered where there is none."""
_RETRIED = frozenset({"timeout", "unreachable", "rate_limited", "server_error"})
_NOT_AN_ANSWER = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What the library raises when what came back is no answer of a chat model at all."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: an outcome, what the provider calls it, and how long it asks to wait (seconds)."""

    outcome: str
    detail: str = ""
    retry_after: float | None = None

    @property
    def retried(self) -> bool:
        """Whether asking again may help."""
        return self.outcome in _RETRIED


class Unanswered(Exception):
    """There is no answer, and the network was not asked."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.outcome)
        self.failure = failure


def connection(settings: Drafting, answering: Answering | None = None) -> Connect:
    """How to reach the model of the settings; with ``answering`` its requests go there and nothing leaves this process.

    Raises InputError when the extra is not installed, no model is named, or a key is needed and not in the environment.
    """
    key = _key(settings)

    @asynccontextmanager
    async def connected() -> AsyncIterator[BaseChatModel]:
        import httpx2
        from langsmith import tracing_context

        transport = _transport(answering) if answering else None
        # A client of its own: LangChain's default one outlives the event loop it was made in.
        async with httpx2.AsyncClient(timeout=_timeout(settings), transport=transport) as client:
            # Nothing goes to a tracing service, whatever the environment says.
            with tracing_context(enabled=False):
                yield _chat_model(settings, key, http_async_client=client)

    return connected


def provider_of(settings: Drafting) -> OpenAI:
    """The provider itself, for what is no chat, at the address that chats go to; raises as ``connection``."""
    client: OpenAI = _chat_model(settings, _key(settings)).root_client
    return client


def _key(settings: Drafting) -> str:
    if any(find_spec(name) is None for name in ("langchain_openai", "openai")):
        raise InputError(INSTALL, key="--drafter")
    if not settings.model:
        raise InputError("no model is named: set model under [drafting] in enishi.toml", key="drafting.model")
    key = os.environ.get(settings.key_variable, "")
    if not key and not settings.base_url:
        raise InputError(
            f"there is no key: set {settings.key_variable} in the environment, or base_url for a server of your own",
            key="drafting.key_variable",
        )
    return key


def _timeout(settings: Drafting) -> httpx2.Timeout:
    import httpx2

    return httpx2.Timeout(settings.timeout_seconds, connect=min(10.0, settings.timeout_seconds))


def _chat_model(settings: Drafting, key: str, **clients: Any) -> ChatOpenAI:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    return ChatOpenAI(
        model=settings.model, base_url=settings.base_url or None, api_key=SecretStr(key or "none"),
        max_completion_tokens=settings.max_output_tokens, temperature=settings.temperature, timeout=_timeout(settings), max_retries=0,
        use_responses_api=False, http_socket_options=(), **clients,
    )  # fmt: skip


def _transport(answering: Answering) -> httpx2.AsyncBaseTransport:
    import httpx2

    class Here(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            status, told = answering(request.headers, await request.aread())
            return httpx2.Response(status, json=told, request=request)

    return Here()


def failure_of(error: BaseException) -> Failure | None:
    """What an exception of the chat model means; None for one that is none of its failures."""
    if isinstance(error, Unanswered):
        return error.failure
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Failure("timeout")
    if find_spec("openai") is not None:
        import openai

        if isinstance(error, openai.OpenAIError):
            return _of_provider(error, openai)
    if isinstance(error, OSError):
        return Failure("unreachable", type(error).__name__)
    if isinstance(error, _NOT_AN_ANSWER):
        return Failure("malformed", "is this the address of an OpenAI-compatible server?")
    return None


def _of_provider(error: Exception, openai: Any) -> Failure:
    code = str(getattr(error, "code", None) or "")
    match error:
        case openai.APITimeoutError():
            return Failure("timeout")
        case openai.APIConnectionError():
            return Failure("unreachable")
        case openai.LengthFinishReasonError():
            return Failure("truncated")
        case openai.ContentFilterFinishReasonError():
            return Failure("filtered")
        case openai.RateLimitError():
            if code == "insufficient_quota":
                return Failure("quota", code)
            return Failure("rate_limited", code, _retry_after(error))
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return Failure("unauthorised", code)
        case openai.NotFoundError():
            return Failure("unknown_model", code)
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            return Failure(
                "too_long" if "context" in code else "filtered" if code == "content_filter" else "refused_request", code
            )
        case openai.APIStatusError() if error.status_code in (408, 500, 502, 503, 504):
            return Failure("server_error", str(error.status_code), _retry_after(error))
        case openai.APIStatusError():
            return Failure("refused_request", str(error.status_code))
    return Failure("malformed", type(error).__name__)


def _retry_after(error: Any) -> float | None:
    """Seconds that the provider asks for: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    told = str(headers.get("retry-after") or "")
    with suppress(ValueError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000 if "retry-after-ms" in headers else float(told))
    with suppress(TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    return None
