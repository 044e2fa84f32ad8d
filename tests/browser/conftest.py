"""The fixtures of the browser tests."""

from tests.browser.fixtures import browser, scripts_origin, scripts_page

__all__ = ["browser", "scripts_origin", "scripts_page"]
