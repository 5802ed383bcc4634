"""What an hour of a device is reckoned at, and how many there are: kept in the workspace, so that everybody there sees one figure.

The prices Winnow begins with are examples of a rented device, no offer of anybody's; whoever knows better types their own.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import BadData
from core.mixture.cost import ASSUMED_UTILISATION, DENSE_BF16_PEAK
from core.store.acts import Acts
from core.workspace import Workspace

EXAMPLE_PRICES = {"H200": 3.5, "H100": 2.5, "A100": 1.5, "L40S": 1.0, "B200": 5.0}
"""Money per hour of one device: round figures to begin with."""

KIND, _KEY = "costing", "mixture"


class Costing(BaseModel):
    """What hours and money are quoted for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field("H200", description="The device hours are quoted for.")
    num_devices: int = Field(
        1, ge=1, le=100_000, description="How many work together; N are taken to be N times as fast."
    )
    utilisation: float = Field(
        ASSUMED_UTILISATION, gt=0, le=1, description="Share of the dense bf16 peak a training run is assumed to reach."
    )
    currency: Literal["$", "€", "£", "¥"] = Field("$", description="What prices are in.")
    prices: dict[str, float] = Field(
        default_factory=dict, description="Money per hour of one device, where it is not the example."
    )

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if device not in DENSE_BF16_PEAK:
            raise ValueError(f"the known devices are {', '.join(DENSE_BF16_PEAK)}")
        return device

    @field_validator("prices")
    @classmethod
    def _are_prices(cls, prices: dict[str, float]) -> dict[str, float]:
        for device, price in prices.items():
            if not 0 <= price <= 1e6:
                raise ValueError(f"{price} for an hour of {device} is not a price from 0 to 1,000,000")
        return prices

    @property
    def peak(self) -> float:
        """Dense bf16 FLOP/s of one device."""
        return DENSE_BF16_PEAK[self.device]

    @property
    def price(self) -> float:
        """Money for an hour of one device."""
        return self.prices.get(self.device, EXAMPLE_PRICES[self.device])

    @property
    def is_example(self) -> bool:
        """Whether nobody has typed a price for this device."""
        return self.device not in self.prices

    def money(self, device_hours: float) -> float:
        """What hours of one device cost, however many share them."""
        return device_hours * self.price

    def wall_hours(self, device_hours: float) -> float:
        """How long it takes when the devices share it."""
        return device_hours / self.num_devices


def costing(workspace: Workspace) -> Costing:
    """What was chosen in the workspace last."""
    found = Acts(workspace.acts_path).all(KIND).get(_KEY)
    try:
        return Costing() if found is None else Costing.model_validate(found)
    except ValidationError as error:
        raise BadData(
            f"The prices kept in the workspace cannot be read ({error.errors()[0]['msg']}).",
            "Open the workspace with the version of Winnow that kept them.",
        ) from error


def keep(workspace: Workspace, chosen: Costing) -> None:
    """Keep it for everybody who opens the workspace; only the present state is."""
    state = chosen.model_dump(mode="json")
    Acts(workspace.acts_path).revise(KIND, lambda before: {_KEY: state})
