"""The Hugging Face Hub as `push` needs it, through `huggingface_hub`, its errors in words.

The token is that of the environment (HF_TOKEN) or of `hf auth login`; HF_HUB_OFFLINE and HF_ENDPOINT are heeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import BadInput, Busy, RunFailed, StudioError
from core.mixture.push import Stored

_AGAIN = "Check the network, then push again: what is there already is not sent twice."


class HuggingFaceHub:
    """The Hub one is logged in to; BadInput when it may not be asked or there is no token, before anything is sent."""

    def __init__(self) -> None:
        from huggingface_hub import HfApi, constants, get_token

        if constants.is_offline_mode():
            raise BadInput(
                "HF_HUB_OFFLINE is set, so nothing goes to the Hub.",
                "Unset it to push; --dry-run shows what would be sent without any network.",
            )
        token = get_token()
        if not token:
            raise BadInput(
                "There is no token for the Hugging Face Hub.",
                "Set HF_TOKEN to one that may write, or log in with `hf auth login`.",
            )
        self._api = HfApi(token=token)

    def account(self) -> str:
        with _in_words("your account"):
            return str(self._api.whoami()["name"])

    def is_private(self, name: str) -> bool | None:
        from huggingface_hub.errors import RepositoryNotFoundError

        with _in_words(name):
            try:
                return bool(self._api.dataset_info(name).private)
            except RepositoryNotFoundError:
                return None

    def make(self, name: str, private: bool) -> None:
        with _in_words(name):
            self._api.create_repo(name, private=private, repo_type="dataset", exist_ok=True)

    def files(self, name: str) -> dict[str, Stored]:
        from huggingface_hub.hf_api import RepoFile

        with _in_words(name):
            found = self._api.list_repo_tree(name, recursive=True, repo_type="dataset")
            return {
                entry.path: Stored(entry.size, entry.lfs.sha256 if entry.lfs else "", entry.blob_id)
                for entry in found
                if isinstance(entry, RepoFile)
            }

    def commit(self, name: str, message: str, files: Mapping[str, Path]) -> None:
        from huggingface_hub import CommitOperationAdd

        with _in_words(name):
            added = [CommitOperationAdd(path, place) for path, place in files.items()]
            self._api.create_commit(name, added, commit_message=message, repo_type="dataset")

    def address(self, name: str) -> str:
        return f"{self._api.endpoint}/datasets/{name}"


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """The library's errors as ours."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    unreachable: Any = HfHubHTTPError.__mro__[1]  # the base of all errors of the HTTP library that the client uses
    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(name, error.response.status_code if error.response is not None else 0, str(error)) from error
    except HFValidationError as error:
        raise BadInput(f"{name!r} is no name of a repository ({error}).", "Give it as org/name.") from error
    except (unreachable, OSError, RuntimeError) as error:
        raise RunFailed(f"The Hub could not be reached for {name} ({_first_line(error)}).", _AGAIN) from error


def _refused(name: str, status: int, said: str) -> StudioError:
    if status == 401:
        return BadInput(
            "The Hub does not know this token.", "Set HF_TOKEN to a valid one, or log in with `hf auth login`."
        )
    if status in (403, 404):
        return BadInput(
            f"This token may not write to {name}.",
            "Give a name below your own account or an organisation of yours, and a token that may write.",
        )
    if status == 429:
        return Busy("The Hub takes no more requests for now.", "Wait some minutes, then push again; it goes on.")
    return RunFailed(f"The Hub refused {name} (status {status}: {_first_line(said)}).", _AGAIN)


def _first_line(error: object) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
