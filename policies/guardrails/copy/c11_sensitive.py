"""Nothing about illness, pregnancy, death, family trouble, money trouble, faith, body or age stands in a message.

Special-care data (要配慮個人情報, 個人情報保護法2条3項; GDPR art. 9) and what hurts whether true or not.  The names of reader and
sender are not the subject and are left out; a product's name is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.reading import Reading, Spot, outside_words

RULE = "C11"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_JA = re.compile(
    r"妊娠|懐妊|ご懐妊|不妊|流産|病気(?!に強|にかかりにく|になりにく)|病状|持病|手術|入院|退院|診断(?:書|され|を受け)|障害(?:者|をお持ち|がおあり|手帳)"
    r"|発達障害|うつ病|鬱病|鬱状態|離婚|離別|借金|滞納|多重債務|宗教|信仰|国籍|逝去|亡くな|ご不幸|喪中|服喪|忌中|葬儀|葬式|四十九日|解雇|失業|失職"
    r"|生理(?:中|痛|不順)|更年期|薄毛|肥満|年齢的に|ご年齢(?:から|的|を考え)|おひとりさま|お子様のご年齢|母子家庭|父子家庭"
)
_EN = re.compile(
    r"pregnan(?:t|cy|cies)|miscarriage|illness(?:es)?|surgery|hospitali[sz]ed|in hospital|your hospital|diagnosed with|your diagnosis"
    r"|disabilit(?:y|ies)|disabled (?:person|people|customer|child|adult)|depression|depressed|divorced?|your debts?|in debt|overdue (?:payment|balance|bill|invoice|account|amount)"
    r"|religio(?:n|us)|nationality|passed away|bereave(?:d|ment)|funeral|laid off|menopaus(?:e|al)|obes(?:e|ity)|overweight|balding|at your age|your age"
    r"|single parent|lost your (?:job|husband|wife|mother|father|partner)"
)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks every mention."""
    message, sender = reading.message, reading.about("sender")
    people = (
        message.addressee,
        message.surname,
        sender.get("legal_name"),
        sender.get("brand_name"),
        message.bundle.get("brand"),
    )
    for part, text in reading.everything:
        for found in outside_words(_JA if reading.language == "ja" else _EN, text):
            said = reading.text(part)[found.start() : found.end()]
            if any(
                isinstance(name, str) and said.lower() in name.lower() and name in reading.text(part) for name in people
            ):
                continue
            yield Spot(
                *found.span(),
                f"「{said}」は触れてはいけない話題です",
                f"'{said}' is a sensitive matter that a message leaves alone",
                part=part,
            )
