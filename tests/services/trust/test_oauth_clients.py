"""The addresses a signing program may be sent back to, as the operator registers it."""

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REDIRECT_CHARACTERS_MAX
from yunhai.services.trust import oauth
from yunhai.services.trust.errors import REDIRECT_UNFIT


@pytest.mark.parametrize(
    ("redirects", "why"),
    [
        ([], "none"),
        ([""], "empty"),
        (["http://program.example/back"], "not https"),
        (["https://program.example/back#here"], "a fragment"),
        (["https:///back"], "no host"),
        (["https://[::1/back"], "no address at all"),
        (["javascript:alert(1)"], "a script"),
        (["https://program.example/" + "x" * REDIRECT_CHARACTERS_MAX], "too long"),
        (["https://program.example/back", "http://program.example/"], "one of two"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_address_that_does_not_fit_is_refused_before_anything_is_kept(redirects: list[str], why: str) -> None:
    """No database is asked: the refusal comes first."""
    with pytest.raises(YunhaiError) as caught:
        oauth.add_client("program", redirects, confidential=False, by=1)
    assert caught.value.code == REDIRECT_UNFIT, why
