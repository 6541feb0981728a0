"""The action catalogue: what may be done, under which conditions, through which channels.

One file in ``actions/`` is one next-best action.  Loading validates everything at once, because a rule that cannot be
read must stop the run before it lets anything through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.channels import ChannelRules, load_channels
from policies.claims.lexicon import Lexicon, load_lexicon
from policies.contact import ContactPolicy, load_contact_policy
from policies.expressions import Expression, parse
from policies.jurisdictions import Law, load_law
from policies.lexicons import Lexicons, load_lexicons
from policies.loading import Page, policy_file, policy_files
from policies.unspoken import Unspoken, read_unspoken
from retrieval.customer import CHANNELS
from retrieval.errors import InputError, nearest
from retrieval.features import VOCABULARY
from retrieval.features.contacts import ENGAGING
from retrieval.features.feature import Feature

HERE = Path(__file__).parent
Stage = Literal["gate", "consent", "cap", "hold", "stock", "offer", "eligibility", "applicability", "suitability"]
Tier = Literal["internal", "service", "relationship", "commercial"]
TIERS: tuple[str, ...] = ("internal", "service", "relationship", "commercial")
_CONDITIONS: Mapping[str, Stage] = {"eligible": "eligibility", "applicable": "applicability", "suitable": "suitability"}

NAMES: Mapping[str, Feature] = {
    **VOCABULARY,
    "ch": Feature("ch", "string", "", "the candidate channel", words=CHANNELS),
}
"""Every name a condition may use: the features, and ``ch``."""


def _both_languages(said: dict[str, str]) -> dict[str, str]:
    if set(said) != {"ja", "en"}:
        raise ValueError("must be said in ja and en")
    return said


Names = Annotated[dict[str, str], AfterValidator(_both_languages)]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class _ActionFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    name: Names
    why: Names
    order: int
    tier: Tier
    group: str
    purpose: Literal["marketing", "service"]
    binds: Literal["sku", "offer"] | None = None
    prefer: str | None = None
    gates: tuple[str, ...]
    eligible: str | None = None
    applicable: str | None = None
    suitable: str | None = None
    channels: tuple[str, ...]
    propensity: float = Field(ge=0, le=1)
    value: str
    lasts_days: int = Field(ge=1, le=60)
    topics: tuple[str, ...] = ()
    facts: _Facts = _Facts()
    forbidden: str = ""
    metric: str = ""


class _GateFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    stage: Stage
    ja: str
    en: str
    condition: str


class _LeverFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    action: str | None = None
    group: str | None = None
    weight: float = Field(ge=-1, le=1)
    owner: str
    reason: str
    expires: date


class _ArbitrationFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    fatigue: dict[str, float]
    preferred_channel: float = Field(ge=0.5, le=2)


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause that must hold.  ``rule`` is a gate's id or ``<action>.eligible`` …; ``clause`` one top-level ``and`` part."""

    stage: str
    rule: str
    clause: Expression


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Action:
    """One next-best action.

    ``rules`` in the order they are asked; ``prefer`` ranks the products or offers it can be bound to (highest first);
    ``propensity`` prior probability that the customer responds on email; ``value`` what a response is worth, in minor
    units; ``lasts_days`` for how long the message stays true; ``required`` and ``optional`` fact slots.
    """

    id: str
    name: Mapping[str, str]
    why: Mapping[str, str]
    order: int
    tier: str
    group: str
    purpose: str
    binds: str | None
    prefer: Expression | None
    rules: tuple[Rule, ...]
    channels: tuple[str, ...]
    propensity: float
    value: Expression
    lasts_days: int
    topics: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    forbidden: str
    metric: str

    @property
    def internal(self) -> bool:
        """True when nothing is sent to the customer."""
        return self.tier == "internal"


