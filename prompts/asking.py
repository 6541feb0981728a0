"""What a language model is asked: a stable part that a provider may cache, and after it the few lines of one message.

The files are ``model/<language>/system.j2`` (with the voice of the shop and the rules of the channel), ``user.j2`` and
``repair.j2``.  What goes in is closed: ids of facts and their slots, placeholders, words of the catalogue.  No value of a fact, no
note, nothing of a customer is ever in reach of these templates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import TemplateError

from policies.catalogue import Action
from prompts.facts import IDS, SLOTS
from prompts.render import MODEL, Templates
from prompts.segments import CUSTOMER, HEADS, STAFF, STORE, Fault, slots_of
from retrieval.customer import CHANNELS, LANGUAGES
from retrieval.errors import InputError, nearest

_BY_LAYOUT = frozenset(
    "addressee surname company department title brand legal_name signer postal_address optout".split()
)
"""Slots that the layout prints or a placeholder stands for."""
_ALWAYS = ("role", "contact", "reply_by")
"""Slots every message may use."""
_LINKLESS = frozenset({"sms", "push", "phone"})
"""Channels whose layout adds the link, or that cannot carry one."""
VOCABULARY: tuple[tuple[str, str], ...] = tuple((IDS[slot], slot) for slot in SLOTS if slot not in _BY_LAYOUT)
"""(id, slot) of every fact a model may point to."""


class Prompt(NamedTuple):
    """What is sent first: ``system`` is the same for every message of a channel, language and voice; ``user`` is the rest."""

    system: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What is to be written, for everybody to whom the same words may go.

    ``required`` and ``optional`` are the slots at hand; ``voice`` names the shop's voice; ``care`` is whether the reader was let
    down before; ``ask`` is a rep's wish.
    """

    action: str
    name: str
    why: str
    purpose: str
    channel: str
    language: str
    formal: bool
    business: bool
    required: tuple[str, ...]
    optional: tuple[str, ...]
    voice: str
    care: bool
    phrasings: int
    ask: str = ""

    @property
    def key(self) -> str:
        """The same for the same brief, anywhere."""
        told = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return f"b-{hashlib.sha256(told.encode()).hexdigest()[:24]}"

    @property
    def seasonal(self) -> bool:
        """Whether a postcard may greet the season: not where something went wrong."""
        return self.purpose == "marketing" and not self.care


def brief_of(
    action: Action, channel: str, language: str, slots: Sequence[str], *, formal: bool, business: bool, voice: str, care: bool,
    phrasings: int, ask: str = "",
) -> Brief:  # fmt: skip
    """The brief for a bundle that fills ``slots``."""
    barred = _BY_LAYOUT | ({"link", "offer_code"} if channel in _LINKLESS else set())
    at_hand = [slot for slot in SLOTS if slot in slots and slot not in barred]
    return Brief(
        action=action.id, name=action.name[language], why=action.why[language], purpose=action.purpose, channel=channel, language=language,
        formal=formal, business=business, required=tuple(slot for slot in at_hand if slot in action.required),
        optional=tuple(slot for slot in at_hand if slot in action.optional or slot in _ALWAYS), voice=voice, care=care,
        phrasings=phrasings, ask=ask,
    )  # fmt: skip


class Asking:
    """The prompts of a home: its own files first, the shipped ones after them."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._systems: dict[tuple[str, str, str], str] = {}

    @cached_property
    def version(self) -> str:
        """Digest of every file that words are asked with."""
        told = hashlib.sha256()
        for name, content in sorted(self._templates.files.items()):
            if name.startswith(f"prompts/{MODEL}/"):
                told.update(name.encode() + b"\0" + content + b"\0")
        return told.hexdigest()[:16]

    def check(self, voices: Iterable[str]) -> None:
        """Read every prompt now: a slip in a home's own stops a run before it begins.

        Raises InputError naming the file that is broken, or the voice that no language has.
        """
        known = {
            Path(name).stem
            for name in self._templates.files
            if name.startswith(f"prompts/{MODEL}/") and "/voices/" in name
        }
        for voice in sorted(set(voices) - known):
            raise InputError(
                f"there is no voice '{voice}'{nearest(voice, known)}",
                file=f"prompts/{MODEL}/<language>/voices",
                key="voice",
            )
        for language, channel in product(LANGUAGES, CHANNELS):
            for voice in ("default", *sorted(set(voices))):
                brief = Brief(
                    action="check", name="", why="", purpose="marketing", channel=channel, language=language, formal=True, business=True,
                    required=("product",), optional=("link",), voice=voice, care=True, phrasings=2, ask="…",
                )  # fmt: skip
                self.prompt(brief)
            self.repair(brief, [Fault("check", 1, "body", 1, "…", "…", "…")])

    def prompt(self, brief: Brief) -> Prompt:
        """The first question.  Raises InputError naming the file that is broken."""
        return Prompt(self._system(brief), self._rendered(brief, "user", {
            **asdict(brief), "required": _listed(brief.required), "optional": _listed(brief.optional),
            "placeholders": ", ".join(slots_of(brief.channel, brief.language)),
        }))  # fmt: skip

    def repair(self, brief: Brief, findings: Sequence[Fault]) -> str:
        """What follows an answer that may not be used as it is."""
        return self._rendered(brief, "repair", {"findings": findings, "phrasings": brief.phrasings})

    def _system(self, brief: Brief) -> str:
        key = (brief.language, brief.channel, brief.voice)
        if key not in self._systems:
            self._systems[key] = self._rendered(brief, "system", {
                "vocabulary": VOCABULARY, "voice": brief.voice, "channel": brief.channel, "head": HEADS.get(brief.channel),
                "customer": CUSTOMER, "store": STORE, "staff": STAFF,
            })  # fmt: skip
        return self._systems[key]

    def _rendered(self, brief: Brief, name: str, context: Mapping[str, Any]) -> str:
        file = f"{MODEL}/{brief.language}/{name}.j2"
        try:
            return self._templates.environment.get_template(file).render(context).strip() + "\n"
        except TemplateError as error:
            raise InputError(str(error), file=f"prompts/{file}", line=getattr(error, "lineno", None)) from None


def _listed(slots: Sequence[str]) -> str:
    return ", ".join(f"{IDS[slot]} {slot}" for slot in slots)
