"""The port for propensity, P(the customer responds to this action on this channel), and its first implementation.

Propensity is not the selection probability: the one is about the customer, the other about us.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policies.catalogue import Catalogue
from policies.eligibility import Screening
from retrieval.customer import CHANNELS
from retrieval.features import FeatureFrames


class Propensity(Protocol):
    """A model of response."""

    @property
    def version(self) -> str:
        """Identifies model and parameters; part of every decision record."""

    def __call__(self, screening: Screening, features: FeatureFrames, catalogue: Catalogue) -> NDArray[np.float64]:
        """Probability of a response, shape (candidates,), each in [0, 1]."""


class PriorPropensity:
    """The house priors: the action's propensity × the channel's relative response, capped at 0.95.

    Used until outcomes say more; a prior is a stated opinion in the action's file, never 0.5 out of ignorance.
    """

    @property
    def version(self) -> str:
        """The priors stand in policy files, so the policy version already tells them apart."""
        return "prior-1"

    def __call__(self, screening: Screening, features: FeatureFrames, catalogue: Catalogue) -> NDArray[np.float64]:
        """See :class:`Propensity`."""
        action = np.array([action.propensity for action in catalogue.actions])
        channel = np.array([catalogue.channels[name].response for name in CHANNELS] + [1.0])
        factor = np.where(named_channel(screening, features), catalogue.preferred_channel, 1.0)
        return np.minimum(action[screening.action] * channel[screening.channel] * factor, 0.95)


def named_channel(screening: Screening, features: FeatureFrames) -> NDArray[np.bool_]:
    """For each candidate, whether its channel is the one the customer named."""
    stated = features.customers["pref_channel"].to_list()
    wanted = np.array([CHANNELS.index(name) if name in CHANNELS else len(CHANNELS) for name in stated], dtype=np.int64)
    return wanted[screening.customer] == screening.channel
