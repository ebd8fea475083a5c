import datetime as dt

import pytest

from compliance.domain.criteria import BadCriterion, Criteria, read_criteria


def test_empty_form_asks_for_nothing() -> None:
    assert read_criteria({}) == Criteria()
    assert read_criteria({"order_id": "  "}).is_empty


def test_every_field_is_read() -> None:
    form = {
        "order_id": "#17", "rfq_id": "3", "user": " trader ", "firm": "Aurora", "instrument": "btc-perpetual",
        "after": "2026-02-03", "before": "2026-02-03T14:30:00+02:00",
    }  # fmt: skip
    assert read_criteria(form) == Criteria(
        order_id=17,
        rfq_id=3,
        user="trader",
        firm="Aurora",
        instrument="BTC-PERPETUAL",
        after=dt.datetime(2026, 2, 3, tzinfo=dt.UTC),
        before=dt.datetime(2026, 2, 3, 12, 30, tzinfo=dt.UTC),
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("order_id", "one"), ("order_id", "-1"), ("rfq_id", "9" * 19), ("rfq_id", "٣"), ("after", "yesterday"), ("before", "2026-13-01")],
)
def test_what_cannot_be_read_is_named(field: str, value: str) -> None:
    with pytest.raises(BadCriterion, match=field.replace("_", " ")) as caught:
        read_criteria({field: value})
    assert caught.value.field == field
