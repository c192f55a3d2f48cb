"""A site that attacks whoever crawls it: `cases.py` says what of it must come to what."""