@dataclass(frozen=True, slots=True)
class Lever:
    """A person's bounded, expiring push on an action or a group: the score is multiplied by 2 to the ``weight``."""

    action: str | None
    group: str | None
    weight: float
    owner: str
    reason: str
    expires: date

    def moves(self, action: Action, day: date) -> bool:
        """Whether it applies to ``action`` on ``day``; the day it expires is its last."""
        return day <= self.expires and (
            self.action == action.id or (self.group is not None and self.group == action.group)
        )


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything loaded: actions in catalogue order, channels, levers, word lists, and the bytes of the files they came from.

    ``gates`` maps id → (stage, Japanese, English); ``law`` what each jurisdiction demands; ``contact`` how often and when;
    ``fatigue`` is minor units per marketing contact of the last 30 days by currency; ``preferred_channel`` the factor on
    response where the customer named the channel; ``lexicons`` a copy editor's word lists by the name of their file;
    ``unspoken`` what a message never speaks of (``sensitive``, ``surveillance``).
    """

    actions: tuple[Action, ...]
    channels: Mapping[str, ChannelRules]
    levers: tuple[Lever, ...]
    gates: Mapping[str, tuple[str, str, str]]
    fatigue: Mapping[str, float]
    preferred_channel: float
    law: Law
    contact: ContactPolicy
    lexicon: Lexicon = field(repr=False)
    lexicons: Lexicons
    unspoken: Mapping[str, Unspoken] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def by_id(self) -> Mapping[str, Action]:
        """Actions by id."""
        return {action.id: action for action in self.actions}

    @cached_property
    def topics(self) -> Mapping[str, tuple[str, ...]]:
        """What each action speaks about, for ``topic_avoided``."""
        return {action.id: action.topics for action in self.actions if not action.internal}

    @cached_property
    def version(self) -> str:
        """Policy version: SHA-256 over the names and bytes of all files, first 16 hex digits."""
        return digest_of(self.files)

    def action(self, name: str) -> Action:
        """The action of this id; raises InputError naming the nearest one."""
        if name not in self.by_id:
            raise InputError(f"unknown action '{name}'{nearest(name, self.by_id)}", key="action")
        return self.by_id[name]


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over sorted (name, bytes), first 16 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:16]


def load_catalogue(*overrides: Path) -> Catalogue:
    """Read gates, actions, channels, levers and word lists; files of ``overrides`` replace or add to the shipped ones.

    Raises InputError at the first mistake, naming file, line and the nearest right name.
    """
    roots = (*overrides, HERE)
    channels = load_channels(*roots)
    gates, gate_page = _load_gates(policy_file("gates.yaml", *roots))
    paths = policy_files("actions", *roots)
    actions = sorted(
        (_load_action(path, gates, channels) for path in paths), key=lambda action: (action.order, action.id)
    )
    for first, second in pairwise(actions):
        if first.order == second.order:
            raise InputError(
                f"'{first.id}' and '{second.id}' both have order {first.order}", file=f"{second.id}.yaml", key="order"
            )
    lever_path = policy_file("levers.yaml", *roots)
    levers = _load_levers(lever_path, actions)
    arbitration_page = Page(policy_file("arbitration.yaml", *roots))
    arbitration = arbitration_page.read(_ArbitrationFile)
    lexicons, lexicon_paths = load_lexicons(*roots)
    lexicon, word_paths = load_lexicon(*roots)
    unspoken_page = Page(policy_file("lexicons/unspoken.yaml", *roots))
    contact_path = policy_file("contact_policy.yaml", *roots)
    contact = load_contact_policy(
        contact_path,
        groups={action.id: action.group for action in actions},
        channels=channels,
        answers=frozenset(ENGAGING),
    )
    read = [
        gate_page.path,
        lever_path,
        arbitration_page.path,
        contact_path,
        unspoken_page.path,
        *paths,
        *lexicon_paths,
        *word_paths,
    ]
    read += [path for folder in ("channels", "law") for path in policy_files(folder, *roots)]
    return Catalogue(
        actions=tuple(actions), channels=channels, levers=levers,
        gates={name: (gate.stage, gate.ja, gate.en) for name, (gate, _) in gates.items()},
        fatigue=arbitration.fatigue, preferred_channel=arbitration.preferred_channel, lexicons=lexicons, law=load_law(*roots),
        contact=contact, lexicon=lexicon,
        unspoken={key: read_unspoken(unspoken_page, key) for key in ("sensitive", "surveillance")},
        files={f"{path.parent.name}/{path.name}": path.read_bytes() for path in read},
    )  # fmt: skip


def _load_gates(path: Path) -> tuple[dict[str, tuple[_GateFile, tuple[Rule, ...]]], Page]:
    page = Page(path)
    gates = {}
    for name, content in page.content.items():
        gate = page.part(_GateFile, content, name)
        condition = parse(gate.condition, NAMES, file=path, line=page.line(name, "condition"), key=f"{name}.condition")
        gates[name] = (gate, tuple(Rule(gate.stage, name, clause) for clause in condition.clauses()))
    return gates, page


def _load_action(
    path: Path, gates: Mapping[str, tuple[_GateFile, tuple[Rule, ...]]], channels: Iterable[str]
) -> Action:
    page = Page(path)
    read = page.read(_ActionFile)
    if read.id != path.stem:
        raise page.error(f"the file is named {path.stem}, so the id must be '{path.stem}'", "id")
    for number, name in enumerate(read.gates):
        if name not in gates:
            raise page.error(f"unknown gate '{name}'{nearest(name, gates)}", "gates", number)
    for number, name in enumerate(read.channels):
        if name not in channels:
            raise page.error(f"unknown channel '{name}'{nearest(name, channels)}", "channels", number)
    if (read.binds is None) != (read.prefer is None):
        raise page.error(
            "an action that binds something says which one it prefers, and only such an action does", "prefer"
        )

    def expression(key: str, text: str, kind: Literal["bool", "number"] = "number") -> Expression:
        return parse(text, NAMES, kind=kind, file=path, line=page.line(key), key=key)

    rules = [rule for name in read.gates for rule in gates[name][1]]
    for key, stage in _CONDITIONS.items():
        if (text := getattr(read, key)) is not None:
            rules += [Rule(stage, f"{read.id}.{key}", clause) for clause in expression(key, text, "bool").clauses()]
    for rule in rules:
        grains = {"channel" if name == "ch" else NAMES[name].grain for name in rule.clause.names}
        if "channel" in grains and grains & {"sku", "offer"}:
            raise page.error(
                f"'{rule.clause.text}' mixes the channel with a product or offer: write two clauses joined by and",
                rule.rule,
            )
    bound = {grain for rule in rules for name in rule.clause.names if (grain := NAMES[name].grain) in ("sku", "offer")}
    if bound - {read.binds}:
        raise page.error(f"uses {'/'.join(sorted(bound))} features but does not bind one", "binds")
    return Action(
        id=read.id, name=read.name, why=read.why, order=read.order, tier=read.tier, group=read.group, purpose=read.purpose,
        binds=read.binds, prefer=expression("prefer", read.prefer) if read.prefer else None, rules=tuple(rules),
        channels=read.channels, propensity=read.propensity, value=expression("value", read.value),
        lasts_days=read.lasts_days, topics=read.topics, required=read.facts.required, optional=read.facts.optional,
        forbidden=read.forbidden, metric=read.metric,
    )  # fmt: skip


def _load_levers(path: Path, actions: Iterable[Action]) -> tuple[Lever, ...]:
    page = Page(path)
    ids, groups = {action.id for action in actions}, {action.group for action in actions}
    levers = []
    for number, content in enumerate((page.content or {}).get("levers") or ()):
        read = page.part(_LeverFile, content, "levers", number)
        if (read.action is None) == (read.group is None):
            raise page.error("a lever moves one action or one group", "levers", number)
        if read.action is not None and read.action not in ids:
            raise page.error(f"unknown action '{read.action}'{nearest(read.action, ids)}", "levers", number, "action")
        if read.group is not None and read.group not in groups:
            raise page.error(f"unknown group '{read.group}'{nearest(read.group, groups)}", "levers", number, "group")
        levers.append(Lever(read.action, read.group, read.weight, read.owner, read.reason, read.expires))
    return tuple(levers)
