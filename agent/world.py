"""Everything a decision depends on besides the customer, loaded once and passed as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.known import Known
from agent.ranking.propensity import PriorPropensity, Propensity
from agent.sharing import Shared
from policies.catalogue import Catalogue, digest_of, load_catalogue
from policies.eligibility import Screen
from prompts.render import Templates
from prompts.sender import Sender


@dataclass(frozen=True, slots=True)
class World:
    """Catalogue, compiled conditions, templates, propensity model and the shops' identities.

    ``policy_version`` is the digest of every policy and template file in force; ``shared`` remembers which copies are clean under
    these policies; ``known`` are everybody's identifiers, None where nobody but the reader is known (a record from outside).
    """

    catalogue: Catalogue
    screen: Screen
    templates: Templates
    propensity: Propensity
    senders: Mapping[str, Sender]
    policy_version: str
    shared: Shared = field(default_factory=Shared, repr=False, compare=False)
    known: Known | None = field(default=None, repr=False, compare=False)


def load_world(
    senders: Mapping[str, Sender],
    *,
    policies: tuple[Path, ...] = (),
    prompts: tuple[Path, ...] = (),
    compiled: Path | None = None,
) -> World:
    """Load and check everything; folders given replace or add to what is shipped; ``compiled`` keeps compiled templates.

    Raises InputError at the first file that cannot be read, naming file and line.
    """
    catalogue = load_catalogue(*policies)
    templates = Templates(*prompts, compiled=compiled)
    templates.check([action.id for action in catalogue.actions if not action.internal])
    return World(
        catalogue=catalogue, screen=Screen(catalogue), templates=templates, propensity=PriorPropensity(), senders=senders,
        policy_version=digest_of({**catalogue.files, **templates.files}),
    )  # fmt: skip
