from __future__ import annotations

from pathlib import Path

import polars as pl

from retrieval.customer import CHANNELS
from retrieval.features import VOCABULARY, compute
from retrieval.features.reference import page
from tests.retrieval.builders import a_customer, frames

NAMES = [
    "status",
    "tier",
    "programme",
    "is_minor",
    "guardian_consent",
    "celebration_days",
    "tenure_days",
    "points",
    "days_to_points_expiry",
    "has_owner",
    "days_since_owner_change",
    "days_since_owner_contact",
    "dup_score",
    "data_quality",
    "ok_ch",
    "service_ok_ch",
    "objected_all",
    "track_ok",
    "pref_max_30d_ch",
    "contacts_7d",
    "contacts_30d",
    "hours_since_contact",
    "contacts_14d_ch",
    "contacts_30d_ch",
    "same_action_days",
    "sends_without_engagement",
    "orders_n",
    "days_since_order",
    "trend_180",
    "spend_365d",
    "aov_365d",
    "ltv_to_date",
    "r",
    "f",
    "m",
    "rfm_cell",
    "cycle_days",
    "max_due_ratio",
    "days_since_delivery",
    "packing_order",
    "gift_order",
    "days_since_return",
    "family_bought_days",
    "acc_gap_n",
    "unregistered",
    "reg_window_days",
    "reg_benefit",
    "last_delivered_durable",
    "first_of_family",
    "kept_unreviewed",
    "coupon_share",
    "sub_status",
    "payment_failed",
    "plan_usage",
    "renew_days",
    "p_alive",
    "ltv_12m_pred",
    "survey_unthanked",
    "survey_days",
    "nps_last",
    "milestone",
    "advocate",
    "attended",
    "service_event",
    "service_event_days",
    "event_open",
    "region_fits",
    "interest_cat",
    "content_match",
    "open_ticket",
    "open_complaint",
    "complaint_closed_days",
    "ticket_closed_days",
    "csat_last",
    "promise_due_h",
    "hold_topic",
    "topic_avoided",
    "surplus_tag",
    "pause_tag",
    "price_up_tag",
    "email_freq_tag_days",
    "howto_tag_days",
    "upgrade_asked_days",
    "churn_signal",
    "remedy_available",
    "deal_step_due",
    "declined_days",
    "winback_sent_days",
    "s_stock",
    "s_recall",
    "s_consumable",
    "s_cycle_known",
    "s_orders",
    "s_owned",
    "s_days_since_bought",
    "s_returned_days",
    "s_sub_active",
    "s_cycle_days",
    "s_due_ratio",
    "s_cycle_cv",
    "s_fits_owned",
    "s_upgrade_of_owned",
    "s_avoided",
    "s_hours_since_view",
    "s_views_7d",
    "s_cart_age_h",
    "s_followed_up",
    "s_restock_wait",
    "s_restocked_h",
    "o_ok",
    "o_audience_ok",
    "o_shown",
    "o_new",
    "o_lifecycle",
    "o_season",
    "language",
    "tz",
    "pref_channel",
    "click_rate_90d",
]
"""What the action catalogue, ranking and drafting may ask for."""


def test_every_name_that_conditions_use_is_a_feature():
    assert set(NAMES) <= set(VOCABULARY)


def test_every_feature_says_what_it_is():
    for feature in VOCABULARY.values():
        assert feature.definition.endswith("."), feature.name
        assert feature.unit or feature.kind != "number", feature.name


def test_the_columns_are_the_same_for_anyone_and_for_no_one():
    topics = {"winback": (), "survey_thanks": ()}
    nobody, someone = (compute(frames(customers=who), topics=topics) for who in ([], [a_customer(), a_customer("C2")]))
    for name in ("customers", "skus", "offers"):
        assert getattr(nobody, name).schema == getattr(someone, name).schema
    grains = {"channel": CHANNELS, "action": topics, "customer": ("",)}
    expected = sum(len(grains.get(feature.grain, ())) for feature in VOCABULARY.values())
    assert someone.customers.shape == (2, 1 + expected)


def test_types_are_those_of_the_vocabulary():
    customers = compute(frames(), topics={"winback": ()}).customers
    for feature in VOCABULARY.values():
        if feature.grain not in ("sku", "offer"):
            for name in feature.columns(["winback"]):
                assert customers.schema[name] == feature.dtype, name
    assert customers.schema["i"] == pl.UInt32


def test_the_page_in_the_documentation_is_the_generated_one():
    written = Path(__file__).parents[3] / "docs" / "features.md"
    assert written.read_text(encoding="utf-8") == page(), (
        "run: python -m retrieval.features.reference > docs/features.md"
    )
