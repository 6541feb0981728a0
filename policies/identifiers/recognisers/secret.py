"""Secrets: keys by their issuer's prefix, tokens, private keys, passwords and codes after a label, credentials in a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("SECRET",)
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{16,200}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,64}"
    r"|(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{12,20}|AIza[A-Za-z0-9_-]{30,40}|xox[abposr]-[A-Za-z0-9-]{10,200}|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,120}|whsec_[A-Za-z0-9+/=]{16,120}"
    r"|SG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{20,60}|hf_[A-Za-z0-9]{20,60}|npm_[A-Za-z0-9]{30,60}|pypi-[A-Za-z0-9_-]{40,300}|ya29\.[A-Za-z0-9_-]{20,300}|dop_v1_[a-f0-9]{40,80}|EAA[A-Za-z0-9]{40,300}"
    r"|eyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8,2000}(?:\.[A-Za-z0-9_-]{0,1000})?)(?![A-Za-z0-9])"
)
_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=\s:,-]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_BEARER = re.compile(r"(?<![A-Za-z])(?:Bearer|Basic|Token) +([A-Za-z0-9._~+/=-]{12,2000})", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+]{1,15}://([^\s:/@\"'<>]{1,64}:[^\s:/@\"'<>]{1,128})@", re.IGNORECASE)
_HOOK = re.compile(
    r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{10,120}|https://discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]{10,200}"
)
_NAMED = re.compile(
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret(?:[_ -]?(?:access[_ -]?)?key)?|api[_ -]?key|apikey|access[_ -]?(?:token|key)|auth[_ -]?token|client[_ -]?secret|private[_ -]?key|token|PIN(?: code)?|CVV2?|CVC2?|security code|one[- ]time (?:code|password)|OTP|verification code"
    r"|パスワード|暗証番号|合言葉|秘密の質問の答え|認証コード|確認コード|ワンタイムパスワード|セキュリティコード|アクセストークン|APIキー|シークレット(?:キー)?|秘密鍵)"
    r"[\"']?(?:番号|は|が| is(?: now)?| was|[ ]?[:：=]|[ ]?=>)[ ]?[\"'「]?([!-&(-~]{3,200})", re.IGNORECASE
)  # fmt: skip
_LABELS = tuple(
    "pass pwd secret api token pin cvv cvc otp code パス 暗証 合言葉 コード トークン キー シークレット 秘密".split()
)
_KEY_SIGNS = (
    "_",
    "sk-",
    "glpat-",
    "xox",
    "akia",
    "asia",
    "agpa",
    "aroa",
    "aiza",
    "sg.",
    "pypi-",
    "ya29.",
    "eaa",
    "eyj",
)
"""What every key has."""
_PLACEHOLDER = re.compile(
    r"[*x•.]+|<.*|\{\{?.*|\$\{?[A-Z_]+.*|(?:required|reset|expired|incorrect|wrong|changed|protected|here|your|the|not|a|set|sent|invalid|valid|never|now|being|must|hashed|stored|same|too)[.,!]?",
    re.IGNORECASE,
)


def find(reading: Reading) -> Iterator[Hit]:
    """By prefix, or by label with something after it that is no ordinary word."""
    text = reading.text
    if len(text) > 16 and reading.latin:
        yield from _keys(reading)
    if reading.says(_LABELS):
        for found in _NAMED.finditer(text):
            said = found[1].rstrip(".,;:)\"'")
            if said and not _PLACEHOLDER.fullmatch(said) and not (said.isalpha() and said.islower()):
                yield Hit(found.start(1), found.start(1) + len(said), "SECRET", SHAPED)


def _keys(reading: Reading) -> Iterator[Hit]:
    text, lower = reading.text, reading.lower
    for found in _KEY.finditer(text) if reading.says(_KEY_SIGNS) else ():
        yield Hit(*found.span(), "SECRET", CHECKED)
    if "-----BEGIN" in text:
        for found in _BLOCK.finditer(text):
            yield Hit(*found.span(), "SECRET", CHECKED)
    if "bearer" in lower or "basic" in lower or "token" in lower:
        for found in _BEARER.finditer(text):
            if any("0" <= letter <= "9" for letter in found[1]):
                yield Hit(*found.span(1), "SECRET", CHECKED)
    if "://" in text:
        for pattern, group in ((_URL, 1), (_HOOK, 0)):
            for found in pattern.finditer(text):
                yield Hit(*found.span(group), "SECRET", CHECKED)
