"""What the chunking benchmark cuts: documentation, licences and source files as a Debian machine has them."""

import inspect
import json
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from alonchat_crawl import settings
from alonchat_crawl.extract.document import extract_plain
from alonchat_crawl.extract.html.page_type import content_type
from alonchat_crawl.extract.html.to_markdown import extract_html
from alonchat_crawl.extract.text.source_code import as_markdown
from tests.benchmarks.retrieval.corpus import MissingDataError, data_folder

PACKAGES = ("python3.11-doc", "git-doc", "debian-policy", "postgresql-doc-15")
PAGES = 40  # of each
LICENCES = Path("/usr/share/common-licenses")
LIBRARY = Path(inspect.getfile(json)).parents[1]  # Python's own
SOURCES = 60
SOURCE_MAX_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Document:
    """A page to be cut."""

    text: str
    """Markdown; of a source file its code."""
    capacity: int
    """Bytes, as settings say for its type."""
    is_source: bool = False

    @property
    def markdown(self) -> str:
        """What a source file becomes before it is cut."""
        return as_markdown(self.text, "python") if self.is_source else self.text


def documents(pages: int = PAGES, sources: int = SOURCES) -> list[Document]:
    """Return Markdown pages and source files, the same every time. Raises MissingDataError."""
    texts = []
    for package in PACKAGES:
        for file in _some([*_unpacked(package).rglob("*.html")], pages):
            url = f"http://docs.example/{file.name}"
            texts.append(extract_html(file.read_text(errors="replace"), url).markdown)
    texts += [
        extract_plain(file.read_text()).markdown for file in sorted(LICENCES.glob("*")) if file.is_file()
    ]
    found = [Document(text, settings.CHUNK_BYTES[content_type(text)]) for text in texts if text]
    modules = [file for file in LIBRARY.glob("*.py") if file.stat().st_size <= SOURCE_MAX_BYTES]
    code = [file.read_text() for file in _some(modules, sources)]
    return found + [Document(text, settings.CHUNK_BYTES["code"], is_source=True) for text in code if text]


def _some(files: list[Path], count: int) -> list[Path]:
    files = [file for file in files if file.is_file()]
    return sorted(files, key=lambda file: sha256(file.name.encode()).digest())[:count]


def _unpacked(package: str) -> Path:
    folder = data_folder() / "debian" / package
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        try:
            _run("apt-get", "download", package, folder=folder.parent)
            archive = max(folder.parent.glob(f"{package}_*.deb"))
            _run("dpkg", "-x", str(archive), str(folder), folder=folder.parent)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise MissingDataError(
                f"{package} is not in {folder} and could not be fetched ({error}). On Debian 12 run "
                f"`apt-get download {package} && dpkg -x {package}_*.deb {folder}`."
            ) from error
    return folder


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
