"""Vectors of an OpenAI-compatible embeddings endpoint.

What is sent is what the caller masked; nothing here looks at the texts.  The key comes from ``OPENAI_API_KEY``.
"""

from __future__ import annotations

import os
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from retrieval.errors import EnishiError, InputError, Unreachable

MODEL = "text-embedding-3-small"
KEY = "OPENAI_API_KEY"
BATCH = 256
"""Texts of one request."""
LETTERS = 6_000
"""Letters of one text that are sent: below the limit of 8,192 tokens, as a letter is at most a little more than one."""
ATTEMPTS, SECONDS, LONGEST_WAIT = 5, 30, 60


class OpenAIVectors:
    """The vectors of ``model`` behind ``base_url`` (default: OpenAI's own).

    Raises InputError when the client or the key is missing, or the endpoint refuses key, model or text; Unreachable when it does
    not answer within five attempts.
    """

    def __init__(self, model: str = MODEL, base_url: str | None = None, *, wait: Any = None) -> None:
        try:
            import openai
        except ModuleNotFoundError:
            raise InputError(
                "OpenAI vectors need the openai client: pip install 'enishi[model]'", key="--embeddings"
            ) from None
        if not os.environ.get(KEY):
            raise InputError("is not set; OpenAI vectors need a key", key=KEY)
        self._openai, self.model = openai, model
        # Retried here and nowhere else, so that one text costs no more requests than is said.
        self._client = openai.OpenAI(base_url=base_url, timeout=SECONDS, max_retries=0)
        self._waiting = wait or wait_random_exponential(multiplier=0.5, max=20)
        self.name = f"openai:{model}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector per text, in as few requests as the endpoint allows."""
        return [row for at in range(0, len(texts), BATCH) for row in self._asked(texts[at : at + BATCH])]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.embed_documents([text])[0]

    def _asked(self, texts: list[str]) -> list[list[float]]:
        openai = self._openai
        # The endpoint refuses an empty text.
        sent = [text[:LETTERS] or " " for text in texts]
        try:
            for attempt in Retrying(
                retry=retry_if_exception(self._passing),
                stop=stop_after_attempt(ATTEMPTS),
                wait=self._wait,
                reraise=True,
            ):
                with attempt:
                    answer = self._client.embeddings.create(model=self.model, input=sent, encoding_format="float")
        except openai.APIStatusError as error:
            raise self._told(error) from None
        except openai.APIError as error:
            raise Unreachable(
                f"the embeddings endpoint {self._client.base_url} did not answer ({type(error).__name__})"
            ) from None
        rows = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise Unreachable(f"the embeddings endpoint answered {len(rows)} vectors for {len(texts)} texts")
        return rows

    def _passing(self, error: BaseException) -> bool:
        """Whether it may go better next time: no connection, too many requests, or the endpoint's own fault."""
        openai = self._openai
        if isinstance(error, openai.RateLimitError):
            return error.code != "insufficient_quota"
        return isinstance(error, openai.APIConnectionError | openai.InternalServerError)

    def _wait(self, state: RetryCallState) -> float:
        """As long as the endpoint asks for, else longer each time, at random."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, self._openai.APIStatusError):
            asked = error.response.headers.get("retry-after", "")
            if asked.replace(".", "", 1).isdigit():
                return min(float(asked), LONGEST_WAIT)
        return float(self._waiting(state))

    def _told(self, error: Any) -> EnishiError:
        """One sentence; the endpoint's own words may repeat what was sent."""
        status = error.status_code
        if status in (401, 403):
            return InputError(f"the embeddings endpoint refused the key ({status})", key=KEY)
        if status == 404:
            return InputError(
                f"the embeddings endpoint {self._client.base_url} has no model '{self.model}'", key="--model"
            )
        if 400 <= status < 500 and status != 429:
            return InputError(
                f"the embeddings endpoint refused the request ({status}, {error.code})", key="--embeddings"
            )
        return Unreachable(f"the embeddings endpoint {self._client.base_url} did not answer ({status})")
