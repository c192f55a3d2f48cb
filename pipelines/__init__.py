"""The item pipelines, one stage a file: sanitise, unchanged, chunk, embed, store."""
