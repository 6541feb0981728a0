"""The kinds of identifier, under the names other programs know them by."""

from __future__ import annotations

TYPES: tuple[str, ...] = tuple(
    """PERSON PHONE EMAIL ADDRESS POSTAL_CODE DOB CREDIT_CARD IBAN BANK_ACCOUNT MY_NUMBER CORPORATE_NUMBER DRIVER_LICENSE
    HEALTH_INSURANCE PASSPORT RESIDENCE_CARD PENSION_NUMBER SSN NINO NHS VEHICLE_PLATE SOCIAL_HANDLE IP_ADDRESS MAC_ADDRESS
    CUSTOMER_ID ORDER_ID SECRET""".split()
)

NAMES: dict[str, tuple[str, str]] = {
    "PERSON": ("氏名", "a person's name"), "PHONE": ("電話番号", "a phone number"), "EMAIL": ("メールアドレス", "an e-mail address"),
    "ADDRESS": ("住所", "an address"), "POSTAL_CODE": ("郵便番号", "a postal code"), "DOB": ("生年月日", "a date of birth"),
    "CREDIT_CARD": ("カード番号", "a card number"), "IBAN": ("IBAN", "an IBAN"), "BANK_ACCOUNT": ("銀行口座", "a bank account"),
    "MY_NUMBER": ("マイナンバー", "a My Number"), "CORPORATE_NUMBER": ("法人番号", "a corporate number"),
    "DRIVER_LICENSE": ("運転免許証番号", "a driving licence number"), "HEALTH_INSURANCE": ("健康保険の番号", "a health insurance number"),
    "PASSPORT": ("旅券番号", "a passport number"), "RESIDENCE_CARD": ("在留カード番号", "a residence card number"),
    "PENSION_NUMBER": ("基礎年金番号", "a pension number"), "SSN": ("米国社会保障番号", "a social security number"),
    "NINO": ("英国国民保険番号", "a national insurance number"), "NHS": ("NHS番号", "an NHS number"),
    "VEHICLE_PLATE": ("車両番号", "a vehicle plate"), "SOCIAL_HANDLE": ("SNSアカウント", "a social media handle"),
    "IP_ADDRESS": ("IPアドレス", "an IP address"), "MAC_ADDRESS": ("MACアドレス", "a MAC address"),
    "CUSTOMER_ID": ("会員番号", "a customer number"), "ORDER_ID": ("注文番号", "an order number"), "SECRET": ("秘密情報", "a secret"),
}  # fmt: skip
"""Type → what a reviewer calls it in Japanese and English."""
