"""Blocklists: hosts, URLs and networks that must never be fetched, read from files and from Postgres.

Only `live`, which reloads a crawler's lists, and `policy` import Scrapy.
"""
