"""How many identifiers are found, how many false ones, and how fast: ours, and Presidio without a model where it is installed.

python -m benchmarks.identifiers [DATA]      DATA holds the measuring texts; default ../shared/data beside the checkout

Found: at least nine tenths of a labelled place covered by one of its type.  False: a place that touches no label of its type.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from policies.identifiers.kana import TO_KATAKANA
from policies.identifiers.names import GIVEN_NAMES, ORDINARY_WORDS
from policies.identifiers.scan import scan

ROOT = Path(__file__).parents[1]
LABELLED = ROOT / "tests" / "policies" / "identifiers"
Place = tuple[int, int, str]
Detector = Callable[[str, str], list[Place]]
_PUBLIC = {
    "CREDIT_CARD": "CREDIT_CARD", "PHONE_NUMBER": "PHONE", "EMAIL_ADDRESS": "EMAIL", "IBAN_CODE": "IBAN", "US_SSN": "SSN", "IP_ADDRESS": "IP_ADDRESS",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE", "US_PASSPORT": "PASSPORT", "US_BANK_NUMBER": "BANK_ACCOUNT", "UK_NHS": "NHS", "UK_NINO": "NINO", "MAC_ADDRESS": "MAC_ADDRESS",
    "UK_POSTCODE": "POSTAL_CODE", "US_ITIN": "SSN", "ZIP_CODE": "POSTAL_CODE", "STREET_ADDRESS": "ADDRESS", "PERSON": "PERSON",
}  # fmt: skip
"""Entity names of other tools and of the public texts → ours; what is not here (dates, URLs, places) is counted for nobody."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, its language and the labelled places in it."""

    text: str
    language: str
    places: tuple[Place, ...] = ()


def own(text: str, language: str) -> list[Place]:
    """This package."""
    return [(one.start, one.end, one.type) for one in scan(text, language)]


def presidio() -> Detector | None:
    """Presidio with every recogniser that needs no model, at the threshold that keeps its phone numbers; None when absent."""
    try:
        import spacy
        import tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
    except ImportError:
        return None
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR

    class Blank(NlpEngine):
        """A tokenizer and nothing else."""

        def __init__(self) -> None:
            self.nlp = {language: spacy.blank("en") for language in ("en", "ja")}

        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            """Always."""
            return True

        def process_text(self, text: str, language: str) -> Any:
            """The tokens."""
            tokens = self.nlp[language](text)
            return NlpArtifacts([], tokens, [one.idx for one in tokens], [one.lower_ for one in tokens], self, language)

        def process_batch(
            self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
        ) -> Iterator[Any]:
            """One after the other."""
            for text in texts:
                yield text, self.process_text(text, language)

        def is_stopword(self, word: str, language: str) -> bool:
            """Not known."""
            return False

        def is_punct(self, word: str, language: str) -> bool:
            """Not known."""
            return False

        def get_supported_entities(self) -> list[str]:
            """None."""
            return []

        def get_supported_languages(self) -> list[str]:
            """Both."""
            return ["en", "ja"]

    registry = RecognizerRegistry(supported_languages=["en", "ja"])
    registry.load_predefined_recognizers(languages=["en", "ja"])
    registry.recognizers = [one for one in registry.recognizers if "Spacy" not in type(one).__name__]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en", "ja"])

    def detect(text: str, language: str) -> list[Place]:
        found = engine.analyze(text, language=language, score_threshold=0.4)
        return [(one.start, one.end, _PUBLIC[one.entity_type]) for one in found if one.entity_type in _PUBLIC]

    return detect


