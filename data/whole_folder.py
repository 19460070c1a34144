"""A folder of files that is there whole or not at all: it is written beside its place, and put there at the end."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gis.errors import WanggeError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator


def check_target(folder: Path, names: Collection[str], *, mark: str, what: str) -> None:
    """Refuse a folder that holds something else than the files of `names`, or files but not the one of `mark`."""
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; name a folder"
        raise WanggeError(msg)
    held = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    if held and (mark not in held or held - set(names)):
        others = ", ".join(sorted(held - set(names))) or f"no {mark}"
        msg = f"{folder} holds other files ({others}); name a new folder, or one with {what} and nothing else in it"
        raise WanggeError(msg)


@contextmanager
def whole_folder(folder: Path) -> Generator[Path]:
    """Give a new folder to write into, which takes the place of `folder` when all went well, and is gone when not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield draft
        _put_in_place(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _put_in_place(draft: Path, folder: Path) -> None:
    """Swap the finished folder in; the old one goes only when the new one stands."""
    draft.chmod(0o755)
    if not folder.exists():
        draft.rename(folder)
        return
    old = draft.with_name(draft.name + "-old")
    folder.rename(old)
    try:
        draft.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old)
