"""Sharing: one file and its model card, in a folder or in a repository of the Hugging Face Hub (extra `hub`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self

from neuroevo.extras import install
from neuroevo.files import write_atomically
from neuroevo.summarised import Summarised

CARD = "README.md"
MESSAGE = "Upload by neuroevo"


class Shareable(Summarised):
    """What is saved to one file and can be shared with a model card.

    Attributes:
        FILE: Name of the file in a folder or a repository; a run directory uses the same one.
    """

    FILE: ClassVar[str]

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        raise NotImplementedError

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a file that `save` wrote."""
        raise NotImplementedError

    def card(self, repo: str, *, license: str | None = None) -> str:
        """Return the model card, Markdown with the YAML that the Hub reads.

        Args:
            repo: Where it will be, "USER/NAME", which the card's example loads.
            license: Identifier of the licence, such as "cc-by-4.0"; by default the note `license`.
        """
        raise NotImplementedError

    def save(self, path: Path | str) -> None:
        """Write it to one `.safetensors` file, atomically."""
        write_atomically(Path(path), self.to_bytes())

    def save_pretrained(self, folder: Path | str, *, license: str | None = None) -> None:
        """Write the file and its model card into a folder, which is made; a README.md that is there already stays.

        Args:
            folder: The folder.
            license: Identifier of the licence, such as "cc-by-4.0"; by default the note `license`.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        self.save(target / self.FILE)
        if not (target / CARD).exists():
            write_atomically(target / CARD, self.card(target.name, license=license).encode())

    def push_to_hub(
        self,
        repo: str,
        *,
        license: str | None = None,
        card: str | None = None,
        private: bool | None = None,
        token: str | None = None,
        revision: str | None = None,
        message: str = MESSAGE,
    ) -> str:
        """Write the file and its model card into a repository of the Hugging Face Hub, in one commit.

        Args:
            repo: "USER/NAME"; the repository is made if there is none.
            license: Identifier of the licence, such as "cc-by-4.0"; by default the note `license`.
            card: Text of the model card; by default that of `card`.
            private: Whether a repository that is made here is private; by default as the account is set.
            token: Access token; by default that of `hf auth login`, or the variable HF_TOKEN.
            revision: Branch, which must exist; by default the main one.
            message: The commit's message.

        Returns:
            The address of the commit.

        Raises:
            RuntimeError: The package `huggingface_hub` is not installed.
            ValueError: `repo` is no name of a repository.
            OSError: The Hub can't be reached, or refuses.
        """
        hub = _hub()
        text = self.card(repo, license=license) if card is None else card
        contents = {self.FILE: self.to_bytes(), CARD: text.encode()}
        with _in_a_sentence(repo):
            api = hub.HfApi(token=token)
            name = api.create_repo(repo, private=private, exist_ok=True).repo_id
            files = [hub.CommitOperationAdd(path, content) for path, content in contents.items()]
            commit = api.create_commit(name, files, commit_message=message, revision=revision)
        return str(commit.commit_url)

    @classmethod
    def from_pretrained(
        cls,
        source: Path | str,
        *,
        revision: str | None = None,
        token: str | None = None,
        cache_dir: Path | str | None = None,
        local_files_only: bool = False,
    ) -> Self:
        """Read it from a folder (of `save_pretrained`, or a run directory) or from a repository of the Hub.

        Args:
            source: The folder, or "USER/NAME".
            revision: Branch, tag or commit of the repository; by default the main branch.
            token: Access token; by default that of `hf auth login`, or the variable HF_TOKEN.
            cache_dir: Where downloads are kept; by default where `huggingface_hub` keeps them.
            local_files_only: Use what was downloaded before, and no network.

        Raises:
            CheckpointError: The file is damaged, of another schema or something else.
            RuntimeError: The package `huggingface_hub` is not installed.
            ValueError: `source` is neither a folder nor a name of a repository.
            OSError: The Hub can't be reached, or has no such file.
        """
        return cls.load(
            fetched(
                source,
                cls.FILE,
                revision=revision,
                token=token,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
            )
        )


def fetched(source: Path | str, file: str, **options: Any) -> Path:
    """Return the path of a file in a folder, or of the copy that is kept of a repository's.

    Args:
        source: The folder, or "USER/NAME".
        file: Name of the file.
        **options: Those of `Shareable.from_pretrained`.
    """
    if (folder := Path(source)).is_dir():
        if not (folder / file).exists():
            raise FileNotFoundError(f"{folder} has no {file}; a run writes it when it ends, so resume it.")
        return folder / file
    hub = _hub()
    with _in_a_sentence(str(source)):
        return Path(hub.hf_hub_download(str(source), file, library_name="neuroevo", **options))


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise RuntimeError(f"the Hub needs the package huggingface_hub: {install('hub')}.") from error
    return huggingface_hub


@contextmanager
def _in_a_sentence(repo: str) -> Iterator[None]:
    """Say in one sentence what the Hub refused."""
    errors: Any = import_module("huggingface_hub.errors")
    try:
        yield
    except errors.HFValidationError as error:
        raise ValueError(f'it must be a folder or a repository "USER/NAME", but it is {repo!r}.') from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"the Hub shows you no repository {repo}: check its name, and log in by `hf auth login` if it is private."
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise ConnectionError(f"the Hub can't be reached, and {repo} was not downloaded before.") from error
    except errors.EntryNotFoundError as error:
        raise FileNotFoundError(f"the repository {repo} holds something else: {_short(error)}") from error
    except errors.HfHubHTTPError as error:
        raise OSError(f"the Hub refused {repo}: {_short(error)}; log in by `hf auth login` if you did not.") from error
    except errors.HTTPError as error:
        raise ConnectionError(f"the Hub can't be reached for {repo}: {_short(error)}.") from error


def _short(error: Exception) -> str:
    """Return the line of a message that says most; the first one is about the request."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
