"""Why a file is not read, in a sentence that tells the user what to do."""

from alonchat_crawl.extract.files.archives.checked_zip import CheckedZip
from alonchat_crawl.extract.files.archives.compressed import decompressor
from alonchat_crawl.extract.files.sniff import OLE2, RTF, FileType
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

# The names of an encrypted document's streams, as a compound file's directory holds them
# ([MS-OFFCRYPTO] 2.3.4.4, [MS-CFB] 2.6.1).
ENCRYPTED_STREAMS = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"RIFF")
ACCEPTED = "PDF, DOCX, PPTX, XLSX, ODT, EPUB, CSV, Markdown, HTML, text or source code"


def refusal(body: bytes, kind: FileType | None) -> GiveUp:
    """Return what to raise for a file that has no reader. Raises GiveUp itself for a broken ZIP."""
    if kind == FileType.ZIP:
        CheckedZip.of_document(body)
    if kind in {FileType.ZIP, FileType.TAR}:
        return GiveUp(
            Reason.FILE_TYPE, "An archive within an archive, or for one file, is not opened: send its files."
        )
    if body.startswith(OLE2):
        if all(name in body for name in ENCRYPTED_STREAMS):
            return GiveUp(
                Reason.FILE_ENCRYPTED, "It is protected by a password: remove that and send it again."
            )
        return GiveUp(Reason.FILE_TYPE, "A document of Office 97 to 2003: save it as DOCX, XLSX or PPTX.")
    if body.startswith(RTF):
        return GiveUp(Reason.FILE_TYPE, "A document in RTF: save it as DOCX or PDF.")
    if decompressor(body):
        return GiveUp(Reason.FILE_TYPE, "A compressed file: send it as it was before.")
    if body.startswith(IMAGES):
        return GiveUp(Reason.FILE_TYPE, "An image: no text is recognised in images.")
    return GiveUp(Reason.FILE_TYPE, f"It is none of {ACCEPTED}.")
