"""The budget map: a picture of the pool with the budget slider under it, as a packaged Streamlit component.

A page publishes the points, their ranks and the running totals once (`studio.map.buffers`); a rerun then sends a few hundred
bytes. Drawing is a small WebGL2 shader of our own: see assets/compose.js for why, and assets/raster.js for what is drawn.
"""

from __future__ import annotations

from studio.map.colourings import ColourClass, Colouring
from studio.map.component import MapEvent, budget_map

__all__ = ["ColourClass", "Colouring", "MapEvent", "budget_map"]
