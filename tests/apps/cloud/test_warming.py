"""What the web process makes ready before its first visitor."""

import gc

import pytest
from django.apps import apps
from django.template import engines

from yunhai.apps.cloud import warming


def test_every_step_does_what_it_says() -> None:
    names = [name for name, _ in warming.steps()]
    assert names[:2] == ["addresses", "templates"]
    assert "charts" in names
    for _, step in warming.steps():
        step()


def test_a_page_is_compiled_and_another_house_is_left_alone() -> None:
    warming.templates()
    loader = engines["django"].engine.template_loaders[0]  # type: ignore[attr-defined]
    kept = loader.get_template_cache
    assert any(key.endswith("charts/chart.html") for key in kept)
    assert warming.own_templates(apps.get_app_config("charts"))
    assert warming.own_templates(apps.get_app_config("account")) == []


def test_a_step_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def fails() -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(gc, "freeze", lambda: done.append(2))  # a process of tests goes on otherwise
    monkeypatch.setattr(warming, "steps", lambda: iter([("bad", fails), ("good", lambda: done.append(1))]))
    warming.begin().join(60)
    assert done == [1, 2]
