"""Remove session ids from URLs: with them a page has a new URL for every visitor or visit."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

ALWAYS = r"jsessionid|phpsessid|aspsessionid[a-z]*|asp\.net_sessionid|oscsid|zenid|xtcsid|cfid|cftoken"
"""Names that only sessions have: Java, PHP, ASP, ASP.NET, osCommerce, Zen Cart, xt:Commerce, ColdFusion."""
MAYBE = "sid|s|sess|sess_?id|session|session_?id"
"""Names that mean a session if the value looks like an id: phpBB, vBulletin and much other software."""

ID_LIKE = r"(?=[^=&]*\d)(?=[^=&]*[a-z])[a-z0-9,_-]{20,}"
IN_QUERY = re.compile(rf"(?:{ALWAYS})=.*|(?:{MAYBE})={ID_LIKE}", re.IGNORECASE)
IN_PATH = re.compile(rf";(?:(?:{ALWAYS})=[^/;]*|(?:{MAYBE})={ID_LIKE}(?=[/;]|$))", re.IGNORECASE)
ASP_NET = re.compile(r"/\((?:[A-Z]\([\w-]{10,}\))+\)(?=/)")
"""A segment such as (S(lit3py55t21z5v55vlm25s55)): cookieless sessions."""


def without_session(url: str) -> str:
    """Return a canonical URL without session ids; `sid=5` or `session=autumn` stays."""
    parts = urlsplit(url)
    path, query = parts.path, parts.query
    if ";" in path or "/(" in path:
        path = ASP_NET.sub("", IN_PATH.sub("", path))
    if query:
        query = "&".join(part for part in query.split("&") if not IN_QUERY.fullmatch(unquote(part)))
    if path == parts.path and query == parts.query:
        return url
    return urlunsplit(parts._replace(path=path or "/", query=query))
