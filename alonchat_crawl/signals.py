"""This project's own Scrapy signals. They tell what happened; senders need not know who listens."""

stage_finished = object()
"""Sent by every pipeline stage. Arguments: stage (str), seconds (float)."""

tokens_embedded = object()
"""Arguments: project_id (UUID), tokens (int), windows (int)."""

model_loading = object()
"""The first page needs the model, which begins to load. No arguments."""

model_loaded = object()
"""Arguments: model (str), seconds (float)."""

unable_to_work = object()
"""This process can store no page, and must stop. Arguments: sentence (str), the reason for people."""

page_ended = object()
"""Sent once for each lease that ended. Arguments: lease (Lease), ending (Ending)."""

source_completed = object()
"""Sent by the worker that closed a source. Arguments: progress (SourceProgress)."""

entry_unreadable = object()
"""Somebody else wrote into a key of ours. Arguments: key, why, aside (its new name); all str."""

frontier_observed = object()
"""Sent about once a second. Arguments: pending, leased, sources, dead_letters, set_aside (all int)."""
