"""The program's settings, all but the model: `SCRAPY_SETTINGS_MODULE` of the measured workers."""

from alonchat_crawl.settings import *  # noqa: F403 - it is those settings, with one stage replaced
from alonchat_crawl.settings import ITEM_PIPELINES as THE_PROGRAMS

ITEM_PIPELINES = {
    "tests.benchmarks.frontier.embed.ConstantEmbed" if stage == "pipelines.embed.Embed" else stage: order
    for stage, order in THE_PROGRAMS.items()
}