def labelled(language: str) -> list[Text]:
    """Our own labelled texts."""
    rows = [
        json.loads(line) for line in (LABELLED / f"labelled_{language}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [
        Text(row["text"], language, tuple((one["start"], one["end"], one["type"]) for one in row["spans"]))
        for row in rows
    ]


def public(path: Path) -> list[Text]:
    """English sentences with labels of others."""
    return [
        Text(row["full_text"], "en", tuple((one["start_position"], one["end_position"], _PUBLIC[one["entity_type"]]) for one in row["spans"] if one["entity_type"] in _PUBLIC))
        for row in _rows(path)
    ]  # fmt: skip


def plain(path: Path) -> list[Text]:
    """Japanese texts in which anything found is looked at as false; names of people in an encyclopaedia are labelled."""
    if "wikipedia" in path.name:
        return [
            Text(row["text"], "ja", tuple((*one["span"], "PERSON") for one in row["entities"] if one["type"] == "人名"))
            for row in _rows(path)
        ]
    return [Text(said["text"], "ja") for row in _rows(path) for said in row["utterances"]]


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def measure(name: str, texts: list[Text], detect: Detector, kinds: Iterable[str] | None = None) -> None:
    """One line: found, false, speed on one core; with ``kinds``, one more line for each."""
    for one in texts[:20]:
        detect(one.text, one.language)
    started = time.process_time()
    answers = [detect(one.text, one.language) for one in texts]
    seconds = time.process_time() - started
    labels: Counter[str] = Counter()
    found: Counter[str] = Counter()
    false: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for one, places in zip(texts, answers, strict=True):
        for start, end, kind in one.places:
            labels[kind] += 1
            covered = max(
                (min(end, last) - max(start, first) for first, last, other in places if other == kind), default=0
            )
            found[kind] += covered >= 0.9 * (end - start)
        for start, end, kind in places:
            said[kind] += 1
            touched = any(
                first < end and start < last and kind in (other, "POSTAL_CODE") for first, last, other in one.places
            )
            false[kind] += not touched
    count, letters = len(texts), sum(len(one.text) for one in texts)
    print(f"{name:44} found {found.total():4} of {labels.total():4}   false {false.total():4} of {said.total():4}   "
          f"{count / seconds:8,.0f} messages/s {letters / seconds:10,.0f} chars/s   n {count}")  # fmt: skip
    for kind in kinds or ():
        print(f"    {kind:40} found {found[kind]:4} of {labels[kind]:4}   false {false[kind]:4} of {said[kind]:4}")


_FIRST = (
    "山やま 田た 中なか 川かわ 木き 村むら 石いし 高たか 松まつ 大おお 小こ 上うえ 西にし 東ひがし 北きた 南みなみ 前まえ 森もり 岡おか 原はら 島しま 竹たけ "
    "藤ふじ 青あお 黒くろ 白しら 水みず 池いけ 古ふる 吉よし 内うち 長なが 福ふく 今いま 三み 井い 平ひら 広ひろ 金かね 宮みや 野の 杉すぎ 桜さくら 秋あき 清きよ"
).split()
_SECOND = "田た 川かわ 木き 村むら 本もと 口くち 井い 沢ざわ 橋はし 野の 山やま 原はら 島しま 崎さき 田だ 谷たに 岡おか 下した 上がみ 内うち 尾お 瀬せ 森もり 子こ 浦うら".split()
_ALONE = "森もり 林はやし 原はら 岡おか 関せき 南みなみ 東あずま 谷たに 辻つじ 堀ほり 泉いずみ 星ほし 菅すが 奥おく 平たいら 源みなもと 神じん 東ひがし 西にし 宗そう".split()
_GIVEN = "美み 優ゆう 真ま 直なお 和かず 千ち 恵え 理り 彩あや 陽よう 健けん 由ゆ 奈な 佳か 絵え 亜あ 智とも 裕ひろ 雅まさ 隆たか 俊とし 正まさ 光みつ 明あき 春はる 夏なつ 文ふみ 知とも 愛あい 礼れい".split()
_ENDING = "子こ 香か 美み 奈な 恵え 太た 介すけ 人と 樹き 也や 一いち 郎ろう 里り 代よ 江え 紀き 輝き 菜な 佳か 平へい".split()
_WHOLE = "光ひかる 翼つばさ 茜あかね 葵あおい 愛あい 翔しょう 薫かおる 香かおり 恵めぐみ 歩あゆみ 舞まい 桜さくら 誠まこと 学まなぶ 実みのる 望のぞみ 友とも 蓮れん 空そら 花はな".split()
"""Kanji and reading of parts of surnames and given names; together some 1,100 surnames and 620 given names."""
_ENGLISH = (
    "smith jones taylor williams wilson johnson davies patel robinson wright thompson evans walker roberts jackson clarke khan hughes edwards "
    "harrison morris murphy bailey bennett shaw kelly okafor singh fraser campbell lloyd doyle hussain carter mitchell anderson bianchi novak"
).split()
_STREETS = ("見本町", "本町", "中央", "緑が丘", "港南", "旭町", "栄町", "桜台")
_ROADS = ("Sample Street", "Mill Lane", "Church Road", "Station Avenue", "Park Drive", "High Street")


def people(number: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Invented customers as they are named in life, always the same: four in five Japanese with kana, one English.

    Each has a telephone, an e-mail address, a number and a postal address.
    """
    dice = Random(number)
    english = sorted({*_ENGLISH, *ORDINARY_WORDS}), sorted(GIVEN_NAMES)
    for n in range(number):
        values = [("CUSTOMER_ID", f"M-{n:06}"), ("PHONE", f"0{dice.choice('789')}0-{n // 10000 + 1000}-{n % 10000:04}"), ("EMAIL", f"c{n}@example.com")]
        if n % 5:
            one = (dice.choice(_ALONE),) if dice.random() < 0.15 else (dice.choice(_FIRST), dice.choice(_SECOND))
            two = (dice.choice(_WHOLE),) if dice.random() < 0.2 else (dice.choice(_GIVEN), dice.choice(_ENDING))
            family, given = (["".join(part[0] for part in name), "".join(part[1:] for part in name)] for name in (one, two))
            values += [
                ("PERSON", f"{family[0]} {given[0]}"),
                ("PERSON", f"{family[1]} {given[1]}".translate(TO_KATAKANA)),
                ("ADDRESS", f"東京都見本区{dice.choice(_STREETS)}{dice.randint(1, 9)}丁目{dice.randint(1, 30)}番{dice.randint(1, 20)}号"),
            ]
        else:
            values += [
                ("PERSON", f"{dice.choice(english[1])} {dice.choice(english[0]).capitalize()}"),
                ("ADDRESS", f"{dice.randint(1, 999)} {dice.choice(_ROADS)}, Leeds"),
            ]
        yield f"C{n}", values


def index(texts: list[Text], number: int = 100_000) -> None:
    """The index of known identifiers: time to build, memory, speed, and whose names are found in other people's texts."""
    from policies.identifiers.index import KnownIdentifiers
    from policies.identifiers.normal import normalise

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    built = KnownIdentifiers.build(people(number), b"a key for measuring", now=datetime.now(UTC))
    seconds = time.process_time() - started
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    held = sum(getattr(built._arrays, field.name).nbytes for field in fields(built._arrays)) / 1e6
    normals = [normalise(one.text) for one in texts]
    for normal in normals[:200]:
        built.find(normal)
    started = time.process_time()
    hits = sum(len(built.find(normal)) for normal in normals)
    spent = time.process_time() - started
    print(f"index of {number:,} customers: {built.build_of.size:,} forms, {seconds:.1f} s to build, {held:.0f} MB held, {peak:.0f} MB more at its peak; "
          f"{len(normals) / spent:,.0f} messages/s, {hits} hits in {len(normals):,} texts")  # fmt: skip


def main(data: Path) -> None:
    """Print the table."""
    detectors: list[tuple[str, Detector]] = [("ours", own)]
    other = presidio()
    if other is None:
        print("presidio-analyzer is not installed here: only ours is measured")
    else:
        detectors.append(("Presidio without a model", other))
    sets: list[tuple[str, list[Text], tuple[str, ...]]] = [
        ("labelled ja", labelled("ja"), ()),
        ("labelled en", labelled("en"), ()),
    ]
    pii = data / "pii_en_presidio_research.jsonl.gz"
    if pii.is_file():
        kinds = ("CREDIT_CARD", "EMAIL", "PHONE", "IBAN", "SSN", "IP_ADDRESS", "ADDRESS", "POSTAL_CODE", "PERSON")
        sets.append(("public en", public(pii), kinds))
        sets += [
            (name, plain(data / f"{name}.jsonl.gz"), ())
            for name in ("ner_wikipedia_ja", "reviews_ja_hotel", "reviews_ja_spot")
        ]
    else:
        print(f"no measuring texts in {data}: only our own labelled ones are used")
    for name, texts, kinds in sets:
        for whose, detect in detectors:
            measure(f"{name}: {whose}", texts, detect, kinds)
    index(next((texts for name, texts, _ in sets if name == "ner_wikipedia_ja"), sets[0][1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data")
