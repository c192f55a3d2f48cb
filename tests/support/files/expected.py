"""What is to be read of each good file."""

from collections.abc import Mapping

DOCX = """\
# Manual

# Installing

Write \\<script\\>alert(1)\\</script\\> \\& \\*stars\\*, see [the terms](https://example.com/terms) or this \\[2\\].

- first
    - inner
1. one
2. two

| Item | Price \\| EUR |
| --- | --- |
| Tea | 3.50 |

## Prices

\\# no heading

Shown after all.

\\[2\\] A note."""
PPTX = """\
## Welcome

- One \\<b\\>
- Two

## Slide 3

| Item | Price |
| --- | --- |
| Tea | 3.50 |

A remark."""
XLSX = """\
## Prices

| Item | a \\| b |  |  |
| --- | --- | --- | --- |
| Born | 2026-01-02 | 2026-01-02 12:00:00 |  |
| TRUE | 0.3 | 25% | two |"""
ODT = """\
# Manual

Write \\<i\\> and [more](https://example.com/) \\[1\\]

- first
    - inner

| x | x |
| --- | --- |
| 1 | 2 |

\\[1\\] A note."""
EPUB = """\
# One

See &lt;b> and two.

# Two

| Item | Price |
| --- | --- |
| Tea | 3.50 |"""
PDF = """\
# Installing

The water must be hot before the tea is put into the pot, which takes some patience.

White on blue.

# Prices

- Tea \\<b\\>
- Coffee

```
$ brew
  tea
```

This sentence begins on the second page and it goes on to the third of them.

## More

1. one
2. two

The end is the last of all the pages of this."""
CSV = """\
| Item | Price \\| EUR |
| --- | --- |
| Tea \\<b\\> | 3,50 |
| Coffee, black | 4 |"""
MARKDOWN = "# Tea\n\nIt is *hot*.\n"
CODE = "def brew(tea: str) -> str:\n    return tea\n"
HTML = "<!doctype html><html><body><h1>Tea</h1><p>Hot.</p></body></html>"
TEXT = "Tea is hot.\nCafé is strong.\n"
READ: Mapping[str, tuple[str, str, str]] = {
    "pdf": ("text/markdown", "Making tea", PDF),
    "docx": ("text/markdown", "Manual", DOCX),
    "pptx": ("text/markdown", "Welcome", PPTX),
    "xlsx": ("text/markdown", "Prices", XLSX),
    "odt": ("text/markdown", "A manual", ODT),
    "epub": ("text/markdown", "A book", EPUB),
    "csv": ("text/markdown", "", CSV),
    "markdown": ("text/markdown", "", MARKDOWN),
    "text": ("text/plain", "", TEXT),
    "code": ("text/x-python", "", CODE),
    "html": ("text/html", "", HTML),
}
"""By type: media type, title and text."""
