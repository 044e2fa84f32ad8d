"""The words that the chart's scripts show, in the reader's language; `{places}` are filled by the script."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    "open": pgettext_lazy("of a bar", "Open"),
    "high": pgettext_lazy("of a bar", "High"),
    "low": pgettext_lazy("of a bar", "Low"),
    "close": pgettext_lazy("of a bar", "Close"),
    "volume": _("Volume"),
    "lots": pgettext_lazy("unit", "lots"),
    "live": _("Live"),
    "loading": _("Loading"),
    "failed": _("The bars could not be loaded."),
    "bars": _("{count} bars from {first} to {last}"),
    "moment": pgettext_lazy("of a bar", "Time"),
    "shares": _("Volume (shares)"),
    "value": _("Value (NT$)"),
    "trades": pgettext_lazy("how many", "Trades"),
    "values_shown": _("{shown} of {count} bars in view, the newest first"),
    "as_known": _("As it was known at {moment}: nothing later is shown, and the running day is not followed."),
    "remove": _("Take {name} off the chart"),
    "added": _("{name} is on the chart"),
    "trend": _("Trend line"),
    "horizontal": _("Horizontal line"),
    "first_point": _("Choose the first point on the chart"),
    "second_point": _("Choose the second point"),
    "one_point": _("Choose a price on the chart"),
    "drawn": _("The line is kept"),
    "erased": _("The line is deleted"),
    "moved": _("The line is moved"),
    "contracts": pgettext_lazy("unit", "contracts"),
    "no_setups": _("No set-up kept yet."),
    "put": _("{name} is on the chart"),
    "no_bars": _("No bars of this span."),
    "chart_of": _("Chart of {code}, {span}"),
    "first_list": _("Watchlist"),
    "undone": _("The last change is taken back"),
    "delete": _("Delete"),
    "delete_of": _("Delete {name}"),
    "at": _("{price} on {date}"),
    "no_lines": _("No line drawn yet."),
    "group.common": pgettext_lazy("indicators", "Usual"),
    "group.Overlap Studies": _("Over the prices"),
    "group.Momentum Indicators": _("Momentum"),
    "group.Volume Indicators": pgettext_lazy("indicators", "Volume"),
    "group.Volatility Indicators": _("Volatility"),
    "group.Price Transform": _("Price transforms"),
    "group.Cycle Indicators": _("Cycles"),
    "group.Pattern Recognition": _("Candle patterns"),
    "group.Statistic Functions": _("Statistics"),
    "group.Math Operators": _("Arithmetic"),
    "group.Math Transform": _("Functions"),
    "parameter.timeperiod": _("Period"),
    "parameter.fastperiod": _("Fast period"),
    "parameter.slowperiod": _("Slow period"),
    "parameter.signalperiod": _("Signal period"),
    "parameter.fastk_period": _("K period (RSV)"),
    "parameter.slowk_period": _("K smoothing"),
    "parameter.slowd_period": _("D smoothing"),
    "parameter.fastd_period": _("D period"),
    "parameter.nbdevup": _("Deviations above"),
    "parameter.nbdevdn": _("Deviations below"),
    "parameter.matype": _("Kind of average"),
    "parameter.source": _("Computed of"),
    "parameter.acceleration": _("Acceleration"),
    "parameter.maximum": _("Maximum"),
}


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
