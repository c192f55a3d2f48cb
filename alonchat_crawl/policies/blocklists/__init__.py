"""Blocklists: what must never be fetched, from files and from Postgres, small and quick.

Nothing here imports Scrapy but `live`, which keeps a crawler's lists up to date.
"""
