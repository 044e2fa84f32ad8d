"""Translations: the compiled file is what gettext reads, and no text lacks its Chinese."""

import gettext
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.messages import missing
from yunhai.platform.shell.messages import build, compiled, parse, sources

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

#, python-format
msgid "settles on %(date)s"
msgstr "交割日 %(date)s"

msgctxt "price"
msgid "Open"
msgstr "開盤"

msgctxt "orders"
msgid "Open"
msgstr "未完成"

msgid "one \\"quoted\\"\\n"
"on two lines"
msgstr "一行「引號」\\n"
"兩行"

msgid "{n} lot"
msgid_plural "{n} lots"
msgstr[0] "{n} 張"

#, fuzzy
msgid "Guessed"
msgstr "猜的"

msgid "Empty"
msgstr ""
"""


def test_a_compiled_file_says_what_was_written() -> None:
    said = gettext.GNUTranslations(io.BytesIO(compiled(parse(PO))))
    assert said.gettext("settles on %(date)s") == "交割日 %(date)s"
    assert said.pgettext("price", "Open") == "開盤"
    assert said.pgettext("orders", "Open") == "未完成"
    assert said.gettext('one "quoted"\non two lines') == "一行「引號」\n兩行"
    assert said.ngettext("{n} lot", "{n} lots", 5) == "{n} 張"
    assert (said.gettext("Open"), said.gettext("Guessed"), said.gettext("Empty")) == ("Open", "Guessed", "Empty")


def test_a_line_that_is_none_is_refused() -> None:
    for text in ('msgid "a"\nmsgfoo "b"', "msgid a", 'msgid "a"\nmsgstr "b" junk'):
        with pytest.raises(ValueError, match=r"line \d+ is not understood"):
            parse(text)


def test_our_texts_compile_and_none_lacks_its_chinese(tmp_path: Path) -> None:
    folder = build(tmp_path / "locale")
    file = folder / "zh_Hant/LC_MESSAGES/django.mo"
    before = file.stat().st_mtime_ns
    assert build(folder) == folder
    assert file.stat().st_mtime_ns == before  # nothing newer: nothing written
    with file.open("rb") as content:
        said = gettext.GNUTranslations(content)
    assert said.gettext("Holdings") == "庫存"
    assert missing() == []


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="the gettext tools are not installed")
def test_gettexts_own_compiler_agrees(tmp_path: Path) -> None:
    for source in sources():
        made = tmp_path / "made.mo"
        subprocess.run(["msgfmt", "--output-file", str(made), str(source)], check=True)
        with made.open("rb") as theirs:
            expected = gettext.GNUTranslations(theirs)
        ours = gettext.GNUTranslations(io.BytesIO(compiled(parse(source.read_text(encoding="utf-8")))))
        assert {key: text for key, text in expected._catalog.items() if key} == {
            key: text for key, text in ours._catalog.items() if key
        }
