"""The third way in: an egg, deployed to a real scrapyd and scheduled there, crawls a source to its end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest

from alonchat_crawl.identity import as_uuid
from tests.sites.ordinary import FILLER
from tests.sites.server import Answer, Site, page
from tests.support.scrapyd_server import PASSWORD, ROOT, Scrapyd, copy_checkout, environment, serving

WRONG = "not it"
PACKAGES = ("alonchat_crawl", "pipelines")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources in which may be built."""
    return copy_checkout(tmp_path_factory.mktemp("checkout") / "project")


@pytest.fixture(scope="module")
def scrapyd(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Scrapyd]:
    """A scrapyd to which the project is deployed."""
    with serving(tmp_path_factory.mktemp("scrapyd")) as running:
        deployed = running.deploy(checkout)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        assert '"spiders": 2' in deployed.stdout, deployed.stdout
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of three pages."""
    routes = {
        "/": page("Home", f"The home page. {FILLER}", ("/one", "/two")),
        "/one": page("One", f"The first page. {FILLER}"),
        "/two": page("Two", f"The second page. {FILLER}"),
        "/robots.txt": Answer(b"", "text/plain"),
    }
    with Site(dict(routes)).serving() as running:
        yield running


@pytest.fixture
def job_environment(scrapyd: Scrapyd, redis_url: str, database_url: str) -> None:
    """What the jobs find in the `.env` of scrapyd's folder."""
    values = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "SSRF_ALLOWED_NETWORKS": "127.0.0.0/8",
        "CRAWL_DELAY_SECONDS": "0",
        "METRICS_PORT": "0",
        "EMBEDDING_MODELS_DIR": os.environ["EMBEDDING_MODELS_DIR"],  # built once, not for scrapyd alone again
    }
    (scrapyd.folder / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in values.items()))


def test_egg_and_wheel_hold_the_program_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    """Every file of the two packages is in them, Lua and SQL too, and no test or file of the checkout."""
    env = environment(tmp_path)
    egg = tmp_path / "project.egg"
    deploy = Path(sys.executable).parent / "scrapyd-deploy"
    subprocess.run([deploy, "--build-egg", egg], cwd=checkout, env=env, check=True, capture_output=True)
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*wheel, "-w", tmp_path, "."], cwd=checkout, env=env, check=True, capture_output=True)

    files = (path for name in PACKAGES for path in (checkout / name).rglob("*") if path.is_file())
    program = {str(path.relative_to(checkout)) for path in files if path.suffix != ".pyc"}
    assert {Path(name).suffix for name in program} == {".py", ".lua", ".sql", ".typed"}
    for built in (egg, *tmp_path.glob("*.whl")):
        with ZipFile(built) as archive:
            names = {name for name in archive.namelist() if not name.endswith(".pyc")}
        assert {name for name in names if "-INFO/" not in name and ".dist-info/" not in name} == program


@pytest.mark.usefixtures("job_environment")
def test_a_scheduled_job_crawls_a_source_to_its_end(scrapyd: Scrapyd, database_url: str, site: Site) -> None:
    """A scheduled job stores each page once, in the project it was told, and logs JSON without secrets."""
    log = scrapyd.run(url=f"{site.url}/", project_id="tenant", max_pages="10")

    project = as_uuid("tenant")
    with psycopg.connect(database_url) as connection:
        pages = connection.execute("select url from pages where project_id = %s", [project]).fetchall()
        assert sorted(url for (url,) in pages) == [f"{site.url}{path}" for path in ("/", "/one", "/two")]
        sources = connection.execute("select project_id, status from sources").fetchall()
        assert sources == [(project, "completed")]
        embedded = (
            "select count(distinct page_id) from source_chunks join chunk_embeddings e on e.chunk_id = id"
        )
        assert connection.execute(embedded).fetchone() == (3,)

    (completed,) = [line for line in log if line["event"] == "source completed"]
    assert completed["counts"] == {"stored": 3}
    assert not [line for line in log if line["level"] in {"error", "critical"}]
    for text in (str(log), scrapyd.output.read_text()):
        assert PASSWORD not in text
        assert database_url not in text


@pytest.mark.usefixtures("job_environment")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"url": "nonsense"}, "url: 'nonsense' has no scheme: write https://nonsense."),
        ({"max_pages": "3"}, "Arguments but no url: add -a url=https://…, or give none to run a worker."),
    ],
)
def test_a_job_that_cannot_run_says_why_in_its_log(
    scrapyd: Scrapyd, arguments: dict[str, str], sentence: str
) -> None:
    """A bad argument ends the job, and the last line of its log is the sentence that says why."""
    log = scrapyd.run(**arguments)
    assert (log[-1]["level"], log[-1]["event"]) == ("error", sentence)


def test_nobody_gets_in_without_the_password(scrapyd: Scrapyd, checkout: Path) -> None:
    """A wrong password neither deploys nor schedules nor reads."""
    _, before = scrapyd.ask("/listversions.json?project=alonchat_crawl")
    assert scrapyd.deploy(checkout, password=WRONG).returncode == 1
    assert scrapyd.ask("/listjobs.json", password=WRONG)[0] == 401
    form = {"project": "alonchat_crawl", "spider": "website"}
    assert scrapyd.ask("/schedule.json", form, password=WRONG)[0] == 401
    assert scrapyd.ask("/listversions.json?project=alonchat_crawl")[1] == before


@pytest.mark.parametrize("missing", ["SCRAPYD_USERNAME", "SCRAPYD_PASSWORD"])
def test_scrapyd_never_starts_without_a_password(tmp_path: Path, missing: str) -> None:
    """Scrapyd alone would then be open to everybody; the script ends with a sentence instead."""
    started = subprocess.run(
        [ROOT / "deploy" / "scrapyd.sh", tmp_path / "run"],
        env=environment(tmp_path) | {missing: ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert missing in started.stderr
    assert not (tmp_path / "run").exists()
