"""Text that no part of the house can keep: NUL, which PostgreSQL's text does not hold, and half a surrogate pair, which is no
character. Refused where a request comes in, so that whatever reads it later need not ask."""

import json
from typing import Any, Final, cast

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import BAD_REQUEST, NOT_THERE

_FORM: Final = "application/x-www-form-urlencoded"


def unfit() -> YunhaiError:
    """BAD_REQUEST, with its reason."""
    return YunhaiError(BAD_REQUEST, reason="a NUL or half a character in a text", reason_zh="文字中有 NUL 或不成字元")


def fits(value: Any) -> bool:
    """Whether all texts of a decoded body can be kept."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)
    if isinstance(value, dict):
        return all(fits(name) and fits(one) for name, one in value.items())
    return not isinstance(value, list) or all(map(fits, value))


def require_fit(request: HttpRequest) -> None:
    """NOT_THERE of an address with a NUL in its path; BAD_REQUEST of one with a NUL in its query or form."""
    if "\0" in request.path:
        raise YunhaiError(NOT_THERE)
    form = request.body if request.content_type == _FORM else b""
    if "%00" in request.META.get("QUERY_STRING", "") or b"%00" in form:
        raise unfit()


class FitParser(Parser):
    """The API's: JSON whose texts all fit, and forms and queries likewise."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """BAD_REQUEST, which django-ninja wraps; ValueError, RecursionError."""
        body = json.loads(request.body)
        if not fits(body):
            raise unfit()
        return cast("dict[str, Any]", body)

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """BAD_REQUEST."""
        if not all(fits(name) and fits(values) for name, values in data.lists()):
            raise unfit()
        return super().parse_querydict(data, list_fields, request)
