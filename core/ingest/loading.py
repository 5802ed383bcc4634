"""Images read and decoded in threads, each file once however many records show it.

Memory: the images under way, and for each of the last 200,000 paths its key and size.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from core.ingest import images
from core.ingest.images import ImageFile, Picture
from core.ingest.known import KnownImages
from core.ingest.reasons import Rejected
from core.ingest.settings import IngestSettings

_PATHS_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image as a record needs it; `file` and `picture` are None when the workspace holds it, or its record came before."""

    key: str
    path: Path
    width_px: int
    height_px: int
    file: ImageFile | None = None
    picture: Picture | None = None


class Loader:
    """Loads image files; a fault is remembered like a picture."""

    def __init__(self, pool: ThreadPoolExecutor, known: KnownImages, settings: IngestSettings) -> None:
        self._pool, self._known = pool, known
        self._copies, self._update = settings.images == "copy", settings.update
        self._max_pixels = settings.max_megapixels * 1e6
        self._by_path: OrderedDict[Path, Future[LoadedImage | Rejected]] = OrderedDict()

    def start(self, path: Path) -> Future[LoadedImage | Rejected]:
        found = self._by_path.get(path)
        if found is None:
            found = self._by_path[path] = self._pool.submit(self._load_or_reject, path)
            if len(self._by_path) > _PATHS_REMEMBERED:
                self._by_path.popitem(last=False)
        return found

    def finish(self, loading: Future[LoadedImage | Rejected]) -> LoadedImage:
        """The image, waited for; Rejected is raised. Its bytes are let go here: the caller has the only copy."""
        loaded = loading.result()
        if isinstance(loaded, Rejected):
            raise loaded
        if loaded.file is not None and self._by_path.get(loaded.path) is loading:
            light: Future[LoadedImage | Rejected] = Future()
            light.set_result(replace(loaded, file=None, picture=None))
            self._by_path[loaded.path] = light
        return loaded

    def again(self, loaded: LoadedImage) -> LoadedImage:
        """The image with its bytes and thumbnail, read anew where they were let go."""
        return loaded if loaded.file is not None else self._load(loaded.path, even_if_known=True)

    def _load_or_reject(self, path: Path) -> LoadedImage | Rejected:
        try:
            return self._load(path, even_if_known=self._update)
        except Rejected as rejected:
            return rejected

    def _load(self, path: Path, *, even_if_known: bool) -> LoadedImage:
        file = images.read(path)
        known = self._known.get(file.key)
        if known is not None and not even_if_known and (known.has_bytes or not self._copies):
            return LoadedImage(file.key, path, known.width_px, known.height_px)
        picture = images.decode(file.data, str(path), self._max_pixels)
        return LoadedImage(file.key, path, picture.width_px, picture.height_px, file, picture)
