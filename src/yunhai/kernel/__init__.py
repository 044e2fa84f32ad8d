"""Money, prices, quantities, ids, time, errors and limits: what every other part of the house counts with."""

# The catalogue registers itself: whoever can raise an error can also explain it.
from yunhai.kernel import error_table as error_table
from yunhai.kernel import rule_errors as rule_errors
