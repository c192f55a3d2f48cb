"""Our own object storage: which of its objects a project may read, and the signed requests for them.

It speaks S3's protocol, like Supabase Storage, R2 and AWS, with path-style URLs, so that one host serves all
buckets.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, StartupError
from alonchat_crawl.reasons import Reason

SCHEME = "s3"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY_MAX_BYTES = 1024
"""AWS' limit: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NO_PREFIX = "/"
SUPABASE_PATH = "/storage/v1/s3"


def object_url(written: str) -> str | None:
    """Return s3://bucket/key, as a user writes it, with its key percent-encoded; None if it is invalid.

    The key is encoded so that nothing in it is a query or a fragment. A key with a segment that is empty, `.`
    or `..` is invalid, because servers and proxies may take it for another key.
    """
    bucket, slash, key = written.removeprefix(f"{SCHEME}://").partition("/")
    if not written.startswith(f"{SCHEME}://") or not slash or not BUCKET.fullmatch(bucket):
        return None
    try:
        if not 0 < len(key.encode()) <= KEY_MAX_BYTES:
            return None
    except UnicodeEncodeError:  # half a surrogate pair
        return None
    if CONTROL.search(key) or {"", ".", ".."} & set(key.split("/")):
        return None
    return f"{SCHEME}://{bucket}/{quote(key, safe='/-_.~')}"


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """The object storage that the S3_… settings name."""

    endpoint: str
    """`https://host[:port][/path]`, without a slash at its end."""
    region: str
    buckets: Collection[str]
    """Buckets that may be read."""
    prefix: str
    """The beginning of a project's keys; `{project_id}` stands for its UUID."""
    credentials: Credentials | None = field(repr=False)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read the S3_… settings. Raises StartupError if they name buckets and no credentials."""
        region, supabase = str(settings["S3_REGION"]), settings["SUPABASE_URL"]
        endpoint = settings["S3_ENDPOINT_URL"]
        if not endpoint:
            own = f"{supabase.rstrip('/')}{SUPABASE_PATH}" if supabase else None
            endpoint = own or f"https://s3.{region}.amazonaws.com"
        key_id, secret = settings["S3_ACCESS_KEY_ID"], settings["S3_SECRET_ACCESS_KEY"]
        if settings["S3_BUCKETS"] and not (key_id and secret):
            raise StartupError(
                "S3_BUCKETS names what to read, but not how: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY."
            )
        credentials = Credentials(key_id, secret) if key_id and secret else None
        prefix = str(settings["S3_PREFIX"])
        return cls(
            endpoint.rstrip("/"),
            region,
            tuple(settings["S3_BUCKETS"] or ()),
            "" if prefix == NO_PREFIX else prefix,
            credentials,
        )

    def check(self, project_id: UUID, url: str) -> None:
        """Raise GiveUp unless the project may read the object at a canonical s3:// URL."""
        parts = urlsplit(url)
        if parts.netloc not in self.buckets or self.credentials is None:
            raise GiveUp(Reason.STORAGE_BUCKET, f"the bucket {parts.netloc} is not among S3_BUCKETS")
        prefix = self.prefix.replace("{project_id}", str(project_id))
        if not unquote(parts.path[1:]).startswith(prefix):
            raise GiveUp(
                Reason.STORAGE_PREFIX, f"{url} is not the project's: its key does not begin with {prefix}"
            )

    def address(self, url: str) -> str:
        """Return the http(s) URL of the object at a canonical s3:// URL."""
        parts = urlsplit(url)
        return f"{self.endpoint}/{parts.netloc}{parts.path}"

    def headers(self, address: str) -> dict[str, str]:
        """Return the headers of a signed GET. The signature is in a header, so that no URL or log has it."""
        request = AWSRequest("GET", address)
        S3SigV4Auth(self.credentials, "s3", self.region).add_auth(request)
        return dict(request.headers.items())
