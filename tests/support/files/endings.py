"""The reasons for which a file or an archive may be given up."""

FILES = {
    *("file empty", "file type", "file encrypted", "file malformed", "zip bomb", "xml bomb"),
    "file without text",
}
ARCHIVES = {"archive malformed", "archive encrypted", "zip bomb", "archive too many files"}
