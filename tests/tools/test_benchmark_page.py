"""The benchmark page tells what the result files hold."""

from tools import benchmark_page


def test_the_page_is_what_the_results_make() -> None:
    assert benchmark_page.PAGE.read_text() == benchmark_page.page()


def test_every_figure_is_on_the_page() -> None:
    assert "batch over native core" in benchmark_page.page()
    assert benchmark_page.shown(0.5) == "0.50"
    assert benchmark_page.shown(1234567.8) == "1,234,568"
    assert benchmark_page.shown(1000000) == "1,000,000"
