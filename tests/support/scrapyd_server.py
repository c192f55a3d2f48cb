"""A real scrapyd for the tests, run as an operator runs it: by deploy/scrapyd.sh, in a folder of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

ROOT = Path(__file__).parents[2]
PROGRAM = ("alonchat_crawl", "pipelines", "tests", "deploy", "scrapy.cfg", "setup.py", "pyproject.toml")
SOURCES = (*PROGRAM, "requirements.txt", "README.md", "LICENSE")  # what pyproject.toml reads
USER, PASSWORD = "operator", "Tr0ub4dor-and-3"
PATIENCE_SECONDS = 120.0  # a hang's end, not a claim about speed: a job loads the model on a busy machine


def copy_checkout(folder: Path) -> Path:
    """Copy the sources, because a build leaves its litter beside them."""
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            litter = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(ROOT / name, folder / name, ignore=litter)
        else:
            shutil.copy2(ROOT / name, folder)
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return a clean environment: nothing of the operator's, and no PYTHONPATH that hides the egg."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        "PATH": programs,
        "HOME": str(home),
        "SCRAPYD_USERNAME": USER,
        "SCRAPYD_PASSWORD": PASSWORD,
    } | more


@dataclass(frozen=True, slots=True)
class Scrapyd:
    """A running scrapyd."""

    port: int
    folder: Path
    """Where it runs, and so its jobs: their `.env` is read here."""
    output: Path
    """What it and its jobs print."""

    def ask(self, path: str, form: dict[str, str] | None = None, password: str = PASSWORD) -> tuple[int, Any]:
        """GET, or POST a form; return the status and what the JSON says."""
        token = b64encode(f"{USER}:{password}".encode()).decode()
        headers = {
            "Authorization": f"Basic {token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)) as connection:
            method = "GET" if form is None else "POST"
            connection.request(method, path, body=urlencode(form or {}), headers=headers)
            response = connection.getresponse()
            body = response.read()
        return response.status, json.loads(body) if body.startswith(b"{") else body

    def deploy(self, checkout: Path, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        """Run scrapyd-deploy in a checkout whose scrapy.cfg names the default port."""
        config = (ROOT / "scrapy.cfg").read_text().replace(":6800/", f":{self.port}/")
        (checkout / "scrapy.cfg").write_text(config)
        return subprocess.run(
            [Path(sys.executable).parent / "scrapyd-deploy"],
            cwd=checkout,
            env=environment(self.folder.parent, SCRAPYD_PASSWORD=password),
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, **arguments: str) -> list[dict[str, Any]]:
        """Schedule a job with spider arguments, await its end, and return the lines of its log."""
        form = {"project": "alonchat_crawl", "spider": "website"} | arguments
        _, scheduled = self.ask("/schedule.json", form)
        job = scheduled["jobid"]
        self._await(f"/status.json?job={job}", "currstate", "finished")
        log = self.folder / "logs" / "alonchat_crawl" / "website" / f"{job}.log"
        return [json.loads(line) for line in log.read_text().splitlines()]

    def _await(self, path: str, key: str, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self.ask(path)[1]).get(key) != wanted:
            assert time.monotonic() < deadline, f"{answer}\n{self.output.read_text()}"
            time.sleep(0.2)


@contextmanager
def serving(folder: Path) -> Iterator[Scrapyd]:
    """Run scrapyd in `folder`/run on a free port; on leaving, end it and the jobs it still has."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scrapyd = Scrapyd(port, folder / "run", folder / "output")
    with (
        scrapyd.output.open("wb") as output,
        subprocess.Popen(
            [ROOT / "deploy" / "scrapyd.sh", scrapyd.folder],
            env=environment(folder, SCRAPYD_HTTP_PORT=str(port)),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            _await_start(process, scrapyd)
            yield scrapyd
        finally:
            _stop(process)


def _await_start(process: subprocess.Popen[bytes], scrapyd: Scrapyd) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, scrapyd.output.read_text()
        try:
            scrapyd.ask("/daemonstatus.json")
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, scrapyd.output.read_text()
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    jobs = [] if process.poll() is not None else psutil.Process(process.pid).children(recursive=True)
    process.terminate()  # it leaves its jobs running
    for job in jobs:
        if job.is_running():
            job.kill()
    process.wait(PATIENCE_SECONDS)
