"""Every state and every reason of waiting that the core says has a word in each room, in both languages."""

import pytest

from yunhai.trading.books.state import OrderState
from yunhai.trading.lines.words import Reason

STATES = [value for name, value in vars(OrderState).items() if name.isupper() and isinstance(value, str)]


@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("key", [f"state.{state}" for state in STATES] + [f"queue.{reason.value}" for reason in Reason])
def test_it_has_a_word(key: str, language: str) -> None:
    from django.utils import translation

    from yunhai.platform.shell.words import words as pocket
    from yunhai.services.desk.words import words as desk

    with translation.override(language):
        for room in (pocket(), desk()):
            assert room.get(key), f"{key} would stand there as it is"
