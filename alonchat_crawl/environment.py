"""What an operator may set: environment variables, or a `.env` file. `.env.example` explains each.

`settings.py` takes its values from here, under the same names.
"""

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from alonchat_crawl.user_agent import checked_user_agent

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Environment(BaseSettings):
    """The environment variables, checked once at start-up."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    # Where things are
    REDIS_URL: Annotated[str, Field(pattern=r"^(rediss?|unix)://")] | None = None
    DATABASE_URL: Annotated[str, Field(pattern=r"^postgres(ql)?://")] | None = None
    ALONCHAT_DATA_DIR: Path = Path(".alonchat")

    # How to crawl
    CRAWLER_USER_AGENT: Annotated[str, AfterValidator(checked_user_agent)] = (
        "AlonChatBot/1.0 (+https://alonchat.com/bot)"
    )
    # By default it is ignored: tenants crawl their own sites, whose rights they have, and the file would cost
    # a request to each new site. robots.txt, which is about crawling itself, always counts.
    TDM_RESERVATION: Literal["ignore", "obey"] = "ignore"
    CRAWL_DELAY_SECONDS: Seconds = 1.0
    WORKER_CONCURRENCY: Count = 16
    WORKER_BODIES_MB: Count = 256
    FRONTIER_SHARDS: Annotated[int, Field(ge=1, le=1024)] = 1
    THROTTLE_BY_ADDRESS: bool = False
    MAX_QUEUE_SIZE: Count = 1000
    JOB_TIMEOUT_MS: Annotated[int, Field(ge=1000)] = 1_800_000
    RATE_LIMIT_ENABLED: bool = True
    SSRF_ALLOWED_NETWORKS: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    BLOCKLIST_FILES: Annotated[tuple[str, ...], NoDecode] = ()
    BLOCKLIST_RELOAD_SECONDS: Annotated[float, Field(gt=0)] = 60.0
    CRAWL_ALLOWED_PORTS: Annotated[str, Field(pattern=r"^\d{1,5}(, *\d{1,5})*$")] = "80,443,8080,8443"

    # How to take in files
    ENABLE_BULK_UPLOAD: bool = False
    MAX_FILE_SIZE_MB: Annotated[int, Field(ge=1, le=120)] = 50  # a parser's process is given no more
    SUPABASE_URL: Annotated[str, Field(pattern=r"^https?://[^\s/@]+/?$")] | None = None
    S3_ENDPOINT_URL: Annotated[str, Field(pattern=r"^https?://[^\s/@?#]+[^\s?#]*$")] | None = None
    S3_REGION: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    S3_ACCESS_KEY_ID: str | None = None
    S3_SECRET_ACCESS_KEY: str | None = None
    S3_BUCKETS: Annotated[tuple[str, ...], NoDecode] = ()
    S3_PREFIX: str = "{project_id}/"

    # How to scan for viruses
    VIRUS_SCAN: Literal["required", "off"] | None = None
    # Scanning a page takes 0.2 ms of a worker's CPU and some ms of clamd's. By default pages of a site
    # without `files` are not scanned: only text that a parser wrote anew is stored of them, and an outage of
    # clamd would stop every crawl.
    VIRUS_SCAN_PAGES: Literal["none", "files", "all"] = "files"
    CLAMD_ADDRESS: Annotated[str, Field(pattern=r"^(unix:///|tcp://)[^@\s]+$")] = (
        "unix:///run/clamav/clamd.ctl"
    )
    CLAMD_TIMEOUT_SECONDS: Annotated[float, Field(gt=0)] = 120.0

    # How to embed
    EMBEDDING_MODEL: Annotated[str, Field(min_length=1)] = "all-MiniLM-L6-v2"
    EMBEDDING_BACKEND: Literal["auto", "torch", "onnx", "onnx-int8", "static"] = "auto"
    EMBEDDING_MODELS_DIR: Path | None = None

    # How to parse
    PARSER_PROCESSES: Count | None = None
    PARSER_MEMORY_MB: Annotated[int, Field(ge=256)] = 512
    PARSER_SECONDS: Annotated[float, Field(ge=1)] = 20.0

    # How to watch
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    METRICS_HOST: str = "127.0.0.1"
    METRICS_PORT: Annotated[str, Field(pattern=r"^\d{1,5}(-\d{1,5})?$")] = "9410-9509"
    SENTRY_DSN: str | None = None

    @field_validator("SSRF_ALLOWED_NETWORKS", "S3_BUCKETS", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value

    @field_validator("BLOCKLIST_FILES", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(path.strip() for path in value.split(",") if path.strip())


SECRETS = frozenset({"REDIS_URL", "DATABASE_URL", "SENTRY_DSN", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"})


def _shown(problem: ErrorDetails) -> str:
    return "(hidden)" if problem["loc"][0] in SECRETS else repr(problem["input"])


def _why(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")  # pydantic's, before what our own validators say


def read_environment() -> Environment:
    """Read and check the environment. End the process with a sentence for each variable that is wrong."""
    try:
        return Environment()
    except ValidationError as error:
        sentences = [
            f"{problem['loc'][0]}={_shown(problem)} cannot be used: {_why(problem)}."
            for problem in error.errors()
        ]
        # It exits while it is imported: that is how Scrapy, scrapyd and the tests all read settings.
        raise SystemExit("\n".join(sentences)) from None
