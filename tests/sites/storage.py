"""S3-compatible storage on loopback: a real server that checks signatures, with one account that may read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from botocore.config import Config
from botocore.session import Session
from moto.server import ThreadedMotoServer

BUCKET = "uploads"
REGION = "us-east-1"
READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}],
}


@dataclass(frozen=True)
class Storage:
    """A running server."""

    url: str
    key_id: str
    secret: str
    s3: Any
    """A client that may write."""

    def put(self, key: str, body: bytes) -> None:
        """Store an object."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def environment(self) -> dict[str, str]:
        """What a worker that reads it is run with."""
        return {
            "S3_ENDPOINT_URL": self.url,
            "S3_REGION": REGION,
            "S3_ACCESS_KEY_ID": self.key_id,
            "S3_SECRET_ACCESS_KEY": self.secret,
            "S3_BUCKETS": BUCKET,
        }


def _client(service: str, url: str, key_id: str, secret: str) -> Any:
    return Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4" if service == "s3" else None),
    )


@contextmanager
def storage() -> Iterator[Storage]:
    """Serve inside the `with`; a wrong or missing signature is refused."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        iam, s3 = (_client(name, url, "any", "any") for name in ("iam", "s3"))
        s3.create_bucket(Bucket=BUCKET)
        iam.create_user(UserName="worker")
        iam.put_user_policy(UserName="worker", PolicyName="reads", PolicyDocument=json.dumps(READER))
        key = iam.create_access_key(UserName="worker")["AccessKey"]
        plain = {"Content-Type": "text/plain"}  # from now on every signature is checked
        urlopen(Request(f"{url}/moto-api/reset-auth", b"0", plain)).close()  # noqa: S310 - http on loopback
        own = key["AccessKeyId"], key["SecretAccessKey"]
        yield Storage(url, *own, _client("s3", url, *own))
    finally:
        server.stop()
