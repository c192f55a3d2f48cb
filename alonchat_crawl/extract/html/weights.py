"""The weights of the score that tells a page's main text from what is around it.

A logistic regression over the passages of the development part (1,497 pages) of
web-content-extraction-benchmark; tests/benchmarks/extraction/train.py fits it anew. A passage is main
text by the share of its four-word shingles that are in the page's reference text, and counts by its words.
MEASURES are those of measures.py, `<tag>` for the passage's element and `in AREA` for each area around it;
NAMES are words in the classes and ids around it, the 200 that tell most. A score above 0 means main text.
"""

BIAS = 0.81
# fmt: off
MEASURES = {
    "<dd>": -0.84, "<div>": -0.26, "<dropdown-item>": -0.25, "<dt>": -0.49, "<figcaption>": -0.82,
    "<form>": -0.07, "<h1>": 0.12, "<h2>": 1.05, "<h3>": 0.20, "<h4>": 0.20, "<h5>": 0.10, "<h6>": 0.42,
    "<header>": 0.10, "<li>": 0.55, "<nav>": -0.10, "<p>": 0.52, "<pre>": -0.26, "<section>": -0.21,
    "<summary>": 0.17, "<td>": -0.37, "<th>": -0.31, "after_h1": 1.36, "after_length": -0.08,
    "after_linked": -0.15, "after_sentence_end": 0.30, "alike": 2.04, "alike*linked": -0.20,
    "around0_linked": -0.29, "around0_passage": -0.70, "around0_share": -0.73, "around0_words": -0.48,
    "around1_linked": -0.35, "around1_passage": 0.51, "around1_share": 0.51, "around1_words": -0.74,
    "around2_linked": -0.10, "around2_passage": 0.04, "around2_share": 0.71, "around2_words": -0.38,
    "around3_linked": 0.09, "around3_passage": 1.48, "around3_share": 0.78, "around3_words": -0.96,
    "before_length": 0.39, "before_linked": -0.19, "commas": 0.10, "copyright": -1.05, "depth": -0.99,
    "digits": -1.06, "first_twentieth": -0.23, "in aside": -1.77, "in blockquote": -0.10, "in details": -0.01,
    "in dialog": -1.01, "in dl": 0.16, "in figure": -1.01, "in footer": -2.97, "in form": -0.58,
    "in header": -0.86, "in li": 0.28, "in main": 0.12, "in menu": -0.24, "in nav": -0.93, "in pre": 0.21,
    "in section": 0.07, "in table": 0.74, "last_tenth": -0.36, "length": -0.92, "linked": -0.31,
    "linked*length": -0.23, "linked>.95": 0.45, "links": 0.06, "lower": -0.22, "lower*length": 1.71,
    "near_h1": 0.62, "no_h1": 1.50, "page_linked": 0.62, "page_words": -3.39, "position": 1.56,
    "position^2": -1.65, "price": 0.14, "progress": -1.47, "question": -0.12, "repeated": -1.72,
    "sentence_end": 0.21, "sentence_end*length": 0.51, "sentences": 0.03, "separators": -0.36, "titled": 0.58,
    "titled_heading": -1.23, "words<3": -0.44, "words<8": -0.26, "words>20": 0.21, "words>50": -0.08,
    "year": -0.16,
}
NAMES = {
    "accordion": 0.22, "align": -0.54, "alt": -1.29, "anchor": -1.31, "animation": 1.12, "app": -0.26,
    "article": 0.12, "author": -0.80, "auto": 0.05, "banner": -0.68, "bar": -0.78, "base": 0.05, "best": 0.76,
    "black": 0.06, "block": 0.40, "blocks": -0.30, "body": 0.41, "bold": 0.46, "border": -0.16,
    "bottom": -0.29, "boxed": 0.93, "builder": -0.46, "button": -0.70, "canvas": -0.28, "caption": -0.63,
    "card": -0.10, "cards": 0.49, "carousel": -0.78, "cat": -0.63, "category": 0.12, "cell": 0.52,
    "center": 0.13, "centered": 0.68, "children": -0.47, "class": -0.94, "clear": -0.24, "cmp": 0.65,
    "cols": 0.65, "column": 0.07, "columns": 0.20, "comment": -0.98, "comments": -1.59, "component": -0.30,
    "consent": -1.42, "constrained": -0.75, "container": -0.07, "content": 0.04, "copy": -0.60, "css": 1.00,
    "cta": -0.42, "depth": -0.85, "description": 0.12, "detail": 0.20, "details": 0.54, "dialog": -0.24,
    "disclaimer": -2.56, "document": 0.66, "edit": 0.29, "entry": 0.38, "excerpt": -0.78, "fade": -0.42,
    "faqs": -1.29, "feature": -0.25, "field": 0.52, "fieldset": -1.59, "filter": -0.67, "fixed": -0.49,
    "fluid": 0.42, "footer": -1.34, "footnote": -0.69, "format": 0.19, "gap": -0.46, "grid": -0.21,
    "group": 0.21, "guide": 0.98, "gutters": 0.98, "has": 0.37, "header": -0.51, "heading": 0.34,
    "headline": -1.06, "hentry": 0.15, "hidden": -0.53, "hide": -0.42, "holder": -0.30, "home": 0.45,
    "horizontal": -0.55, "html": 0.88, "info": -0.40, "inline": -0.21, "inner": 0.15, "item": -0.05,
    "items": 0.22, "justify": 0.66, "label": -0.54, "large": 0.27, "last": 0.29, "layout": 0.28,
    "lazy": -1.03, "level": 0.34, "link": -0.22, "links": -0.45, "list": -0.03, "listing": 0.80,
    "location": -0.62, "long": 0.85, "margin": 0.15, "max": -0.22, "medium": 0.50, "mega": -0.65,
    "menu": -0.34, "message": 0.37, "meta": -0.50, "middle": 0.86, "mobile": -0.67, "modal": -1.48,
    "mode": -0.49, "name": 0.71, "narrow": -1.38, "nav": -0.12, "navbar": -0.34, "newsletter": -0.46,
    "node": 0.95, "none": -0.25, "normal": -0.40, "off": 0.11, "offset": -0.40, "one": 0.66, "outer": 0.45,
    "overflow": 0.33, "overlay": -0.49, "pad": 1.17, "padding": 0.11, "page": 0.21, "parent": 0.37,
    "phone": 1.36, "pinterest": -1.07, "pointer": -0.87, "popup": -1.08, "post": 0.17, "primary": 0.23,
    "product": -0.11, "products": 0.27, "prose": 0.74, "publish": -0.40, "question": -0.43, "quick": 0.58,
    "quote": 0.64, "related": -1.43, "relative": 0.23, "responsive": 0.32, "review": -0.59, "reviews": -0.74,
    "richtext": 0.73, "right": -0.14, "root": 0.70, "row": -0.09, "rte": 0.38, "sans": -1.02, "screen": -0.60,
    "sections": -0.76, "seo": -0.75, "shadow": 0.19, "shipping": -0.40, "show": -0.54, "sidebar": -0.26,
    "single": 0.35, "site": 0.11, "social": -0.74, "space": -0.22, "spacing": 0.32, "span": 0.31,
    "sqs": -0.77, "stack": 0.60, "standard": 0.14, "status": -0.56, "story": 0.33, "styles": 0.82,
    "subnav": -1.16, "target": -0.69, "template": 0.43, "theme": -0.22, "thumbnail": 0.29, "toc": 0.72,
    "top": -0.14, "tracking": 0.79, "two": 0.97, "undefined": -0.52, "underline": -0.50, "value": -1.01,
    "var": -1.08, "variable": -0.13, "view": -0.34, "viewport": -0.91, "white": 0.05, "widget": -0.16,
    "width": 0.09, "with": -0.24, "without": -1.63, "wrap": -0.08, "wrapper": -0.26,
}
# fmt: on
