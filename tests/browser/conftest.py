"""The fixtures of the browser tests."""

from tests.browser.cloud import cloud
from tests.browser.fixtures import browser, scripts_origin, scripts_page, signed_in

__all__ = ["browser", "cloud", "scripts_origin", "scripts_page", "signed_in"]
