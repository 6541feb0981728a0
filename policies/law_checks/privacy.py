"""Whose data is used for what, where it goes, and how old its owner is."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from policies.law_checks.asking import UNKNOWN, Answers, Breach, Circumstances, Lacking, Parameters, kind


class Purposes(Parameters):
    """Purposes that the published notice must cover."""

    purposes: tuple[str, ...] = Field(min_length=1)


@kind(Purposes)
def purpose_covers(it: Circumstances, given: Purposes) -> Answers:
    """The published purposes cover what the message does."""
    published = it.value("processing.privacy_notice_purposes")
    if not isinstance(published, list | tuple):
        yield Lacking("processing.privacy_notice_purposes")
        return
    missing = [name for name in given.purposes if name not in published]
    if it.marketing and missing:
        yield Breach(
            f"公表された利用目的に「{missing[0]}」が含まれていません",
            f"the published purposes do not cover '{missing[0]}'",
        )


class Transfer(Parameters):
    """``allow``: bases on which data may go to the provider; ``home``: countries that need none; ``contracts``: kinds of contract that suffice."""

    allow: tuple[str, ...] = Field(min_length=1)
    home: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()


@kind(Transfer)
def transfer_basis(it: Circumstances, given: Transfer) -> Answers:
    """Personal data goes to a model provider only on a basis that the law knows."""
    personal = it.value("processing.llm.pii_in_prompt")
    if personal is False:
        return
    basis, contract = it.known("processing.llm.transfer_basis"), it.known("processing.llm.contract_kind")
    country = it.text("processing.llm.provider_country").upper()
    if basis == "no_personal_data":
        yield Breach(
            "移転の根拠は「個人情報なし」ですが、プロンプトに含まれないことを確認できません",
            "the basis is 'no personal data', but the prompt is not known to be free of it",
        )
        return
    if not country:
        yield Lacking("processing.llm.provider_country")
    elif country in given.home:
        return
    if personal is UNKNOWN:
        yield Lacking("processing.llm.pii_in_prompt")
    if basis is UNKNOWN and contract is UNKNOWN:
        yield Lacking("processing.llm.transfer_basis")
    elif basis not in given.allow and contract not in given.contracts:
        told = basis if basis is not UNKNOWN else contract
        yield Breach(
            f"「{told}」は、提供先への移転の根拠になりません", f"'{told}' is no basis for sending data to the provider"
        )
    if given.contracts and it.known("processing.llm.trains_on_input") is not False:
        yield from _no_training(it)


def _no_training(it: Circumstances) -> Answers:
    trains = it.known("processing.llm.trains_on_input")
    if trains is UNKNOWN:
        yield Lacking("processing.llm.trains_on_input")
    elif trains is not False:
        yield Breach("入力が提供元の学習に使われます", "the provider trains on the input")


@kind()
def no_training_on_input(it: Circumstances, given: Parameters) -> Answers:
    """The provider does not train on what it is given."""
    if it.value("processing.llm.pii_in_prompt") is not False:
        yield from _no_training(it)


class Contract(Parameters):
    """``allow``: kinds of contract that make the provider a service provider."""

    allow: tuple[str, ...] = Field(min_length=1)


@kind(Contract)
def service_provider_contract(it: Circumstances, given: Contract) -> Answers:
    """The provider acts for the business alone."""
    contract = it.known("processing.llm.contract_kind")
    if contract is UNKNOWN:
        yield Lacking("processing.llm.contract_kind")
    elif contract not in given.allow:
        yield Breach(
            f"契約「{contract}」では、第三者への販売・共有に当たります",
            f"under a contract '{contract}' the data is sold or shared",
        )
    yield from _no_training(it)


@kind()
def sensitive_absent_or_consented(it: Circumstances, given: Parameters) -> Answers:
    """No special-category data was used, or there is explicit consent to it."""
    used: Any = it.value("processing.sensitive_fields_used")
    if used is UNKNOWN or used is None:
        yield Lacking("processing.sensitive_fields_used")
    elif used and it.value("processing.sensitive_consent") is not True:
        named = "、".join(str(one) for one in used) if isinstance(used, list | tuple) else str(used)
        yield Breach(
            f"同意のない機微な情報({named})を使っています",
            f"special-category data ({named}) is used without explicit consent",
        )


class Age(Parameters):
    """``age``: from which nobody else need agree; ``guardian``: a guardian's consent excuses."""

    age: int = Field(gt=0)
    guardian: bool = True
    text_any: tuple[str, ...] = ()


@kind(Age)
def age_min_or_guardian(it: Circumstances, given: Age) -> Answers:
    """The recipient is old enough, or a guardian agreed."""
    age = it.age()
    if age is None:
        yield Lacking("recipient.birth_date")
    elif age < given.age and not (given.guardian and it.value("recipient.minor_guardian_consent") is True):
        yield Breach(
            f"{given.age}歳未満の方で、保護者の同意がありません",
            f"the recipient is under {given.age} and no guardian has agreed",
        )


@kind(Age)
def age_min_and_text(it: Circumstances, given: Age) -> Answers:
    """The recipient is old enough, and the warning stands in the message."""
    age = it.age()
    if age is None:
        yield Lacking("recipient.birth_date")
    elif age < given.age:
        yield Breach(f"{given.age}歳未満の方への案内です", f"the recipient is under {given.age}")
    if not any(it.holds(text) for text in given.text_any):
        yield Breach(
            f"「{given.text_any[0]}」などの表示がありません",
            f"no notice such as '{given.text_any[0]}' is in the message",
        )
