"""The home: one folder with the database, the settings and a shop's own policies and prompts."""

from __future__ import annotations

import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from prompts.sender import Sender
from retrieval.errors import InputError, nearest

SETTINGS = "enishi.toml"
_KEY = 32


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Database(_Section):
    url: str = ""


class _Import(_Section):
    timezone: str = "Asia/Tokyo"

    @field_validator("timezone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"unknown timezone{nearest(zone, available_timezones())}")
        return zone


class _Review(_Section):
    four_eyes: bool = True


class Drafting(_Section):
    """Which language model writes, where it is, and what may be spent on it.

    ``base_url`` is any OpenAI-compatible address, empty for OpenAI's own; the key stands only in the environment, in the variable
    named.  ``structured`` is how the server is told the form of an answer; ``none`` leaves it to the prompt.  Prices are for a million tokens, in ``currency``; budgets are for one run and 0 is none.  ``phrasings`` is how many
    ways of wording a batch asks for; ``temperature`` is the provider's own where it is not given; ``price_overnight`` is the share of
    the prices that its batch interface asks.
    """

    model: str = ""
    base_url: str = Field(default="", pattern="^(https?://.+)?$")
    key_variable: str = "OPENAI_API_KEY"
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    attempts: int = Field(default=4, ge=1, le=10)
    max_output_tokens: int = Field(default=1500, ge=100, le=32_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    phrasings: int = Field(default=3, ge=1, le=6)
    in_flight: int = Field(default=8, ge=1, le=256)
    requests_per_minute: int = Field(default=300, ge=2)
    tokens_per_minute: int = Field(default=200_000, ge=2000)
    price_in: float = Field(default=0, ge=0)
    price_cached: float | None = Field(default=None, ge=0)
    price_out: float = Field(default=0, ge=0)
    price_overnight: float = Field(default=0.5, ge=0, le=1)
    currency: str = "USD"
    budget_tokens: int = Field(default=0, ge=0)
    budget_money: float = Field(default=0, ge=0)
    budget_requests: int = Field(default=0, ge=0)


class Settings(_Section):
    """``enishi.toml``: where the database is, who the shops are, how strict review is, which model writes."""

    database: _Database = _Database()
    importing: _Import = Field(default=_Import(), alias="import")
    review: _Review = _Review()
    drafting: Drafting = Drafting()
    shops: Mapping[str, Sender] = Field(default_factory=dict)


@dataclass(frozen=True)
class Home:
    """A home that exists: its folder and settings."""

    folder: Path
    settings: Settings

    @property
    def database_url(self) -> str:
        """The configured URL, else SQLite in the home."""
        return self.settings.database.url or f"sqlite:///{self.folder / 'enishi.db'}"

    @property
    def zone(self) -> ZoneInfo:
        """Zone of dates without one, on import."""
        return ZoneInfo(self.settings.importing.timezone)

    @property
    def policies(self) -> Path:
        """The home's own policies, which replace or add to the shipped ones."""
        return self.folder / "policies"

    @property
    def prompts(self) -> Path:
        """The home's own templates."""
        return self.folder / "prompts"

    @cached_property
    def key(self) -> bytes:
        """The home's secret of 32 bytes, made when first asked for; readable by its owner alone.

        Raises InputError when the file of it was cut.
        """
        path = self.folder / "key"
        if not path.is_file():
            # Linked into place whole, so that of two processes neither reads half a key.
            with tempfile.NamedTemporaryFile(dir=self.folder) as file, suppress(FileExistsError):
                file.write(secrets.token_bytes(_KEY))
                file.flush()
                os.link(file.name, path)
        found = path.read_bytes()
        if len(found) != _KEY:
            raise InputError(f"must hold {_KEY} bytes; fingerprints in the audit log are made with it", file=path)
        return found

    def compiled_templates(self) -> Path | None:
        """Where compiled templates are kept, None where the home is not a folder one may write to."""
        kept = self.folder / "cache"
        try:
            kept.mkdir(exist_ok=True)
        except OSError:
            return None
        return kept


def open_home(folder: Path) -> Home:
    """The home in ``folder``.

    Raises InputError when there is none or its settings are wrong, naming line and key.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise InputError(
            "there is no Enishi home here: 'enishi init' makes an empty one, 'enishi demo' one with sample customers",
            file=folder,
        )
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", file=path) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"is not valid TOML: {error}", file=path) from None
    try:
        return Home(folder, Settings.model_validate(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = [str(part) for part in first["loc"]]
        said = (
            f"unknown key{nearest(where[-1], _keys_at(where[:-1]))}"
            if first["type"] == "extra_forbidden"
            else first["msg"].removeprefix("Value error, ")
        )
        raise InputError(said, file=path, line=_line(text, where), key=".".join(where)) from None


def _keys_at(where: list[str]) -> list[str]:
    model: Any = Settings
    for part in where:
        if model is Settings and part == "shops":
            return list(Sender.model_fields)
        field = next((item for name, item in model.model_fields.items() if part in (name, item.alias)), None)
        model = type(field.default) if field is not None else Sender
    return [item.alias or name for name, item in model.model_fields.items()]


def _line(text: str, where: list[str]) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.split("=")[0].strip() == where[-1]:
            return number
    return None


TEMPLATE = """# Enishi home.  Everything has a default; remove the # to change it.

[database]
# url = "postgresql://user@host/enishi"     # default: SQLite, enishi.db in this folder

[import]
# timezone = "Asia/Tokyo"                   # zone of dates and times that name none

[review]
# four_eyes = true                          # who ordered a batch or edited a draft may not approve it

# For 'enishi draft … --drafter model' and 'enishi batch run … --drafter model': docs/drafting.md.
[drafting]
# model = "gpt-5.5-mini"                    # the key stands in the environment, never here
# base_url = "https://llm.example.jp/v1"    # any OpenAI-compatible server; default: OpenAI's
# key_variable = "OPENAI_API_KEY"           # the variable that holds the key
# structured = "json_schema"                # for a server that knows less: "json_object" or "none"
# timeout_seconds = 60
# requests_per_minute = 300                 # your account's limits; tokens as the provider counts them
# tokens_per_minute = 200000
# in_flight = 8                             # requests under way at once
# price_in = 0.25                           # per million tokens, in currency
# price_cached = 0.025                      # of tokens read from the provider's cache
# price_out = 2.0
# price_overnight = 0.5                     # the share of these that 'enishi batch run … --overnight' pays
# currency = "USD"
# budget_money = 5.0                        # per run; what is left falls to the templates. 0: no limit
# budget_tokens = 0
# budget_requests = 0
# phrasings = 3                             # ways of wording that a batch asks for

# One block per shop: who speaks.  A customer's `shop` chooses the block; without one it is "main".
[shops.main]
# brand = "見本屋"                           # as customers know it
# legal_name = "株式会社見本屋"               # registered name (特定電子メール法4条)
# signer = "見本 花子"                       # the person who signs
# role = "店主"
# postal_address = "〒100-0000 東京都見本区見本町1-2-3"
# complaint_contact = "help@example.jp"
# optout_url = "https://example.jp/stop"
# site_url = "https://example.jp/"
# country = "JP"                            # ISO 3166; its law applies besides that of the customer's country
# privacy_notice_purposes = ["direct_marketing", "profiling_for_marketing"]   # what your published notice covers (個人情報保護法17条)
# reply_days = 10                           # for how many days an answer will be taken up
# voice = "default"                         # how a language model speaks for the shop: prompts/model/ja/voices/default.j2
# [shops.main.links]
# replenish_reminder = "https://example.jp/reorder"
"""


def init_home(folder: Path) -> Path:
    """Write a commented ``enishi.toml``; raises InputError if there is one already."""
    path = folder / SETTINGS
    if path.exists():
        raise InputError("there is a home here already", file=folder)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE, encoding="utf-8")
    return path
