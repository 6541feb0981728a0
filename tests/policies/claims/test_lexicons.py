"""The lexicons: what is shipped, what a home may change, and one sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.catalogue import load_catalogue
from policies.guardrails.claims import check
from policies.guardrails.guard import Message
from retrieval.errors import InputError

GROUP = """local_pride:
  severity: flag
  ja: 根拠をお確かめください
  en: see that it is so
  words:
    ja: [県内随一の茶]
    en: [pride of the valley]
"""


def home(tmp_path: Path, text: str, name: str = "local") -> Path:
    (tmp_path / "lexicons" / "claims").mkdir(parents=True)
    (tmp_path / "lexicons" / "claims" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_group_gives_its_reason_and_every_law_its_confidence() -> None:
    for group in load_catalogue().lexicon.groups:
        assert group.check == "harmless" or (group.ja and group.en)
        assert bool(group.source) == bool(group.confidence), group.id


def test_no_word_stands_twice_in_a_group() -> None:
    for group in load_catalogue().lexicon.groups:
        for words in group.words.values():
            assert len(words) == len(set(words)), group.id


def test_a_home_adds_words_and_the_policy_version_changes(tmp_path: Path) -> None:
    shipped, own = load_catalogue(), load_catalogue(home(tmp_path, GROUP))
    assert own.version != shipped.version
    message = Message(channel="email", language="en", purpose="marketing", body="Our tea is the pride of the valley.")
    assert [(one.rule, one.severity) for one in check(message, own)] == [("claims.local_pride", "flag")]
    assert list(check(message, shipped)) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("severity: flag", "severity: stop"), "local.yaml:2: local_pride.severity: "),
        (("severity:", "severty:"), "local.yaml:2: local_pride.severty: unknown key — did you mean 'severity'?"),
        (("  ja: 根拠をお確かめください\n", ""), "local.yaml:1: local_pride: says its reason in ja and en"),
        (("[県内随一の茶]", "[茶]"), "local.yaml:6: local_pride.words.ja.0: a word of one letter"),
        (("[県内随一の茶]", '["県内\\n随一"]'), "local.yaml:6: local_pride.words.ja.0: a word goes over no line's end"),
        (
            ("severity: flag", "severity: flag\n  days: 0"),
            "local.yaml:3: local_pride.days: days belongs to the check 'ends'",
        ),
        (("local_pride:", "superlative:"), "superlative: another file has a group of this name"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        load_catalogue(home(tmp_path, GROUP.replace(*change)))
    assert sentence in str(refused.value)
