"""Linked files that are broken, locked, or made to harm their reader."""

from itertools import chain

from tests.sites.hostile.case import STORED, Case, Reply
from tests.support.files.attacks import attacks
from tests.support.files.good import GOOD

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
KNOWN = ("file encrypted", "file malformed", "file without text", "file empty", "zip bomb", "xml bomb")
"""An attack's name begins with the reason with which it must end, where there is but one."""

ENDS = {"zip bomb": "dead:zip bomb | dead:archive too many files"}
"""One of too many members is not told apart from an archive."""


def cases() -> list[Case]:
    """For each type a good file, one that is cut off, one by a wrong name, and attacks of one end each."""
    found: list[Case] = []
    for kind, media_type in TYPES.items():
        good = GOOD[kind][1]()
        found += [
            Case(f"/files/good.{kind}", STORED, Reply(good, media_type)),
            Case(f"/files/cut.{kind}", "dead:file malformed", Reply(good[: len(good) // 2], media_type)),
        ]
        for number, (name, body) in enumerate(attacks(kind)):
            reason = next((reason for reason in KNOWN if name.startswith(reason)), "")
            if reason:
                found.append(
                    Case(
                        f"/files/{number}.{kind}", ENDS.get(reason, f"dead:{reason}"), Reply(body, media_type)
                    )
                )
    odd = chain(
        [
            Case(
                "/files/program.pdf",
                "refused:media type",
                Reply(b"\x7fELF\x02\x01\x01\0" + bytes(5000), TYPES["pdf"]),
            )
        ],
        [Case("/files/archive.zip", "refused:media type", Reply(GOOD["zip"][1](), "application/zip"))],
        [Case("/files/nothing.pdf", "dead:file empty", Reply(b"", TYPES["pdf"]))],
    )
    return [*found, *odd]
