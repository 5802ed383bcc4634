"""What has been measured of diversity, kept per workspace version, filter and selection (see cached_curate.py).

Measuring takes seconds where a release of the slider may take a quarter of one: so pages ask what is known, and measure only
when someone asks for it. Every set of samples is kept by itself, so that a measurement that was interrupted goes on where it was.
"""

from __future__ import annotations

import threading
from hashlib import blake2b

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.filters import Filter
from core.progress import Progress
from core.select import diversity
from core.select.diversity import SETS, Diversity, Material, Reading
from studio import cached
from studio.cached_curate import curated

_MOST_READINGS = 500  # a few hundred bytes each


class _Readings:
    """Readings by key, the oldest forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, ...], Reading] = {}

    def get(self, key: tuple[str, ...]) -> Reading | None:
        return self._kept.get(key)

    def put(self, key: tuple[str, ...], reading: Reading) -> None:
        with self._lock:
            self._kept[key] = reading
            while len(self._kept) > _MOST_READINGS:
                self._kept.pop(next(iter(self._kept)))


@st.cache_resource(show_spinner=False)
def _readings() -> _Readings:
    return _Readings()


@st.cache_resource(max_entries=1, show_spinner=False)
def _material(path: str, at_version: str, chosen: str) -> Material:
    return Material.from_lens(cached.lens(), curated(Filter.model_validate_json(chosen)).pool)


def _keys(chosen: Filter, sample_ids: NDArray[np.uint64]) -> dict[str, tuple[str, ...]]:
    """Where the reading of each of SETS is kept: the pool's by filter, Random's by size, the selection's by its ids."""
    here = cached.workspace().path
    pool = (str(here), cached.version(here), chosen.model_dump_json())
    digest = blake2b(np.ascontiguousarray(sample_ids).tobytes(), digest_size=16).hexdigest()
    which = {"selection": digest, "pool": ""}
    return {name: (*pool, name, which.get(name, str(len(sample_ids)))) for name in SETS}


def vectors_by() -> tuple[str, str] | None:
    """Name and version of the producer of the vectors that are measured; None without any."""
    made = cached.lens().producers.get("embedding", [])
    return (made[0].name, made[0].version) if made else None


def measured(chosen: Filter, sample_ids: NDArray[np.uint64]) -> Diversity | None:
    """The diversity of a selection of the pool a filter leaves, if it has been measured; costs microseconds."""
    found = [_readings().get(key) for key in _keys(chosen, sample_ids).values()]
    there = [reading for reading in found if reading is not None]
    return diversity.of_readings(there, " ".join(vectors_by() or ())) if len(there) == len(SETS) else None


def measure(chosen: Filter, sample_ids: NDArray[np.uint64], progress: Progress) -> Diversity:
    """The diversity of a selection, measured now where it is not known."""
    pool = curated(chosen).pool
    rows = pool.rows_of(sample_ids)
    readings = []
    for done, (name, key) in enumerate(_keys(chosen, sample_ids).items()):
        progress(done, len(SETS), name)
        reading = _readings().get(key)
        if reading is None:
            reading = diversity.measure(_material(*key[:3]), diversity.rows_of_set(name, pool, rows))
            _readings().put(key, reading)
        readings.append(reading)
    progress(len(SETS), len(SETS), "")
    return diversity.of_readings(readings, " ".join(vectors_by() or ()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _num_dimensions(path: str, at_version: str) -> int:
    made = cached.lens().producers.get("embedding", [])
    return int(cached.workspace().store.dataset(made[0].table).schema.field("vector").type.list_size) if made else 0


def seconds_for(chosen: Filter, num: int) -> float:
    """About how long measuring a selection of `num` samples takes when nothing is known yet."""
    here = cached.workspace().path
    width = _num_dimensions(str(here), cached.version(here))
    return diversity.seconds_for(num, len(curated(chosen).pool), width)
