"""This project's own Scrapy signals: what happened, told by those who do the work.

Only `operations` listens, so no stage needs to know how the work is watched.
"""

stage_finished = object()
"""Sent by every pipeline stage. Arguments: stage (str), seconds (float)."""

tokens_embedded = object()
"""Arguments: project_id (UUID), tokens (int), windows (int)."""

model_loading = object()
"""The model is needed from now on. No arguments."""

model_loaded = object()
"""Arguments: model (str), seconds (float)."""

unable_to_work = object()
"""This process can do no page any good: it is to be stopped. Arguments: sentence (str)."""

page_ended = object()
"""Sent once for each lease that ended. Arguments: lease (frontier Lease), ending (Ending)."""

source_completed = object()
"""Sent by the worker that closed a source. Arguments: progress (frontier SourceProgress)."""

entry_unreadable = object()
"""Somebody else wrote into a key of ours. Arguments: key, why, aside: its new name (all str)."""

frontier_observed = object()
"""Sent about once a second. Arguments: pending, leased, sources, dead_letters, set_aside (all int)."""
