"""Who speaks: the shop as customers know it and as the law asks for it (sender fields of the policy facts)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field


class Sender(BaseModel):
    """One shop's identity.  A field left out stays an unfilled slot, and a message that needs it is blocked.

    ``links`` maps an action to the page where the customer can do what it proposes; other actions fall back to
    ``site_url``.  ``country`` is where the shop is (ISO 3166); ``privacy_notice_purposes`` what its published privacy notice
    covers; ``reply_days`` is for how many days the shop will take up an answer;
    ``voice`` names the file that tells a language model how the shop speaks (``model/<language>/voices/<voice>.j2``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    brand: str | None = None
    signer: str | None = None
    role: str | None = None
    legal_name: str | None = None
    brand_name: str | None = None
    postal_address: str | None = None
    complaint_contact: str | None = None
    optout_url: str | None = None
    optout_email: str | None = None
    reply_email: str | None = None
    license_numbers: list[str] | Mapping[str, str] = Field(default_factory=list)
    site_url: str | None = None
    phone: str | None = None
    country: str | None = None
    privacy_notice_purposes: tuple[str, ...] = ("direct_marketing", "profiling_for_marketing")
    links: Mapping[str, str] = Field(default_factory=dict)
    reply_days: int = Field(default=10, ge=1, le=60)
    voice: str | None = Field(default=None, pattern="^[a-z0-9_-]{1,40}$")
