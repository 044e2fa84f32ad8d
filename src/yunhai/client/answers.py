"""What the cloud answers, as far as the client reads it. Fields added later are ignored, so that an old client goes on working."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import msgspec

from yunhai.client import failures
from yunhai.kernel.errors import Language, YunhaiError
from yunhai.trading.http.structs import Ack

REASON_CHARACTERS: Final = 200


Answer = TypeVar("Answer")


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The cloud said no, with a number, texts and what to do. Nothing was changed by what was asked.

    `status` is the HTTP status (0 over a WebSocket); `code` as in docs/reference/errors.md.
    """

    def __init__(self, error: Mapping[str, Any], *, status: int = 0, mode: str = "") -> None:
        self.code: int = int(error.get("code", 0))
        self.name: str = str(error.get("name", ""))
        self.details: Mapping[str, Any] = error.get("details") or {}
        self.status = status
        self.mode = mode
        self._texts = {"en": str(error.get("en", "")), "zh": str(error.get("zh", ""))}
        self._remedies = {"en": str(error.get("remedy_en", "")), "zh": str(error.get("remedy_zh", ""))}
        super().__init__(self.code, self._texts["en"])

    def text(self, language: Language = "en") -> str:
        return self._texts[language]

    def remedy(self, language: Language = "en") -> str:
        return self._remedies[language]

    def __str__(self) -> str:
        return f"{self.code} {self.name}: {self._texts['en']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What an answer's headers said of the rate: `remaining` of `limit` in `scope`, whole again after `reset` seconds."""

    limit: int
    remaining: int
    reset: int
    scope: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """None where the answer says nothing of rates."""
        try:
            return cls(
                limit=int(headers["ratelimit-limit"]),
                remaining=int(headers["ratelimit-remaining"]),
                reset=int(headers["ratelimit-reset"]),
                scope=headers.get("ratelimit-scope", ""),
            )
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers to a batch, in the order of its instructions."""

    answers: tuple["Ack | Refused", ...]

    @property
    def acks(self) -> tuple[Ack, ...]:
        return tuple(one for one in self.answers if isinstance(one, Ack))

    @property
    def refusals(self) -> tuple[Refused, ...]:
        return tuple(one for one in self.answers if isinstance(one, Refused))


def typed(value: Any, kind: type[Answer]) -> Answer:
    """Decoded JSON as a type. YunhaiError 7401."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise not_understood(200, str(error)) from None


def ack_of(value: Any) -> Ack:
    """The acknowledgement of decoded JSON. YunhaiError 7401."""
    return typed(value, Ack)


def answer_of(value: Mapping[str, Any]) -> Ack | Refused:
    """One answer of a WebSocket. YunhaiError 7401."""
    if value.get("op") == "refused":
        return Refused(value.get("error") or {}, mode=str(value.get("mode", "")))
    return ack_of(value)


def refusal_of(status: int, body: bytes) -> Refused:
    """The refusal in an HTTP answer. YunhaiError 7401 if there is none in it."""
    try:
        value = msgspec.json.decode(body)
        return Refused(value["error"], status=status, mode=str(value.get("mode", "")))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, ValueError):
        raise not_understood(status, body[:REASON_CHARACTERS].decode(errors="replace")) from None


def not_understood(status: int, reason: str) -> YunhaiError:
    return YunhaiError(failures.BAD_ANSWER, status=status, reason=reason, reason_zh=reason)
