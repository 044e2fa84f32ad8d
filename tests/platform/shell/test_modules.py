"""The house's modules: what a page names ahead is what its script imports, and every import is there."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import RequestFactory

from yunhai.platform.shell.modules import graph, imports, target

SOURCE = Path(__file__).resolve().parents[3] / "src/yunhai"
_NAMED = re.compile(r'^(?:import|export)\s*\{([^}]*)\}\s*from\s*"([./][^"]+)"', re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
_LISTED = re.compile(r"^export \{([^}]*)\}", re.MULTILINE)


def modules() -> list[str]:
    """Static names of our own."""
    found = [
        str(path).split("/static/", 1)[1] for path in SOURCE.glob("**/static/**/*.js") if "vendor" not in path.parts
    ]
    assert len(found) > 40
    return sorted(found)


def text_of(name: str) -> str:
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is not there"
    return Path(found).read_text()


def exported(name: str) -> set[str]:
    text = text_of(name)
    listed = (one for group in _LISTED.findall(text) for one in group.split(","))
    return {*_EXPORTED.findall(text), *(one.split(" as ")[-1].strip() for one in listed)}


def test_every_import_names_what_its_module_exports() -> None:
    wrong = []
    for name in modules():
        for names, address in _NAMED.findall(text_of(name)):
            other = target(name, address)
            if "/vendor/" in other:
                continue
            wanted = {one.split(" as ")[0].strip() for one in names.split(",") if one.strip()}
            wrong += [f"{name} imports {one} of {other}" for one in sorted(wanted - exported(other))]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "address", "meant"),
    [
        ("charts/chart_page.js", "./stage.js", "charts/stage.js"),
        ("charts/stage.js", "./vendor/x.mjs", "charts/vendor/x.mjs"),
        ("desk/page.js", "../shell/js/calls.js", "shell/js/calls.js"),
        ("desk/page.js", "/static/shell/js/calls.js", "shell/js/calls.js"),
    ],
)
def test_what_an_address_means(name: str, address: str, meant: str) -> None:
    assert target(name, address) == meant


def test_a_graph_has_every_module_once_and_the_nearest_first() -> None:
    found = graph("charts/chart_page.js")
    assert len(found) == len(set(found))
    assert "charts/chart_page.js" not in found
    assert set(found[: len(imports("charts/chart_page.js"))]) == set(imports("charts/chart_page.js"))
    assert {
        "charts/vendor/lightweight-charts.standalone.production.mjs",
        "charts/lines.js",
        "shell/js/words.js",
    } <= set(found)
    for one in found:
        assert set(imports(one)) <= {*found, "charts/chart_page.js"}


def test_a_page_names_each_module_once() -> None:
    scripts = ("shell/js/shell.js", "charts/chart_page.js")
    tags = "".join(f"{{% module '{name}' %}}" for name in scripts)
    text = Template("{% load shell %}" + tags).render(Context({"request": RequestFactory().get("/")}))
    named = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', text)
    assert sorted(named) == sorted({one for name in scripts for one in graph(name)})
    assert re.findall(r'<script type="module" src="/static/([^"]+)"></script>', text) == list(scripts)
