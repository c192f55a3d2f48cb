"""Translates Twisted's and OpenSSL's errors of a failed download into ours and Scrapy's. Pure."""

from collections.abc import Iterator

from OpenSSL import SSL
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError
from service_identity import VerificationError
from twisted.internet import error as network
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed
from twisted.web.http import _DataLoss

from alonchat_crawl.errors import GiveUp, Refused, Retry
from alonchat_crawl.reasons import Reason

BROKEN_OFF = (network.ConnectionLost, network.ConnectionDone, network.ConnectionAborted)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside Twisted's wrappers, or the error itself."""
    reasons = getattr(error, "reasons", None)
    if not reasons:
        yield error
        return
    for reason in reasons:
        cause = reason.value if isinstance(reason, Failure) else reason
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def fault_of(error: BaseException) -> BaseException:
    """Return what to raise for a download's error: the error itself if it is not a network error."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, VerificationError | SSL.Error):
            return tls_fault(cause)
    if isinstance(error, network.ConnectionRefusedError):
        return DownloadConnectionRefusedError(str(error))
    if isinstance(error, network.TimeoutError):
        return Retry(Reason.CONNECT_TIMEOUT, "it did not take the connection in time")
    if isinstance(error, ResponseFailed):
        if not isinstance(causes[0], BROKEN_OFF):
            return GiveUp(Reason.MALFORMED, f"its response is not HTTP: {type(causes[0]).__name__}")
        if any(isinstance(cause, _DataLoss) for cause in causes):
            return ResponseDataLossError("its response broke off")
        return DownloadFailedError(str(error))
    return error


def tls_fault(error: BaseException) -> Refused | Retry:
    """Return Refused for a certificate or TLS version that must not be trusted, Retry for other failures."""
    if isinstance(error, VerificationError):
        return Refused(Reason.TLS, "its certificate is not for this host")
    # (library, function, reason) of each: https://www.pyopenssl.org/en/stable/api/ssl.html#OpenSSL.SSL.Error
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    said = "; ".join(str(entry[-1]) for entry in entries if entry)
    if any(word in said for word in ("certificate", "protocol", "version", "handshake failure", "cipher")):
        return Refused(Reason.TLS, f"its TLS cannot be trusted: {said}")
    return Retry(Reason.TLS, f"its TLS failed: {said or 'the connection was lost'}")
