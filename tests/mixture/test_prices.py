"""What hours cost: by hand, kept in the workspace, and refused where it is no price."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import BadData
from core.mixture.cost import DENSE_BF16_PEAK
from core.mixture.prices import EXAMPLE_PRICES, Costing, costing, keep
from core.store.acts import Acts
from core.workspace import Workspace


def test_money_is_device_hours_times_price_and_devices_share_the_time() -> None:
    one = Costing(device="A100", num_devices=8, prices={"A100": 2.5})
    assert one.money(40) == 100
    assert one.wall_hours(40) == 5
    assert not one.is_example
    assert Costing().is_example
    assert Costing().price == EXAMPLE_PRICES["H200"]


def test_every_device_has_a_peak_and_an_example() -> None:
    assert set(EXAMPLE_PRICES) == set(DENSE_BF16_PEAK)


def test_it_is_kept_in_the_workspace_without_a_list_of_what_it_was(tmp_path: Path) -> None:
    here = Workspace.create(tmp_path / "ws")
    assert costing(here) == Costing()
    for number in (2, 3):
        keep(here, Costing(num_devices=number, currency="€", utilisation=0.4))
    assert costing(Workspace.open(here.path)) == Costing(num_devices=3, currency="€", utilisation=0.4)
    assert len(Acts(here.acts_path).history("costing", "mixture")) == 1
    Acts(here.acts_path).revise("costing", lambda before: {"mixture": {"device": "abacus"}})
    with pytest.raises(BadData, match="cannot be read"):
        costing(here)


@pytest.mark.parametrize(
    "wrong",
    [{"device": "abacus"}, {"num_devices": 0}, {"utilisation": 0}, {"utilisation": float("nan")}, {"currency": "gold"},
     {"prices": {"H200": -1}}, {"prices": {"H200": float("nan")}}, {"prices": {"H200": float("inf")}}],
)  # fmt: skip
def test_what_is_no_price_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Costing(**wrong)
