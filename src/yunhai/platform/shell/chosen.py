"""Which of their own accounts a person works with: chosen once, remembered in the session, never one that is not theirs."""

from typing import Final

from django.http import HttpRequest

from yunhai.platform.shell.api import caller_of

ACCOUNT_KEY: Final = "account"
"""The session's word for it."""


def chosen_account(request: HttpRequest) -> int:
    """The account's number; 0 for somebody who has none at this tenant."""
    accounts = caller_of(request).accounts
    kept = request.session.get(ACCOUNT_KEY)
    return kept if kept in accounts else (accounts[0] if accounts else 0)


def choose_account(request: HttpRequest, account: int) -> bool:
    """Work with another one from here on. False, and nothing changed, if it is not theirs."""
    if account not in caller_of(request).accounts:
        return False
    request.session[ACCOUNT_KEY] = account
    return True
