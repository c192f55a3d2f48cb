"""Blocklists: hosts, URLs and networks that must never be fetched, read from files and from Postgres.

Only `live`, which keeps a crawler's lists up to date, and `policy` import Scrapy.
"""
