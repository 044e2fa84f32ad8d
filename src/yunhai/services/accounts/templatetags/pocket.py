"""Template words of the Pocket: the accounts that a person may work with."""

from typing import Any

from django import template
from django.template import Context

from yunhai.platform.shell.chosen import chosen_account
from yunhai.services.accounts import api as accounts

register = template.Library()


@register.simple_tag(takes_context=True)
def purse(context: Context) -> dict[str, Any]:
    """`chosen`: the account one works with (None without one), `all`: every one of one's own here."""
    request = context["request"]
    mine = [found for number in request.caller.accounts if (found := accounts.view(number)) is not None]
    chosen = chosen_account(request)
    return {"chosen": next((one for one in mine if one.account == chosen), None), "all": mine}
